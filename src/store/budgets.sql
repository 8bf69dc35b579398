-- Buckets, their ledger and the seats of slots (DESIGN section 3). Everything runs in the caller's
-- transaction; buckets are locked in the order (window, scope, name), before slots.

-- name: drop_ledger
-- $1 queue, $2 item, $3 scope, $4 name, $5 window, $6 purpose, $7 attempt
DELETE FROM fencepost_ledger WHERE queue = $1 AND item = $2 AND scope = $3 AND name = $4 AND time_window = $5
  AND purpose = $6 AND attempt = $7

-- name: ledger_of
-- $1 queue, $2 item: what it holds. Sorted by the caller, byte by byte: a database's collation is not the
-- order of locks.
SELECT scope, name, time_window, purpose, attempt, amount, spent FROM fencepost_ledger
WHERE queue = $1 AND item = $2

-- name: release_entry
-- $1 queue, $2 item, $3 scope, $4 name, $5 window, $6 purpose, $7 attempt: only what is not spent.
DELETE FROM fencepost_ledger WHERE queue = $1 AND item = $2 AND scope = $3 AND name = $4 AND time_window = $5
  AND purpose = $6 AND attempt = $7 AND NOT spent
RETURNING amount

-- name: mark_spent
-- $1 queue, $2 item, $3 purpose, $4 attempt: the call left; it is spent also if it fails.
UPDATE fencepost_ledger SET spent = TRUE WHERE queue = $1 AND item = $2 AND purpose = $3 AND attempt = $4

-- name: bucket_state
-- $1 scope, $2 name, $3 window: without a lock, for display and for what a full bucket answers.
SELECT quota, used, overhang FROM fencepost_buckets WHERE scope = $1 AND name = $2 AND time_window = $3

-- name: ledger_differences
-- Every bucket that is not what its ledger says. One statement, so one moment; for recalculate, which holds
-- the locks, and for verify, which holds none.
SELECT b.scope, b.name, b.time_window, b.quota, b.used, b.overhang, CAST(coalesce(sum(l.amount), 0) AS BIGINT)
FROM fencepost_buckets AS b
LEFT JOIN fencepost_ledger AS l ON l.time_window = b.time_window AND l.scope = b.scope AND l.name = b.name
GROUP BY b.scope, b.name, b.time_window, b.quota, b.used, b.overhang
HAVING b.used <> coalesce(sum(l.amount), 0)
  OR b.overhang <> CASE WHEN b.used > b.quota THEN b.used - b.quota ELSE 0 END

-- name: add_seat
-- $1 channel, $2 slot time, $3 queue, $4 item: the lowest seat that is free. The slot's bucket is locked, so
-- nobody else chooses at this moment. No row: the item has a seat.
INSERT INTO fencepost_slots (channel, slot_at, seat, queue, item)
SELECT $1, CAST($2 AS BIGINT), f.seat, $3, $4 FROM (
  SELECT min(c.seat) AS seat FROM (
    SELECT 1 AS seat UNION ALL
    SELECT s.seat + 1 FROM fencepost_slots AS s WHERE s.channel = $1 AND s.slot_at = $2
  ) AS c
  WHERE NOT EXISTS (
    SELECT 1 FROM fencepost_slots AS o WHERE o.channel = $1 AND o.slot_at = $2 AND o.seat = c.seat)
) AS f
WHERE NOT EXISTS (SELECT 1 FROM fencepost_slots AS m WHERE m.queue = $3 AND m.item = $4)
RETURNING seat

-- name: seat_of
-- $1 queue, $2 item: it has one seat at most.
SELECT channel, slot_at, seat FROM fencepost_slots WHERE queue = $1 AND item = $2

-- name: delete_seat
-- $1 queue, $2 item
DELETE FROM fencepost_slots WHERE queue = $1 AND item = $2 RETURNING seat
