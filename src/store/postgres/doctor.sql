-- $1 a schema, $2 a table.

-- name: doctor_triggers
-- Ours by their functions: the trigger's name, whether no session can turn it off, the function and its text.
SELECT g.tgname, g.tgenabled = 'A', p.proname, p.prosrc
FROM pg_trigger AS g JOIN pg_proc AS p ON p.oid = g.tgfoid
WHERE g.tgrelid = to_regclass(quote_ident($1) || '.' || quote_ident($2)) AND NOT g.tgisinternal
  AND (p.proname LIKE 'fencepost\_%' OR g.tgname LIKE 'zzz\_fencepost\_%')

-- name: doctor_indexes
-- name, valid, its plain columns, whether it is partial.
SELECT c.relname, i.indisvalid AND i.indisready,
  coalesce((SELECT string_agg(a.attname, ', ' ORDER BY k.place)
    FROM unnest(i.indkey::int[]) WITH ORDINALITY AS k(column_number, place)
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.column_number), ''),
  i.indpred IS NOT NULL
FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE i.indrelid = to_regclass(quote_ident($1) || '.' || quote_ident($2))

-- name: doctor_drop_index
-- $3 its name.
SELECT 'DROP INDEX IF EXISTS ' || quote_ident($1) || '.' || quote_ident($3) WHERE $2::text IS NOT NULL

-- name: doctor_table
SELECT 'autovacuum_off', 0::bigint FROM pg_class AS c
WHERE c.oid = to_regclass(quote_ident($1) || '.' || quote_ident($2))
  AND 'autovacuum_enabled=false' = ANY (c.reloptions)
UNION ALL
SELECT 'dead_rows', s.n_dead_tup FROM pg_stat_user_tables AS s
WHERE s.relid = to_regclass(quote_ident($1) || '.' || quote_ident($2))
  AND s.n_dead_tup > 10000 AND s.n_dead_tup > s.n_live_tup

-- name: doctor_server
-- Of the server, not of this session: reset_val is what other sessions get.
SELECT CASE s.name WHEN 'synchronous_commit' THEN 'commit_not_durable' WHEN 'autovacuum' THEN 'autovacuum_off'
  WHEN 'synchronous_standby_names' THEN 'no_standby' ELSE s.name || '_off' END
FROM pg_settings AS s
WHERE (s.name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'autovacuum') AND s.reset_val = 'off')
  OR (s.name = 'synchronous_standby_names' AND s.setting = '')
ORDER BY 1
