-- name: seat_candidates
-- ?1 how many. Keys without a free seat or token are passed over here, so that no number of their items can
-- keep the others waiting; who gets a seat is decided afterwards. The transaction holds the only write lock.
SELECT c.{key}, {limit_key_c} FROM {table} AS c
WHERE c.{status} = {w_queued}
  AND c.{run_at} <= fencepost_now()
  AND {enabled_c}
  AND c.{effect} IS NULL
  AND NOT EXISTS (SELECT 1 FROM fencepost_queues AS q WHERE q.name = {queue} AND q.paused)
  AND ({limit_key_c} IS NULL OR {limit_key_c} NOT IN (
    SELECT s.key FROM fencepost_seats AS s WHERE s.queue = {queue} AND s.scope = 'key'
    GROUP BY s.key
    HAVING count(*) >= {per_key}                                 --! seat_full_keys => HAVING FALSE
    UNION ALL
    SELECT b.key FROM fencepost_token_buckets AS b
    WHERE b.queue = {queue} AND b.next > fencepost_now() + {rate_slack}))
  AND (SELECT count(*) FROM fencepost_seats AS q
    WHERE q.queue = {queue} AND q.scope = 'queue') < {concurrency}
ORDER BY {order_c}c.{run_at}, c.{key} LIMIT ?1

-- name: seats_taken
-- ?1 a JSON array of keys
SELECT scope, key, seat FROM fencepost_seats
WHERE queue = {queue} AND (scope = 'queue' OR key IN (SELECT value FROM json_each(?1)))

-- name: add_seats
-- ?1 a JSON array of {scope, key, seat, item, claim}, ?2 worker, ?3 lease in µs
INSERT INTO fencepost_seats (queue, scope, key, seat, item, claim, worker, taken, until_at)
SELECT {queue}, value ->> 'scope', value ->> 'key', value ->> 'seat', value ->> 'item', value ->> 'claim', ?2,
  fencepost_now(), fencepost_now() + {hold} + ?3
FROM json_each(?1) WHERE TRUE
ON CONFLICT DO NOTHING RETURNING scope, key, seat

-- name: take_tokens
-- ?1 a JSON array of {key, want}; answers what each got. The time is read once, for `excluded`, and taken
-- from there: two readings could give more than they write down.
INSERT INTO fencepost_token_buckets AS b (queue, key, next, granted)
SELECT {queue}, value ->> 'key', fencepost_now() + min(value ->> 'want', {rate_burst}) * {rate_interval},
  min(value ->> 'want', {rate_burst})
FROM json_each(?1) WHERE TRUE
ON CONFLICT (queue, key) DO UPDATE SET
  (granted, next) = (
    SELECT g.n, max(b.next, g.now) + g.n * {rate_interval} FROM (
      SELECT m.now, max(0, min(excluded.granted,
        (m.now + {rate_full} - max(b.next, m.now))                 --! token_condition => excluded.granted
          / {rate_interval}                                        --! token_condition
        )) AS n
      FROM (SELECT excluded.next - excluded.granted * {rate_interval} AS now) AS m) AS g)
RETURNING key, granted

-- name: claim_seated
-- ?1 a JSON array of {item, claim}, ?2 lease in µs
UPDATE {table} AS t SET
  {status} = {w_claimed}, {claim_id} = s.claim, {fence} = t.{fence} + 1, {lease_until} = fencepost_now() + ?2
FROM (SELECT value ->> 'item' AS item, value ->> 'claim' AS claim FROM json_each(?1)) AS s
WHERE t.{key} = {k_item}
  AND t.{status} = {w_queued}
  AND t.{effect} IS NULL
RETURNING {key}, {claim_id}, {fence}, {attempt}, {run_at}, {stop_wanted}, {effect_key_bare}, {payload_json},
  {priority_bare}

-- name: free_seats
-- ?1 a JSON array of claims that have ended
DELETE FROM fencepost_seats WHERE queue = {queue} AND claim IN (SELECT value FROM json_each(?1))

-- name: install_retention
-- Whoever finishes an item, also by plain SQL.
DROP TRIGGER IF EXISTS {fn_finished};
DROP TRIGGER IF EXISTS {fn_finished_insert};
CREATE TRIGGER {fn_finished} AFTER UPDATE ON {table}
WHEN NEW.{status} IN ({w_done}, {w_failed}, {w_stopped}) AND NEW.{status} IS NOT OLD.{status}
BEGIN
  INSERT INTO fencepost_finished (queue, item, at)
  VALUES ({queue}, CAST(NEW.{key} AS TEXT), CAST(strftime('%s', 'now') AS INTEGER) * 1000000)
  ON CONFLICT (queue, item) DO UPDATE SET at = excluded.at;
END;
CREATE TRIGGER {fn_finished_insert} AFTER INSERT ON {table}
WHEN NEW.{status} IN ({w_done}, {w_failed}, {w_stopped})
BEGIN
  INSERT INTO fencepost_finished (queue, item, at)
  VALUES ({queue}, CAST(NEW.{key} AS TEXT), CAST(strftime('%s', 'now') AS INTEGER) * 1000000)
  ON CONFLICT (queue, item) DO UPDATE SET at = excluded.at;
END;
INSERT INTO fencepost_finished (queue, item, at)
SELECT {queue}, CAST(t.{key} AS TEXT), CAST(strftime('%s', 'now') AS INTEGER) * 1000000 FROM {table} AS t
WHERE t.{status} IN ({w_done}, {w_failed}, {w_stopped}) ON CONFLICT DO NOTHING;

-- name: uninstall_retention
DROP TRIGGER IF EXISTS {fn_finished};
DROP TRIGGER IF EXISTS {fn_finished_insert};
DELETE FROM fencepost_finished WHERE queue = {queue};
