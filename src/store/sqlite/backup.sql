-- name: begin_snapshot
-- Reading takes the snapshot, which the backup API then copies from: without it, each write of another
-- process would make it begin anew.
BEGIN; SELECT count(*) FROM sqlite_schema

-- name: export_snapshot
SELECT 'the same connection'

-- name: own_tables
-- ?1 a table, or NULL: all of ours
SELECT m.name FROM sqlite_schema AS m
WHERE m.type = 'table' AND m.name LIKE 'fencepost\_%' ESCAPE '\' AND m.name = coalesce(?1, m.name)
ORDER BY m.name

-- name: relations
-- Whether anything is in the database.
SELECT count(*) FROM sqlite_schema
