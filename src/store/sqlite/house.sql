-- name: lock_epoch
SELECT epoch, identity, restored, FALSE FROM fencepost_epoch WHERE id = 1

-- name: lock_queues
SELECT name, paused, unlooked FROM fencepost_queues ORDER BY name

-- name: identity_is_known
SELECT TRUE

-- name: identity
-- A file is itself; a restored one says so in its marker, or by an epoch behind a process's memory.
SELECT 'file'

-- name: limited_identity
SELECT 'file'

-- name: lock_queue
-- ?1 queue. The transaction holds the only write lock there is.
SELECT paused, paused_why FROM fencepost_queues WHERE name = ?1

-- name: share_queue
SELECT paused FROM fencepost_queues WHERE name = ?1

-- name: notify
-- Processes of one file wake each other by polling.
SELECT ?1
