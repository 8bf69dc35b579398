-- name: read_epoch
SELECT epoch, identity, restored FROM fencepost_epoch WHERE id = 1 FOR NO KEY UPDATE

-- name: identity
-- The cluster and its timeline: both change when a standby takes over or a backup is restored.
SELECT (SELECT system_identifier::text FROM pg_control_system()) || '/' ||
  (SELECT timeline_id::text FROM pg_control_checkpoint())

-- name: share_queue
-- $1 queue. The gate's own look at the kill switch: held until the gate commits (rule 3).
SELECT paused FROM fencepost_queues WHERE name = $1 FOR SHARE

-- name: notify
SELECT pg_notify('fencepost', $1)
