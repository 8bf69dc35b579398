-- name: open_buckets
-- Batch of scope, name, window and quota, in the order of locks: each is there and locked afterwards, made
-- where it was missing. DO UPDATE locks a row also where its WHERE lets nothing be written; one statement,
-- because a bucket that is made before an earlier one is locked would be locked out of order.
INSERT INTO fencepost_buckets AS b (scope, name, time_window, quota)
SELECT s.scope, s.name, s.time_window, s.quota
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) WITH ORDINALITY
  AS s(scope, name, time_window, quota, place)
ORDER BY s.place
ON CONFLICT (time_window, scope, name) DO UPDATE SET quota = b.quota WHERE FALSE

-- name: add_ledger
-- Batch of queue, item, scope, name, window, purpose, attempt and amount. Under the buckets' locks; a
-- repeated take of the same purpose and attempt adds nothing.
INSERT INTO fencepost_ledger (queue, item, scope, name, time_window, purpose, attempt, amount, at)
SELECT s.*, fencepost_now() FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],
  $6::text[], $7::int[], $8::bigint[]) AS s
ON CONFLICT DO NOTHING RETURNING queue, item, scope, name, time_window, purpose, attempt

-- name: take
-- Batch of scope, name, window and amount; a bucket once, since an UPDATE writes a row once. Written as a
-- difference, which cannot overflow. What is free implies that nothing hangs over the limit, so `overhang` is
-- 0 before and after.
UPDATE fencepost_buckets AS b SET used = b.used + s.amount
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS s(scope, name, time_window, amount)
WHERE b.scope = s.scope AND b.name = s.name AND b.time_window = s.time_window
  AND s.amount <= b.quota - b.used                               --! budget_quota
RETURNING b.scope, b.name, b.time_window, b.quota, b.used

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
