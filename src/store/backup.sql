-- What a backup says of a database.

-- name: count_rows
SELECT count(*) FROM {table} AS t

-- name: epoch_of_backup
-- Also of a schema that is older than this program.
SELECT epoch, identity FROM fencepost_epoch WHERE id = 1

-- name: past_workers
-- $1 when the backup was made: those that are in it, and none that has begun on the restored database.
SELECT number FROM fencepost_workers WHERE seen <= $1 ORDER BY number

-- name: forget_past_workers
DELETE FROM fencepost_workers WHERE seen <= $1
