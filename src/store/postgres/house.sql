-- name: lock_epoch
SELECT epoch, identity, restored, FALSE FROM fencepost_epoch WHERE id = 1 FOR NO KEY UPDATE

-- name: lock_queues
-- All of them: see lock_queue. In the order of their names.
SELECT name, paused, unlooked FROM fencepost_queues ORDER BY name FOR NO KEY UPDATE

-- name: identity_is_known
-- Every role may call it, unless the server's owner has taken that back.
SELECT has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')

-- name: identity
-- The cluster and its timeline: one of them changes when a standby takes over or a backup is restored. The
-- timeline is that of the log being written; pg_control_checkpoint() shows the old one until the first
-- checkpoint after a promotion.
SELECT (SELECT system_identifier::text FROM pg_control_system()) || '/' ||
  substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)

-- name: limited_identity
-- The database's oid in place of the cluster's number: another cluster may by chance have the same.
SELECT 'oid ' || (SELECT d.oid::text FROM pg_database AS d WHERE d.datname = current_database()) || '/' ||
  substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)

-- name: lock_queue
-- $1 queue. Waits for its gates, which hold it FOR SHARE until they commit, and lets no new one in.
SELECT paused, paused_why FROM fencepost_queues WHERE name = $1 FOR NO KEY UPDATE

-- name: share_queue
-- $1 queue. The gate's own look at the kill switch: held until the gate commits (rule 3).
SELECT paused FROM fencepost_queues WHERE name = $1 FOR SHARE

-- name: notify
SELECT pg_notify('fencepost', $1)
