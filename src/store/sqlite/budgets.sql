-- name: open_buckets
INSERT INTO fencepost_buckets (scope, name, time_window, quota) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING

-- name: add_ledger
INSERT INTO fencepost_ledger (queue, item, scope, name, time_window, purpose, attempt, amount, at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, fencepost_now()) ON CONFLICT DO NOTHING
RETURNING queue, item, scope, name, time_window, purpose, attempt

-- name: take
UPDATE fencepost_buckets SET used = used + ?4
WHERE scope = ?1 AND name = ?2 AND time_window = ?3
  AND ?4 <= quota - used                                         --! budget_quota
RETURNING scope, name, time_window, quota, used

-- name: lock_bucket
SELECT quota, used FROM fencepost_buckets WHERE scope = ?1 AND name = ?2 AND time_window = ?3

-- name: set_quota
-- ?4 the new limit. What is used above it stays and closes the bucket; the CHECK still refuses what a bug
-- would grant, because `overhang` is exactly what the limit was lowered below.
UPDATE fencepost_buckets SET quota = ?4, overhang = max(0, used - ?4)
WHERE scope = ?1 AND name = ?2 AND time_window = ?3 RETURNING used

-- name: give_back
UPDATE fencepost_buckets SET used = used - ?4, overhang = max(0, used - ?4 - quota)
WHERE scope = ?1 AND name = ?2 AND time_window = ?3 RETURNING used

-- name: set_used
-- ?4 what the ledger says, ?5 what was seen
UPDATE fencepost_buckets SET used = ?4, overhang = max(0, ?4 - quota)
WHERE scope = ?1 AND name = ?2 AND time_window = ?3 AND used = ?5 RETURNING used

-- name: lock_buckets
SELECT scope, name, time_window, quota, used FROM fencepost_buckets ORDER BY time_window, scope, name

-- name: set_quota_from
-- ?1 scope, ?2 name, ?3 the first window, ?4 the new limit
UPDATE fencepost_buckets SET quota = ?4, overhang = max(0, used - ?4)
WHERE scope = ?1 AND name = ?2 AND time_window >= ?3
