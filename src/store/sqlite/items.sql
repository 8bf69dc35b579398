-- The protocol over one fenced table. {names} are the queue's identifiers and words, quoted by fence.cpp.
-- Every write runs in BEGIN IMMEDIATE, so one writer is at work at a time: there are no row locks, and a
-- statement sees what it writes. FOR UPDATE would be dropped silently, so it does not stand here.

-- name: claim
-- ?1 how many, ?2 lease in µs, ?3 the worker's number in the high bits of every claim
UPDATE {table} AS t SET
  {status} = {w_claimed},                                        --! claim_mark
  {claim_id} = ?3 | (random() & 8796093022207),
  {fence} = t.{fence} + 1,
  {lease_until} = fencepost_now() + ?2
WHERE t.{key} IN (
    SELECT c.{key} FROM {table} AS c
    WHERE c.{status} = {w_queued}
      AND c.{run_at} <= fencepost_now()
      AND {enabled_c}
      AND c.{effect} IS NULL                                     --! claim_effect
      AND NOT EXISTS (SELECT 1 FROM fencepost_queues AS q WHERE q.name = {queue} AND q.paused)
    ORDER BY {order_c}c.{run_at}, c.{key} LIMIT ?1)
  AND t.{status} = {w_queued}
  AND t.{effect} IS NULL                                         --! claim_effect
RETURNING {key}, {claim_id}, {fence}, {attempt}, {run_at}, {stop_wanted}, {effect_key_bare}, {payload_json},
  {priority_bare}

-- name: due_items
-- ?1 how many: what a claim would take, in its order.
SELECT c.{key} FROM {table} AS c
WHERE c.{status} = {w_queued} AND c.{run_at} <= fencepost_now() AND {enabled_c} AND c.{effect} IS NULL
ORDER BY {order_c}c.{run_at}, c.{key} LIMIT ?1

-- name: settle
-- Batch of item, claim, fence, word, delay, at, counts, error; answers the rows that it wrote.
UPDATE {table} AS t SET
  {status} = CASE
    WHEN t.{stop_wanted} AND ?4 = {w_queued}                     --! stop_wanted => WHEN FALSE
      THEN {w_stopped}
    ELSE ?4 END,
  {fence} = t.{fence} + 1,
  {lease_until} = NULL,
  {run_at} = coalesce(?6, fencepost_now() + ?5, t.{run_at}),
  {attempt} = t.{attempt} + ?7,
  {stop_wanted} = FALSE,
  {last_error} = ?8
WHERE t.{key} = {k1}
  AND t.{claim_id} = ?2                                          --! settle_identity
  AND t.{fence} = ?3                                             --! settle_identity,settle_fence
  AND t.{status} = {w_claimed}                                   --! settle_identity
RETURNING {key}, {fence}, {status}

-- name: settle_free
-- The same: here nobody holds a row.
UPDATE {table} AS t SET
  {status} = CASE
    WHEN t.{stop_wanted} AND ?4 = {w_queued}                     --! stop_wanted => WHEN FALSE
      THEN {w_stopped}
    ELSE ?4 END,
  {fence} = t.{fence} + 1,
  {lease_until} = NULL,
  {run_at} = coalesce(?6, fencepost_now() + ?5, t.{run_at}),
  {attempt} = t.{attempt} + ?7,
  {stop_wanted} = FALSE,
  {last_error} = ?8
WHERE t.{key} = {k1}
  AND t.{claim_id} = ?2                                          --! settle_identity
  AND t.{fence} = ?3                                             --! settle_identity,settle_fence
  AND t.{status} = {w_claimed}                                   --! settle_identity
RETURNING {key}, {fence}, {status}

-- name: acknowledge
-- ?1 item, ?2 claim, ?3 the fence it was claimed with: a claimed repeatable item was edited under its
-- handler.
UPDATE {table} AS t SET
  {status} = CASE
    WHEN t.{stop_wanted}                                         --! stop_wanted => WHEN FALSE
      THEN {w_stopped}
    ELSE {w_queued} END,
  {fence} = t.{fence} + 1, {lease_until} = NULL, {stop_wanted} = FALSE
WHERE t.{key} = {k1} AND t.{claim_id} = ?2 AND t.{fence} <> ?3 AND t.{status} = {w_claimed}
RETURNING {fence}, {status}

-- name: renew
-- Batch of item, claim; ?3 lease in µs
UPDATE {table} AS t SET {lease_until} = fencepost_now() + ?3
WHERE t.{key} = {k1} AND t.{claim_id} = ?2 AND t.{status} = {w_claimed}
RETURNING {claim_id}, {fence}, {stop_wanted}

-- name: gate
-- ?1 item, ?2 claim, ?3 fence, ?4 a new idempotency key, ?5 lease in µs (past the request's hard deadline)
UPDATE {table} AS t SET
  {status} = {w_sending}, {effect} = t.{claim_id}, {effect_key} = coalesce(t.{effect_key}, ?4),
  {lease_until} = fencepost_now() + ?5, {fence} = t.{fence} + 1
WHERE t.{key} = {k1}
  AND t.{claim_id} = ?2                                          --! gate_identity
  AND t.{fence} = ?3                                             --! gate_identity,gate_fence
  AND t.{status} = {w_claimed}                                   --! gate_identity,gate_fence
  AND {enabled_t}                                                --! gate_enabled
  AND NOT t.{stop_wanted}                                        --! gate_enabled
  AND t.{effect} IS NULL                                         --! gate_effect,gate_identity
  AND t.{lease_until} > fencepost_now()                          --! gate_lease
  AND t.{run_at} <= fencepost_now()                              --! gate_due
RETURNING {fence}, {effect_key_bare}

-- name: gates
-- Batch of item, claim, fence, a new idempotency key; ?5 lease in µs: as gate, for many.
UPDATE {table} AS t SET
  {status} = {w_sending}, {effect} = t.{claim_id}, {effect_key} = coalesce(t.{effect_key}, ?4),
  {lease_until} = fencepost_now() + ?5, {fence} = t.{fence} + 1
WHERE t.{key} = {k1}
  AND t.{claim_id} = ?2                                          --! gate_identity
  AND t.{fence} = ?3                                             --! gate_identity,gate_fence
  AND t.{status} = {w_claimed}                                   --! gate_identity,gate_fence
  AND {enabled_t}                                                --! gate_enabled
  AND NOT t.{stop_wanted}                                        --! gate_enabled
  AND t.{effect} IS NULL                                         --! gate_effect,gate_identity
  AND t.{lease_until} > fencepost_now()                          --! gate_lease
  AND t.{run_at} <= fencepost_now()                              --! gate_due
RETURNING {key}, {fence}, {effect_key_bare}

-- name: settle_sent
-- Batch of item, claim, and the fence after its gate: effects that happened, of items that nobody has touched
-- since, not even to want a stop. Everything else is decided one by one (settle_effect).
UPDATE {table} AS t SET
  {status} = {w_done}, {fence} = t.{fence} + 1, {lease_until} = NULL, {attempt} = t.{attempt} + 1,
  {last_error} = NULL
WHERE t.{key} = {k1}
  AND t.{effect} = ?2                                            --! sent_identity
  AND t.{fence} = ?3                                             --! sent_identity,sent_untouched
  AND t.{status} = {w_sending}                                   --! sent_untouched
  AND NOT t.{stop_wanted}
RETURNING {key}, {fence}

-- name: lock_item
-- ?1 item. The transaction holds the only write lock there is.
SELECT t.{key}, t.{status}, t.{fence}, t.{claim_id}, t.{effect}, t.{lease_until}, t.{run_at},
  t.{attempt}, t.{stop_wanted}, {enabled_t}, {effect_key_t}, t.{last_error}
FROM {table} AS t WHERE t.{key} = {k1}

-- name: lock_items
-- Batch of items: as lock_item.
SELECT t.{key}, t.{status}, t.{fence}, t.{claim_id}, t.{effect}, t.{lease_until}, t.{run_at},
  t.{attempt}, t.{stop_wanted}, {enabled_t}, {effect_key_t}, t.{last_error}
FROM {table} AS t WHERE t.{key} = {k1}

-- name: lock_item_skip
SELECT t.{key}, t.{status}, t.{fence}, t.{claim_id}, t.{effect}, t.{lease_until}, t.{run_at},
  t.{attempt}, t.{stop_wanted}, {enabled_t}, {effect_key_t}, t.{last_error}
FROM {table} AS t WHERE t.{key} = {k1}

-- name: read_item
-- For display: without a lock.
SELECT t.{key}, t.{status}, t.{fence}, t.{claim_id}, t.{effect}, t.{lease_until}, t.{run_at},
  t.{attempt}, t.{stop_wanted}, {enabled_t}, {effect_key_t}, t.{last_error}
FROM {table} AS t WHERE t.{key} = {k1}

-- name: payload
-- ?1 item: what claim answers, for an item that was claimed under its lock.
SELECT {payload_json} FROM {table} AS t WHERE t.{key} = {k1}

-- name: write_item
-- ?1 item, ?2 the fence that was seen, ?3 status word, ?4 a new claim or NULL, ?5 effect, ?6 lease in µs or
-- NULL, ?7 run_at in µs from now or NULL, ?8 attempts, ?9 stop_wanted, ?10 error
UPDATE {table} AS t SET
  {status} = ?3, {fence} = t.{fence} + 1, {claim_id} = coalesce(?4, t.{claim_id}), {effect} = ?5,
  {lease_until} = fencepost_now() + ?6, {run_at} = coalesce(fencepost_now() + ?7, t.{run_at}),
  {attempt} = t.{attempt} + ?8, {stop_wanted} = ?9, {last_error} = ?10
WHERE t.{key} = {k1}
  AND t.{fence} = ?2
RETURNING {fence}

-- name: write_items
-- Batch of what write_item takes.
UPDATE {table} AS t SET
  {status} = ?3, {fence} = t.{fence} + 1, {claim_id} = coalesce(?4, t.{claim_id}), {effect} = ?5,
  {lease_until} = fencepost_now() + ?6, {run_at} = coalesce(fencepost_now() + ?7, t.{run_at}),
  {attempt} = t.{attempt} + ?8, {stop_wanted} = ?9, {last_error} = ?10
WHERE t.{key} = {k1}
  AND t.{fence} = ?2
RETURNING {key}

-- name: want_stops
-- Batch of item and the fence that was seen: a stop came while the effect was open. The fence stays (rule 7).
UPDATE {table} AS t SET {stop_wanted} = TRUE WHERE t.{key} = {k1} AND t.{fence} = ?2 RETURNING {key}

-- name: clamp_lease
UPDATE {table} AS t SET {lease_until} = fencepost_now() + ?1
WHERE t.{lease_until} > fencepost_now() + ?1 AND t.{fence} >= 0
RETURNING {key}

-- name: delete_item
DELETE FROM {table} AS t WHERE t.{key} = {k1} AND t.{fence} = ?2

-- name: lapsed
SELECT t.{key}, t.{claim_id}, t.{lease_until}, t.{fence} FROM {table} AS t
WHERE t.{lease_until} <= fencepost_now() AND t.{status} <> {w_unknown}
ORDER BY t.{lease_until} LIMIT ?1

-- name: held_by
SELECT t.{key}, t.{claim_id}, t.{lease_until}, t.{fence} FROM {table} AS t
WHERE t.{lease_until} IS NOT NULL AND (t.{claim_id} >> 43) = ?1 AND t.{status} <> {w_unknown}

-- name: reconcile_due
SELECT t.{key} FROM {table} AS t
WHERE t.{status} = {w_unknown} AND t.{effect} IS NOT NULL AND t.{run_at} <= fencepost_now()
  AND (t.{lease_until} IS NULL OR t.{lease_until} <= fencepost_now())
ORDER BY t.{run_at} LIMIT ?1

-- name: misplaced
-- ?1 how many: rows whose word a foreign writer changed against what their effect says. Their effect is
-- known or unknown but not running, and no lease will bring them to the rescuer.
SELECT t.{key} FROM {table} AS t
WHERE t.{effect} IS NOT NULL AND t.{status} <> {w_done} AND t.{status} <> {w_unknown}
  AND t.{lease_until} IS NULL
UNION
SELECT t.{key} FROM fencepost_effects AS e JOIN {table} AS t ON t.{key} = {k_effect} AND t.{effect} = e.claim
WHERE e.queue = {queue} AND (e.outcome IS NULL OR e.outcome = 'unknown') AND t.{status} = {w_done}
  AND t.{lease_until} IS NULL
UNION
SELECT t.{key} FROM {table} AS t LEFT JOIN fencepost_effects AS e ON e.claim = t.{effect}
WHERE t.{status} = {w_unknown} AND (t.{effect} IS NULL OR e.outcome = 'done')
LIMIT ?1

-- name: next_due
SELECT min(t.{run_at}) - fencepost_now() FROM {table} AS t
WHERE t.{status} = {w_queued} AND {enabled_t} AND t.{effect} IS NULL

-- name: counts
-- ?1 how many rows are looked at. The first: whether the count is complete. What is not finished is counted
-- through its partial indexes; what is finished has none (ADR 8), so of a longer table only so much is seen.
-- Per word, how many, and the age in µs of the oldest that is due.
WITH looked AS MATERIALIZED (
  SELECT l.{status} AS word, l.{run_at} AS run_at FROM {table} AS l LIMIT ?1
), seen AS (
  SELECT FALSE AS complete, k.word AS word, count(*) AS n, min(k.run_at) AS oldest
  FROM looked AS k GROUP BY k.word
  UNION ALL
  SELECT TRUE, {w_queued}, count(*), min(q.{run_at}) FROM {table} AS q
  WHERE q.{status} = {w_queued} AND q.{effect} IS NULL
  UNION ALL
  SELECT TRUE, h.{status}, count(*), min(h.{run_at}) FROM {table} AS h
  WHERE h.{lease_until} IS NOT NULL AND (h.{status} = {w_claimed} OR ({once} AND h.{status} = {w_sending}))
  GROUP BY h.{status}
  UNION ALL
  SELECT TRUE, {w_unknown}, count(*), min(u.{run_at}) FROM {table} AS u
  WHERE {once} AND u.{status} = {w_unknown}
  UNION ALL
  SELECT TRUE, {w_queued}, count(*), min(e.{run_at}) FROM {table} AS e
  WHERE e.{effect} IS NOT NULL AND e.{status} <> {w_done} AND e.{status} = {w_queued} AND {once}
)
SELECT s.complete, s.word, s.n, fencepost_now() - s.oldest FROM seen AS s WHERE s.n > 0

-- name: due_to_unknown
SELECT t.{key} FROM {table} AS t
WHERE t.{status} IN ({w_queued}, {w_claimed}) AND t.{effect} IS NULL AND t.{run_at} <= fencepost_now()
ORDER BY t.{key}
