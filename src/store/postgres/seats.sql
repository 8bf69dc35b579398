-- name: seat_candidates
-- $1 how many. Keys without a free seat or token are passed over here, so that no number of their items can
-- keep the others waiting; who gets a seat is decided afterwards.
SELECT c.{key}::text, {limit_key_c} FROM {table} AS c
WHERE c.{status} = {w_queued}
  AND c.{run_at} <= (SELECT fencepost_now())
  AND {enabled_c}
  AND c.{effect} IS NULL
  AND NOT EXISTS (SELECT 1 FROM fencepost_queues AS q WHERE q.name = {queue} AND q.paused)
  AND ({limit_key_c} IS NULL OR {limit_key_c} NOT IN (
    SELECT s.key FROM fencepost_seats AS s WHERE s.queue = {queue} AND s.scope = 'key'
    GROUP BY s.key
    HAVING count(*) >= {per_key}                                 --! seat_full_keys => HAVING FALSE
    UNION ALL
    SELECT b.key FROM fencepost_token_buckets AS b
    WHERE b.queue = {queue} AND b.next > (SELECT fencepost_now()) + {rate_slack}))
  AND (SELECT count(*) FROM fencepost_seats AS q
    WHERE q.queue = {queue} AND q.scope = 'queue') < {concurrency}
ORDER BY {order_c}c.{run_at}, c.{key} LIMIT $1
FOR NO KEY UPDATE OF c SKIP LOCKED                               --! seat_item_lock

-- name: seats_taken
-- $1 a JSON array of keys
SELECT scope, key, seat FROM fencepost_seats
WHERE queue = {queue}
  AND (scope = 'queue' OR key IN (SELECT jsonb_array_elements_text($1::jsonb)))

-- name: add_seats
-- $1 a JSON array of {scope, key, seat, item, claim}, $2 worker, $3 lease in µs. In the order of the
-- seats: an INSERT waits for another one of the same seat until that commits.
INSERT INTO fencepost_seats (queue, scope, key, seat, item, claim, worker, taken, until_at)
SELECT {queue}, s.scope, s.key, s.seat, s.item, s.claim, $2::bigint, fencepost_now(),
  fencepost_now() + {hold} + $3::bigint
FROM jsonb_to_recordset($1::jsonb) AS s(scope text, key text, seat int, item text, claim bigint)
ORDER BY s.scope COLLATE "C", s.key COLLATE "C", s.seat
ON CONFLICT DO NOTHING RETURNING scope, key, seat

-- name: take_tokens
-- $1 a JSON array of {key, want}; answers what each got. ON CONFLICT locks the row and then computes from
-- what it is, with one reading of the time after the wait: two readings could give more than they write
-- down.
INSERT INTO fencepost_token_buckets AS b (queue, key, next, granted)
SELECT {queue}, s.key, fencepost_now() + least(s.want, {rate_burst}) * {rate_interval},
  least(s.want, {rate_burst})
FROM jsonb_to_recordset($1::jsonb) AS s(key text, want int) ORDER BY s.key COLLATE "C"
ON CONFLICT (queue, key) DO UPDATE SET
  (granted, next) = (
    SELECT g.n, greatest(b.next, g.now) + g.n * {rate_interval} FROM (
      SELECT m.now, greatest(0, least(excluded.granted,
        (m.now + {rate_full} - greatest(b.next, m.now))            --! token_condition => excluded.granted
          / {rate_interval}                                        --! token_condition
        )) AS n
      FROM (SELECT fencepost_now() AS now OFFSET 0) AS m) AS g)
RETURNING b.key, b.granted

-- name: claim_seated
-- $1 a JSON array of {item, claim} in locked rows, $2 lease in µs
WITH s AS (SELECT * FROM jsonb_to_recordset($1::jsonb) AS s(item text, claim bigint))
UPDATE {table} AS t SET
  {status} = {w_claimed}, {claim_id} = s.claim, {fence} = t.{fence} + 1,
  {lease_until} = fencepost_now() + $2::bigint
FROM s CROSS JOIN LATERAL (
  SELECT c.{key} AS fencepost_k, c.ctid AS fencepost_tid, c.{fence} AS fence, c.{status} AS status,
    c.{effect} AS effect
  FROM {table} AS c WHERE c.{key} = {k_item} LIMIT 1
) AS l
WHERE t.ctid = l.fencepost_tid AND t.{key} = l.fencepost_k
  AND t.{fence} = l.fence                                        --! seat_item_lock
  AND l.status = {w_queued}                                      --! seat_item_lock
  AND l.effect IS NULL
RETURNING t.{key}::text, t.{claim_id}, t.{fence}, t.{attempt}, t.{run_at}, t.{stop_wanted}, {effect_key_t},
  {payload_json}, {priority_t}

-- name: free_seats
-- $1 a JSON array of claims that have ended
DELETE FROM fencepost_seats WHERE queue = {queue}
  AND claim IN (SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb))

-- name: install_retention
-- Whoever finishes an item, also by plain SQL.
CREATE OR REPLACE FUNCTION {own}{fn_finished}() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fencepost$
BEGIN
  IF TG_OP = 'INSERT' OR OLD.{status} IS DISTINCT FROM NEW.{status} THEN
    INSERT INTO {own}fencepost_finished (queue, item, at)
    VALUES ({queue}, NEW.{key}::text, {own}fencepost_now())
    ON CONFLICT (queue, item) DO UPDATE SET at = excluded.at;
  END IF;
  RETURN NULL;
END $fencepost$;
DROP TRIGGER IF EXISTS zzz_fencepost_finished ON {table};
CREATE TRIGGER zzz_fencepost_finished AFTER INSERT OR UPDATE ON {table} FOR EACH ROW
  WHEN (NEW.{status} IN ({w_done}, {w_failed}, {w_stopped})) EXECUTE FUNCTION {own}{fn_finished}();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER zzz_fencepost_finished;
INSERT INTO {own}fencepost_finished (queue, item, at)
SELECT {queue}, t.{key}::text, {own}fencepost_now() FROM {table} AS t
WHERE t.{status} IN ({w_done}, {w_failed}, {w_stopped}) ON CONFLICT DO NOTHING;

-- name: uninstall_retention
DROP TRIGGER IF EXISTS zzz_fencepost_finished ON {table};
DROP FUNCTION IF EXISTS {own}{fn_finished}();
DELETE FROM {own}fencepost_finished WHERE queue = {queue};
