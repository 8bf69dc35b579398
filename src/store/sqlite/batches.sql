-- Our own tables, many rows at once: run for each row (Connection::run_batch).

-- name: add_effects
-- Batch of queue, item, claim, key, rendered request, destination, hard deadline in µs from now
INSERT INTO fencepost_effects (queue, item, claim, effect_key, request, destination, deadline, begun)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, fencepost_now() + ?7, fencepost_now())

-- name: looks
-- Batch of item and claim, perhaps NULL: as look, what an act needs to decide.
SELECT s.item, fencepost_now(), e.outcome, e.deadline
FROM (SELECT ?1 AS item, ?2 AS claim) AS s LEFT JOIN fencepost_effects AS e ON e.claim = s.claim

-- name: close_effects
-- Batch of claim, outcome, remote id, remote URL, detail, decided by. A known outcome is never overturned.
UPDATE fencepost_effects SET outcome = ?2, outcome_at = fencepost_now(), remote_id = ?3, remote_url = ?4,
  detail = ?5, decided_by = ?6
WHERE claim = ?1 AND (outcome IS NULL OR outcome = 'unknown')
RETURNING claim

-- name: add_events
-- Batch of queue, item, kind, from, to, fence, claim, actor, detail
INSERT INTO fencepost_events (at, queue, item, kind, from_state, to_state, fence, claim, actor, detail)
VALUES (fencepost_now(), ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
