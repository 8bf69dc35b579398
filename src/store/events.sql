-- The history: append-only, one row a transition.

-- name: add_event
-- $1 queue, $2 item, $3 kind, $4 from, $5 to, $6 fence, $7 claim, $8 actor, $9 detail
INSERT INTO fencepost_events (at, queue, item, kind, from_state, to_state, fence, claim, actor, detail)
VALUES (fencepost_now(), $1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: events_of
-- $1 queue, $2 item, $3 after this id, $4 how many
SELECT id, at, queue, item, kind, from_state, to_state, fence, actor, detail
FROM fencepost_events WHERE queue = $1 AND item = $2 AND id > $3 ORDER BY id LIMIT $4
