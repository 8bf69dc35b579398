-- The history as a stream (event_feed.hpp).

-- name: feed_page
-- $1 after this id, $2 up to this one, $3 how many
SELECT id, at, queue, item, kind, from_state, to_state, fence, actor, detail
FROM fencepost_events WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3

-- name: feed_lost
SELECT last_id FROM fencepost_events_lost
