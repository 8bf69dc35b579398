-- Our own tables, many rows at once: each parameter is an array (Connection::run_batch).

-- name: add_effects
-- Batch of queue, item, claim, key, rendered request, destination, hard deadline in µs from now
INSERT INTO fencepost_effects (queue, item, claim, effect_key, request, destination, deadline, begun)
SELECT s.queue, s.item, s.claim, s.key, s.request, s.destination, fencepost_now() + s.timeout, fencepost_now()
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[])
  AS s(queue, item, claim, key, request, destination, timeout)

-- name: looks
-- Batch of item and claim, perhaps NULL, of items that are locked: as look, what an act needs to decide.
SELECT s.item, fencepost_now(), e.outcome, e.deadline
FROM unnest($1::text[], $2::bigint[]) AS s(item, claim)
  LEFT JOIN LATERAL (SELECT c.outcome, c.deadline FROM fencepost_effects AS c
    WHERE c.claim = s.claim LIMIT 1) AS e ON TRUE

-- name: close_effects
-- Batch of claim, outcome, remote id, remote URL, detail, decided by. A known outcome is never overturned.
-- The rows' items are locked, so no two callers close one effect at a time. By claim, not through the index
-- on what is open, which the planner believes to be empty.
UPDATE fencepost_effects AS e SET outcome = s.outcome, outcome_at = fencepost_now(),
  remote_id = s.remote_id, remote_url = s.remote_url, detail = s.detail, decided_by = s.decided_by
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
  AS s(claim, outcome, remote_id, remote_url, detail, decided_by)
  CROSS JOIN LATERAL (SELECT c.id, c.outcome FROM fencepost_effects AS c WHERE c.claim = s.claim LIMIT 1) AS o
WHERE e.id = o.id AND (o.outcome IS NULL OR o.outcome = 'unknown')
RETURNING e.claim

-- name: add_events
-- Batch of queue, item, kind, from, to, fence, claim, actor, detail
INSERT INTO fencepost_events (at, queue, item, kind, from_state, to_state, fence, claim, actor, detail)
SELECT fencepost_now(), s.queue, s.item, s.kind, s.from_state, s.to_state, s.fence, s.claim, s.actor, s.detail
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
  $8::text[], $9::text[])
  AS s(queue, item, kind, from_state, to_state, fence, claim, actor, detail)
