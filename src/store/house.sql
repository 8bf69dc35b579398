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

-- name: set_identity
-- $1 the database's identity as it is now
UPDATE fencepost_epoch SET identity = $1, restored = FALSE WHERE id = 1

-- name: mark_restored
UPDATE fencepost_epoch SET restored = TRUE WHERE id = 1

-- name: add_worker
-- $1 number, $2 boot id, $3 pid, $4 started (clock ticks since boot), $5 host, $6 lock file
INSERT INTO fencepost_workers (number, boot_id, pid, started, host, lock_file, seen)
VALUES ($1, $2, $3, $4, $5, $6, fencepost_now()) ON CONFLICT DO NOTHING RETURNING number

-- name: workers
SELECT number, boot_id, pid, started, host, lock_file FROM fencepost_workers ORDER BY number

-- name: delete_worker
DELETE FROM fencepost_workers WHERE number = $1
