-- name: begin_snapshot
-- As the first statement of a transaction.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY

-- name: export_snapshot
SELECT pg_export_snapshot()

-- name: own_tables
-- $1 a table, or NULL: all of ours
SELECT c.relname::text FROM pg_class AS c
WHERE c.relnamespace = to_regnamespace(quote_ident(current_schema())) AND c.relkind IN ('r', 'p')
  AND c.relname LIKE 'fencepost\_%' AND c.relname = coalesce($1::text, c.relname::text)
ORDER BY c.relname

-- name: relations
-- Whether anything is in the database, but for what extensions brought.
SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT 1 FROM pg_depend AS d
    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
