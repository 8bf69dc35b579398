-- The protocol over one fenced table. {names} are the queue's identifiers and words, quoted by fence.cpp.
-- fencepost_now() is volatile: written as a scalar subquery it is read once and can use an index; written
-- plainly it is read again when a statement that waited for a row checks its WHERE once more (rule 17).
-- Groups find their rows by key (LATERAL, LIMIT 1), lock and judge them, and write them by the address and
-- the fence of the version that was locked. The planner takes a queue's table for what it was at the last
-- ANALYZE, when hardly a row was claimed: given a test of the state to join with, it goes through all claimed
-- rows for each row of the group. Nothing here waits (SKIP LOCKED), so nothing that was judged has changed; a
-- row that somebody changed since the statement began is left out like one that somebody holds.

-- name: claim
-- $1 how many, $2 lease in µs, $3 the worker's number in the high bits of every claim
WITH due AS (
  SELECT c.{key} AS fencepost_k, c.ctid AS fencepost_tid, c.{fence} AS fencepost_f FROM {table} AS c
  WHERE c.{status} = {w_queued}
    AND c.{run_at} <= (SELECT fencepost_now())
    AND {enabled_c}
    AND c.{effect} IS NULL                                       --! claim_effect
    AND NOT EXISTS (SELECT 1 FROM fencepost_queues AS q WHERE q.name = {queue} AND q.paused)
  ORDER BY {order_c}c.{run_at}, c.{key} LIMIT $1
  FOR NO KEY UPDATE OF c SKIP LOCKED                             --! claim_lock,claim_state_subquery
)
UPDATE {table} AS t SET
  {status} = {w_claimed},                                        --! claim_mark
  {claim_id} = $3::bigint | (random() * 8796093022207)::bigint,
  {fence} = t.{fence} + 1,
  {lease_until} = fencepost_now() + $2::bigint
FROM due
WHERE t.ctid = due.fencepost_tid AND t.{key} = due.fencepost_k
  AND t.{fence} = due.fencepost_f                                --! claim_state_subquery
RETURNING t.{key}::text, t.{claim_id}, t.{fence}, t.{attempt}, t.{run_at}, t.{stop_wanted}, {effect_key_t},
  {payload_json}, {priority_t}

-- name: due_items
-- $1 how many: what a claim would take, in its order.
SELECT c.{key}::text FROM {table} AS c
WHERE c.{status} = {w_queued} AND c.{run_at} <= (SELECT fencepost_now()) AND {enabled_c}
  AND c.{effect} IS NULL
ORDER BY {order_c}c.{run_at}, c.{key} LIMIT $1

-- name: settle
-- Batch of item, claim, fence, word, delay, at, counts, error; answers the rows that it wrote. The rows are
-- locked in the order of their keys first (rule 14).
WITH s AS (
  SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[],
    $7::int[], $8::text[]) AS s(item, claim, fence, word, delay, at, counts, error)
), locked AS (
  SELECT l.{key} AS fencepost_k, s.* FROM {table} AS l JOIN s ON l.{key} = {k_item}
  ORDER BY l.{key} FOR NO KEY UPDATE OF l
)
UPDATE {table} AS t SET
  {status} = (CASE
    WHEN t.{stop_wanted} AND s.word = {w_queued}                 --! stop_wanted => WHEN FALSE
      THEN {w_stopped}
    ELSE s.word END)::{status_type},
  {fence} = t.{fence} + 1,
  {lease_until} = NULL,
  {run_at} = coalesce(s.at, fencepost_now() + s.delay, t.{run_at}),
  {attempt} = t.{attempt} + s.counts,
  {stop_wanted} = FALSE,
  {last_error} = s.error
FROM locked AS s
WHERE t.{key} = s.fencepost_k
  AND t.{claim_id} = s.claim                                     --! settle_identity
  AND t.{fence} = s.fence                                        --! settle_identity,settle_fence
  AND t.{status} = {w_claimed}                                   --! settle_identity
RETURNING t.{key}::text, t.{fence}, t.{status}::text

-- name: settle_free
-- As settle, but rows that somebody holds are left out: one of them must not keep the others waiting.
WITH s AS (
  SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[],
    $7::int[], $8::text[]) AS s(item, claim, fence, word, delay, at, counts, error)
), locked AS MATERIALIZED (
  SELECT l.fencepost_k, l.fencepost_tid, l.fence AS fencepost_f, s.* FROM s CROSS JOIN LATERAL (
    SELECT c.{key} AS fencepost_k, c.ctid AS fencepost_tid, c.{claim_id} AS claim, c.{fence} AS fence,
      c.{status} AS status
    FROM {table} AS c WHERE c.{key} = {k_item} LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
  ) AS l
  WHERE TRUE
    AND l.claim = s.claim                                        --! settle_identity
    AND l.fence = s.fence                                        --! settle_identity,settle_fence
    AND l.status = {w_claimed}                                   --! settle_identity
)
UPDATE {table} AS t SET
  {status} = (CASE
    WHEN t.{stop_wanted} AND s.word = {w_queued}                 --! stop_wanted => WHEN FALSE
      THEN {w_stopped}
    ELSE s.word END)::{status_type},
  {fence} = t.{fence} + 1,
  {lease_until} = NULL,
  {run_at} = coalesce(s.at, (SELECT fencepost_now()) + s.delay, t.{run_at}),
  {attempt} = t.{attempt} + s.counts,
  {stop_wanted} = FALSE,
  {last_error} = s.error
FROM locked AS s
WHERE t.ctid = s.fencepost_tid AND t.{key} = s.fencepost_k AND t.{fence} = s.fencepost_f
RETURNING t.{key}::text, t.{fence}, t.{status}::text

-- name: acknowledge
-- $1 item, $2 claim, $3 the fence it was claimed with: a claimed repeatable item was edited under its
-- handler.
UPDATE {table} AS t SET
  {status} = (CASE
    WHEN t.{stop_wanted}                                         --! stop_wanted => WHEN FALSE
      THEN {w_stopped}
    ELSE {w_queued} END)::{status_type},
  {fence} = t.{fence} + 1, {lease_until} = NULL, {stop_wanted} = FALSE
WHERE t.{key} = {k1} AND t.{claim_id} = $2 AND t.{fence} <> $3 AND t.{status} = {w_claimed}
RETURNING t.{fence}, t.{status}::text

-- name: renew
-- Batch of item, claim; $3 lease in µs. Rows that somebody holds are skipped: a renewal that waits for one
-- row would let all the others of its worker lapse.
WITH s AS (SELECT * FROM unnest($1::text[], $2::bigint[]) AS s(item, claim)), mine AS MATERIALIZED (
  SELECT l.fencepost_k, l.fencepost_tid, l.fence AS fencepost_f FROM s CROSS JOIN LATERAL (
    SELECT c.{key} AS fencepost_k, c.ctid AS fencepost_tid, c.{claim_id} AS claim, c.{fence} AS fence,
      c.{status} AS status
    FROM {table} AS c WHERE c.{key} = {k_item} LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
  ) AS l
  WHERE l.claim = s.claim AND l.status = {w_claimed}
)
UPDATE {table} AS t SET {lease_until} = fencepost_now() + $3::bigint
FROM mine
WHERE t.ctid = mine.fencepost_tid AND t.{key} = mine.fencepost_k AND t.{fence} = mine.fencepost_f
RETURNING t.{claim_id}, t.{fence}, t.{stop_wanted}

-- name: gate
-- $1 item, $2 claim, $3 fence, $4 a new idempotency key, $5 lease in µs (past the request's hard deadline).
-- The row is locked first. Without that, an UPDATE that waited for somebody who then changed nothing goes on
-- with what it read before the wait, and a lease that ended meanwhile would pass (rule 17).
UPDATE {table} AS t SET
  {status} = {w_sending}, {effect} = t.{claim_id}, {effect_key} = coalesce(t.{effect_key}, $4),
  {lease_until} = fencepost_now() + $5::bigint, {fence} = t.{fence} + 1
WHERE t.{key} = {k1}
  AND t.{claim_id} = $2                                          --! gate_identity
  AND t.{fence} = $3                                             --! gate_identity,gate_fence
  AND t.{status} = {w_claimed}                                   --! gate_identity,gate_fence
  AND {enabled_t}                                                --! gate_enabled
  AND NOT t.{stop_wanted}                                        --! gate_enabled
  AND t.{effect} IS NULL                                         --! gate_effect,gate_identity
  AND t.{lease_until} > fencepost_now()                          --! gate_lease
  AND t.{run_at} <= fencepost_now()                              --! gate_due
RETURNING t.{fence}, {effect_key_t}

-- name: gates
-- Batch of item, claim, fence, a new idempotency key; $5 lease in µs. Rows that somebody holds are skipped:
-- one of them must not keep the others from their deadlines (rule 14); nothing here waits, so nothing that
-- was read is stale.
WITH s AS (SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[])
    AS s(item, claim, fence, key)), locked AS MATERIALIZED (
  SELECT l.fencepost_k, l.fencepost_tid, l.fence AS fencepost_f, s.key FROM s CROSS JOIN LATERAL (
    SELECT c.{key} AS fencepost_k, c.ctid AS fencepost_tid, c.{claim_id} AS claim, c.{fence} AS fence,
      c.{status} AS status, {enabled_c} AS enabled, c.{stop_wanted} AS stop_wanted, c.{effect} AS effect,
      c.{lease_until} AS lease_until, c.{run_at} AS run_at
    FROM {table} AS c WHERE c.{key} = {k_item} LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
  ) AS l
  WHERE TRUE
    AND l.claim = s.claim                                        --! gate_identity
    AND l.fence = s.fence                                        --! gate_identity,gate_fence
    AND l.status = {w_claimed}                                   --! gate_identity,gate_fence
    AND l.enabled                                                --! gate_enabled
    AND NOT l.stop_wanted                                        --! gate_enabled
    AND l.effect IS NULL                                         --! gate_effect,gate_identity
    AND l.lease_until > fencepost_now()                          --! gate_lease
    AND l.run_at <= fencepost_now()                              --! gate_due
)
UPDATE {table} AS t SET
  {status} = {w_sending}, {effect} = t.{claim_id}, {effect_key} = coalesce(t.{effect_key}, s.key),
  {lease_until} = fencepost_now() + $5::bigint, {fence} = t.{fence} + 1
FROM locked AS s
WHERE t.ctid = s.fencepost_tid AND t.{key} = s.fencepost_k AND t.{fence} = s.fencepost_f
RETURNING t.{key}::text, t.{fence}, {effect_key_t}

-- name: settle_sent
-- Batch of item, claim, and the fence after its gate: effects that happened, of items that nobody has touched
-- since, not even to want a stop. Everything else is decided one by one (settle_effect).
WITH s AS (
  SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS s(item, claim, fence)
), locked AS MATERIALIZED (
  SELECT l.fencepost_k, l.fencepost_tid, l.fence AS fencepost_f FROM s CROSS JOIN LATERAL (
    SELECT c.{key} AS fencepost_k, c.ctid AS fencepost_tid, c.{effect} AS effect, c.{fence} AS fence,
      c.{status} AS status, c.{stop_wanted} AS stop_wanted
    FROM {table} AS c WHERE c.{key} = {k_item} LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
  ) AS l
  WHERE TRUE
    AND l.effect = s.claim                                       --! sent_identity
    AND l.fence = s.fence                                        --! sent_identity,sent_untouched
    AND l.status = {w_sending}                                   --! sent_untouched
    AND NOT l.stop_wanted
)
UPDATE {table} AS t SET
  {status} = {w_done}, {fence} = t.{fence} + 1, {lease_until} = NULL, {attempt} = t.{attempt} + 1,
  {last_error} = NULL
FROM locked AS s
WHERE t.ctid = s.fencepost_tid AND t.{key} = s.fencepost_k AND t.{fence} = s.fencepost_f
RETURNING t.{key}::text, t.{fence}

-- name: lock_item
-- $1 item. The first half of every answer that must say why (rule 1); time and effect are read afterwards, in
-- a statement of their own, because this one may have waited.
SELECT t.{key}::text, t.{status}::text, t.{fence}, t.{claim_id}, t.{effect}, t.{lease_until}, t.{run_at},
  t.{attempt}, t.{stop_wanted}, {enabled_t}, {effect_key_t}, t.{last_error}
FROM {table} AS t WHERE t.{key} = {k1}
FOR NO KEY UPDATE                                                --! act_lock

-- name: lock_items
-- Batch of items in the order of their keys (rule 14): as lock_item, and waits for each as that does.
SELECT l.* FROM (
  SELECT b.item FROM unnest($1::text[]) WITH ORDINALITY AS b(item, place) ORDER BY b.place
) AS s CROSS JOIN LATERAL (
  SELECT t.{key}::text, t.{status}::text, t.{fence}, t.{claim_id}, t.{effect}, t.{lease_until}, t.{run_at},
    t.{attempt}, t.{stop_wanted}, {enabled_t}, {effect_key_t}, t.{last_error}
  FROM {table} AS t WHERE t.{key} = {k_item} LIMIT 1
  FOR NO KEY UPDATE                                              --! stop_lock
) AS l

-- name: lock_item_skip
SELECT t.{key}::text, t.{status}::text, t.{fence}, t.{claim_id}, t.{effect}, t.{lease_until}, t.{run_at},
  t.{attempt}, t.{stop_wanted}, {enabled_t}, {effect_key_t}, t.{last_error}
FROM {table} AS t WHERE t.{key} = {k1}
FOR NO KEY UPDATE SKIP LOCKED

-- name: read_item
-- For display: without a lock.
SELECT t.{key}::text, t.{status}::text, t.{fence}, t.{claim_id}, t.{effect}, t.{lease_until}, t.{run_at},
  t.{attempt}, t.{stop_wanted}, {enabled_t}, {effect_key_t}, t.{last_error}
FROM {table} AS t WHERE t.{key} = {k1}

-- name: payload
-- $1 item: what claim answers, for an item that was claimed under its lock.
SELECT {payload_json} FROM {table} AS t WHERE t.{key} = {k1}

-- name: write_item
-- The second half: $1 item, $2 the fence that was seen under the lock, $3 status word, $4 a new claim or
-- NULL, $5 effect, $6 lease in µs or NULL, $7 run_at in µs from now or NULL, $8 attempts, $9 stop_wanted,
-- $10 error
UPDATE {table} AS t SET
  {status} = $3::text::{status_type}, {fence} = t.{fence} + 1,
  {claim_id} = coalesce($4, t.{claim_id}), {effect} = $5,
  {lease_until} = fencepost_now() + $6::bigint, {run_at} = coalesce(fencepost_now() + $7::bigint, t.{run_at}),
  {attempt} = t.{attempt} + $8, {stop_wanted} = $9, {last_error} = $10
WHERE t.{key} = {k1}
  AND t.{fence} = $2                                             --! act_lock => AND $2::bigint IS NOT NULL
RETURNING t.{fence}

-- name: write_items
-- Batch of what write_item takes, of rows that this transaction holds. The fence is tested where the row is
-- looked up too: the planner then expects few rows, and takes each by its address.
UPDATE {table} AS t SET
  {status} = s.word::{status_type}, {fence} = t.{fence} + 1,
  {claim_id} = coalesce(s.claim, t.{claim_id}), {effect} = s.effect,
  {lease_until} = fencepost_now() + s.lease, {run_at} = coalesce(fencepost_now() + s.run_in, t.{run_at}),
  {attempt} = t.{attempt} + s.attempts, {stop_wanted} = s.stop_wanted, {last_error} = s.error
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
    $8::int[], $9::boolean[], $10::text[])
    AS s(item, fence, word, claim, effect, lease, run_in, attempts, stop_wanted, error)
  CROSS JOIN LATERAL (SELECT c.{key} AS fencepost_k, c.ctid AS fencepost_tid, c.{fence} AS fence
    FROM {table} AS c WHERE c.{key} = {k_item} LIMIT 1) AS l
WHERE t.{key} = l.fencepost_k AND l.fence = s.fence
  AND t.ctid = l.fencepost_tid                                   --! stop_lock
  AND t.{fence} = s.fence                                        --! stop_lock
RETURNING t.{key}::text

-- name: want_stops
-- Batch of item and the fence that was seen, of rows that this transaction holds: a stop came while the
-- effect was open. The fence stays (rule 7).
UPDATE {table} AS t SET {stop_wanted} = TRUE
FROM unnest($1::text[], $2::bigint[]) AS s(item, fence)
  CROSS JOIN LATERAL (SELECT c.{key} AS fencepost_k, c.ctid AS fencepost_tid, c.{fence} AS fence
    FROM {table} AS c WHERE c.{key} = {k_item} LIMIT 1) AS l
WHERE t.ctid = l.fencepost_tid AND t.{key} = l.fencepost_k AND l.fence = s.fence AND t.{fence} = s.fence
RETURNING t.{key}::text

-- name: clamp_lease
-- $1 the longest lease in µs: the database's clock went back, and leases lie far ahead of it (rule 11).
UPDATE {table} AS t SET {lease_until} = fencepost_now() + $1::bigint
WHERE t.{key} IN (SELECT c.{key} FROM {table} AS c
                  WHERE c.{lease_until} > (SELECT fencepost_now()) + $1::bigint
                  FOR NO KEY UPDATE SKIP LOCKED)
  AND t.{lease_until} > fencepost_now() + $1::bigint AND t.{fence} >= 0
RETURNING t.{key}::text

-- name: delete_item
DELETE FROM {table} AS t WHERE t.{key} = {k1} AND t.{fence} = $2

-- name: lapsed
-- $1 how many: candidates for the rescuer, who looks at each again under its lock.
SELECT t.{key}::text, t.{claim_id}, t.{lease_until}, t.{fence} FROM {table} AS t
WHERE t.{lease_until} <= (SELECT fencepost_now()) AND t.{status} <> {w_unknown}
ORDER BY t.{lease_until} LIMIT $1

-- name: held_by
-- $1 a worker's number: what it holds, whether its lease has lapsed or not.
SELECT t.{key}::text, t.{claim_id}, t.{lease_until}, t.{fence} FROM {table} AS t
WHERE t.{lease_until} IS NOT NULL AND (t.{claim_id} >> 43) = $1 AND t.{status} <> {w_unknown}

-- name: reconcile_due
-- $1 how many
SELECT t.{key}::text FROM {table} AS t
WHERE t.{status} = {w_unknown} AND t.{effect} IS NOT NULL AND t.{run_at} <= (SELECT fencepost_now())
  AND (t.{lease_until} IS NULL OR t.{lease_until} <= (SELECT fencepost_now()))
ORDER BY t.{run_at} LIMIT $1

-- name: misplaced
-- $1 how many: rows whose word a foreign writer changed against what their effect says. Their effect is
-- known or unknown but not running, and no lease will bring them to the rescuer.
SELECT t.{key}::text FROM {table} AS t
WHERE t.{effect} IS NOT NULL AND t.{status} <> {w_done} AND t.{status} <> {w_unknown}
  AND t.{lease_until} IS NULL
UNION
SELECT t.{key}::text FROM fencepost_effects AS e
  JOIN {table} AS t ON t.{key} = {k_effect} AND t.{effect} = e.claim
WHERE e.queue = {queue} AND (e.outcome IS NULL OR e.outcome = 'unknown') AND t.{status} = {w_done}
  AND t.{lease_until} IS NULL
UNION
SELECT t.{key}::text FROM {table} AS t LEFT JOIN fencepost_effects AS e ON e.claim = t.{effect}
WHERE t.{status} = {w_unknown} AND (t.{effect} IS NULL OR e.outcome = 'done')
LIMIT $1

-- name: next_due
-- µs until the next queued item is due: negative when it is overdue, NULL when none is queued.
SELECT min(t.{run_at}) - fencepost_now() FROM {table} AS t
WHERE t.{status} = {w_queued} AND {enabled_t} AND t.{effect} IS NULL

-- name: counts
-- $1 how many rows are looked at. The first: whether the count is complete. What is not finished is counted
-- through its partial indexes; what is finished has none (ADR 8), so of a longer table only so much is seen.
-- Per word, how many, and the age in µs of the oldest that is due.
WITH looked AS MATERIALIZED (
  SELECT l.{status}::text AS word, l.{run_at} AS run_at FROM {table} AS l LIMIT $1
), seen AS (
  SELECT FALSE AS complete, k.word, count(*) AS n, min(k.run_at) AS oldest FROM looked AS k GROUP BY k.word
  UNION ALL
  SELECT TRUE, {w_queued}::text, count(*), min(q.{run_at}) FROM {table} AS q
  WHERE q.{status} = {w_queued} AND q.{effect} IS NULL
  UNION ALL
  SELECT TRUE, h.{status}::text, count(*), min(h.{run_at}) FROM {table} AS h
  WHERE h.{lease_until} IS NOT NULL AND (h.{status} = {w_claimed} OR ({once} AND h.{status} = {w_sending}))
  GROUP BY h.{status}
  UNION ALL
  SELECT TRUE, {w_unknown}::text, count(*), min(u.{run_at}) FROM {table} AS u
  WHERE u.{status} = {w_unknown} AND {once}
  UNION ALL
  SELECT TRUE, {w_queued}::text, count(*), min(e.{run_at}) FROM {table} AS e
  WHERE e.{effect} IS NOT NULL AND e.{status} <> {w_done} AND e.{status} = {w_queued} AND {once}
)
SELECT s.complete, s.word, s.n, (SELECT fencepost_now()) - s.oldest FROM seen AS s WHERE s.n > 0

-- name: due_to_unknown
-- Items that were due when the database was found to be an older copy of itself (rule 13).
SELECT t.{key}::text FROM {table} AS t
WHERE t.{status} IN ({w_queued}, {w_claimed}) AND t.{effect} IS NULL
  AND t.{run_at} <= (SELECT fencepost_now())
ORDER BY t.{key}
