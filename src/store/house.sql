-- Queues, workers, the epoch: what the protocol keeps about itself.

-- name: now
SELECT fencepost_now()

-- name: add_queue
-- $1 name, $2 table
INSERT INTO fencepost_queues (name, table_name) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: queue_definition
SELECT definition FROM fencepost_queues WHERE name = $1

-- name: set_queue_definition
UPDATE fencepost_queues SET definition = $2, table_name = $3 WHERE name = $1

-- name: pause_queue
-- $1 name, $2 paused, $3 why
UPDATE fencepost_queues SET paused = $2, paused_why = $3 WHERE name = $1 RETURNING name

-- name: queues
SELECT name, table_name, paused, paused_why FROM fencepost_queues ORDER BY name

-- name: bump_epoch
UPDATE fencepost_epoch SET epoch = epoch + 1 WHERE id = 1 RETURNING epoch

-- name: peek_epoch
-- Without a lock: is there anything to decide at all?
SELECT epoch, identity, restored, EXISTS (SELECT 1 FROM fencepost_queues WHERE unlooked)
FROM fencepost_epoch WHERE id = 1

-- name: peek_queues
SELECT name, paused, unlooked FROM fencepost_queues

-- name: unlook_queues
UPDATE fencepost_queues SET unlooked = TRUE

-- name: queue_was_looked_at
UPDATE fencepost_queues SET unlooked = FALSE WHERE name = $1 AND unlooked

-- name: set_identity
-- $1 the database's identity as it is now, $2 the epoch that a process remembers: no other one with that
-- memory finds the epoch behind again.
UPDATE fencepost_epoch SET identity = $1, restored = FALSE,
  epoch = CASE WHEN epoch < $2 THEN $2 ELSE epoch END
WHERE id = 1

-- name: mark_restored
UPDATE fencepost_epoch SET restored = TRUE WHERE id = 1

-- name: add_worker
-- $1 number, $2 boot id, $3 pid, $4 started (clock ticks since boot), $5 host, $6 lock file (its nonce, a
-- space, its path)
INSERT INTO fencepost_workers (number, boot_id, pid, started, host, lock_file, seen)
VALUES ($1, $2, $3, $4, $5, $6, fencepost_now()) ON CONFLICT DO NOTHING RETURNING number

-- name: workers
-- $1 boot id: only of this boot of this machine can anything be known.
SELECT number, lock_file, pid, started FROM fencepost_workers WHERE boot_id = $1 ORDER BY number

-- name: worker
-- $1 number
SELECT lock_file, pid, started, boot_id FROM fencepost_workers WHERE number = $1

-- name: delete_worker
-- $1 number, $2 lock file: never the row of a successor with the same number.
DELETE FROM fencepost_workers WHERE number = $1 AND lock_file = $2
