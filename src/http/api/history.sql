-- The history for people: pages of it, the newest first. As a stream it is store/event_feed.sql.

-- name: history_page
-- $1 before this id, $2 not before this one, $3 queue, $4 item, $5 kind (of each: empty, any), $6 how many
SELECT id, at, queue, item, kind, from_state, to_state, fence, actor, detail
FROM fencepost_events
WHERE id < $1 AND id >= $2 AND ($3 = '' OR queue = $3) AND ($4 = '' OR item = $4) AND ($5 = '' OR kind = $5)
ORDER BY id DESC LIMIT $6

-- name: history_bounds
-- Where it ends, and up to where retention has removed it.
SELECT coalesce((SELECT max(id) FROM fencepost_events), 0), last_id FROM fencepost_events_lost
