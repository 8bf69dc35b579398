-- name: read_epoch
SELECT epoch, identity, restored FROM fencepost_epoch WHERE id = 1

-- name: identity
-- A file is itself; a restored one says so in its marker.
SELECT 'file'

-- name: share_queue
SELECT paused FROM fencepost_queues WHERE name = ?1

-- name: notify
-- Processes of one file wake each other by polling.
SELECT ?1
