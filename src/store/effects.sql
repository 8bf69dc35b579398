-- What was sent: one row for every gate that committed. Rows are added by the gate and closed by settle,
-- rescue, reconcile or a person; nothing deletes them but retention.

-- name: add_effect
-- $1 queue, $2 item, $3 claim, $4 key, $5 rendered request, $6 destination, $7 hard deadline in µs from now
INSERT INTO fencepost_effects (queue, item, claim, effect_key, request, destination, deadline, begun)
VALUES ($1, $2, $3, $4, $5, $6, fencepost_now() + CAST($7 AS BIGINT), fencepost_now())

-- name: look
-- $1 claim. The time and the effect of a row that is locked, read after the wait for its lock.
SELECT fencepost_now(), e.outcome, e.deadline, e.effect_key, e.request, e.destination, e.remote_id,
  e.remote_url, e.begun
FROM (SELECT CAST($1 AS BIGINT) AS claim) AS wanted LEFT JOIN fencepost_effects AS e ON e.claim = wanted.claim

-- name: close_effect
-- $1 claim, $2 outcome, $3 remote id, $4 remote URL, $5 detail, $6 decided by. A known outcome is never
-- overturned.
UPDATE fencepost_effects SET outcome = $2, outcome_at = fencepost_now(), remote_id = $3, remote_url = $4,
  detail = $5, decided_by = $6
WHERE claim = $1
  AND (outcome IS NULL OR outcome = 'unknown')                   --! effect_outcome

-- name: effects_of
SELECT id, claim, effect_key, request, destination, deadline, begun, outcome, outcome_at, remote_id,
  remote_url,   detail, decided_by
FROM fencepost_effects WHERE queue = $1 AND item = $2 ORDER BY id
