-- name: lock_bucket
SELECT quota, used FROM fencepost_buckets WHERE scope = $1 AND name = $2 AND time_window = $3
FOR NO KEY UPDATE

-- name: set_quota
-- $4 the new limit. What is used above it stays and closes the bucket; the CHECK still refuses what a bug
-- would grant, because `overhang` is exactly what the limit was lowered below.
UPDATE fencepost_buckets SET quota = $4::bigint, overhang = greatest(0, used - $4::bigint)
WHERE scope = $1 AND name = $2 AND time_window = $3 RETURNING used

-- name: give_back
UPDATE fencepost_buckets SET used = used - $4::bigint, overhang = greatest(0, used - $4::bigint - quota)
WHERE scope = $1 AND name = $2 AND time_window = $3 RETURNING used

-- name: set_used
-- $4 what the ledger says, $5 what was seen
UPDATE fencepost_buckets SET used = $4::bigint, overhang = greatest(0, $4::bigint - quota)
WHERE scope = $1 AND name = $2 AND time_window = $3 AND used = $5 RETURNING used

-- name: lock_buckets
-- Locks every bucket, in the order of locks, which is the order of bytes and not the database's collation;
-- the ledger is summed in the next statement.
SELECT scope, name, time_window, quota, used FROM fencepost_buckets
ORDER BY time_window COLLATE "C", scope COLLATE "C", name COLLATE "C" FOR NO KEY UPDATE

-- name: set_quota_from
-- $1 scope, $2 name, $3 the first window, $4 the new limit. Locked in the order of locks first; the UPDATE
-- then computes from the rows as they are under the lock.
WITH locked AS (
  SELECT time_window FROM fencepost_buckets
  WHERE scope = $1 AND name = $2 AND time_window COLLATE "C" >= $3
  ORDER BY time_window COLLATE "C" FOR NO KEY UPDATE
)
UPDATE fencepost_buckets AS b SET quota = $4::bigint, overhang = greatest(0, b.used - $4::bigint)
FROM locked WHERE b.scope = $1 AND b.name = $2 AND b.time_window = locked.time_window
