-- name: feed_issued
SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'fencepost_events'), 0)

-- name: feed_writers
-- One writer at a time: whoever was given an id has committed it before the next one is given.
SELECT '' WHERE FALSE
