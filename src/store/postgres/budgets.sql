-- name: lock_bucket
SELECT quota, used FROM fencepost_buckets WHERE scope = $1 AND name = $2 AND time_window = $3 FOR NO KEY UPDATE

-- name: set_quota
-- $4 the new limit. What is used above it stays and closes the bucket; the CHECK still refuses what a bug
-- would grant, because `overhang` is exactly what the limit was lowered below.
UPDATE fencepost_buckets SET quota = $4::bigint, overhang = greatest(0, used - $4::bigint)
WHERE scope = $1 AND name = $2 AND time_window = $3 RETURNING used

-- name: give_back
UPDATE fencepost_buckets SET used = used - $4::bigint, overhang = greatest(0, used - $4::bigint - quota)
WHERE scope = $1 AND name = $2 AND time_window = $3 RETURNING used

-- name: set_used
UPDATE fencepost_buckets SET used = $4::bigint, overhang = greatest(0, $4::bigint - quota)
WHERE scope = $1 AND name = $2 AND time_window = $3 RETURNING used

-- name: lock_buckets
-- Locks every bucket, in the order of locks; the ledger is summed in the next statement.
SELECT scope, name, time_window, quota, used FROM fencepost_buckets
ORDER BY time_window, scope, name FOR NO KEY UPDATE
