-- What a table is, and what adoption does to it. $1 is a schema or NULL, $2 a table, both as they are.

-- name: survey_table
SELECT n.nspname, c.relname, CASE
    WHEN c.relkind = 'r' AND c.relispartition THEN 'partition'
    WHEN c.relkind = 'r' AND EXISTS (SELECT 1 FROM pg_inherits AS i WHERE c.oid IN (i.inhrelid, i.inhparent))
      THEN 'table with inheritance'
    WHEN c.relpersistence = 't' THEN 'temporary table'
    WHEN c.relkind = 'r' THEN 'table' WHEN c.relkind = 'p' THEN 'partitioned table'
    WHEN c.relkind = 'v' THEN 'view' WHEN c.relkind = 'm' THEN 'materialized view'
    WHEN c.relkind = 'f' THEN 'foreign table' ELSE 'relation that is no table' END,
  pg_has_role(c.relowner, 'USAGE'), pg_get_userbyid(c.relowner)::text, row_security_active(c.oid),
  EXISTS (SELECT 1 FROM pg_rewrite AS w WHERE w.ev_class = c.oid), FALSE, c.relpersistence = 'u'
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass(CASE WHEN $1::text IS NULL THEN '' ELSE quote_ident($1) || '.' END ||
  quote_ident($2))

-- name: survey_similar
-- Tables whose name differs by its case only.
SELECT c.relname FROM pg_class AS c
WHERE lower(c.relname) = lower($2) AND c.relkind IN ('r', 'p')
  AND ($1::text IS NULL OR c.relnamespace = to_regnamespace(quote_ident($1)))
LIMIT 3

-- name: survey_columns
-- Types as a cast wants them; what is no type of the system's own with its schema.
SELECT a.attname, CASE WHEN b.typnamespace = 'pg_catalog'::regnamespace
    THEN format_type(a.atttypid, a.atttypmod)
    ELSE quote_ident(m.nspname) || '.' || quote_ident(b.typname) END,
  CASE WHEN b.typtype = 'e' THEN 'enum'
    WHEN coalesce(nullif(b.typbasetype, 0), b.oid) IN ('text'::regtype, 'varchar'::regtype) THEN 'text'
    WHEN b.oid = 'bpchar'::regtype THEN 'char'
    WHEN b.oid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN 'integer'
    WHEN b.oid = 'uuid'::regtype THEN 'uuid' WHEN b.oid = 'bool'::regtype THEN 'boolean' ELSE 'other' END,
  NOT a.attnotnull, a.attgenerated <> '', a.atthasdef OR a.attidentity <> ''
FROM pg_attribute AS a JOIN pg_type AS b ON b.oid = a.atttypid
  JOIN pg_namespace AS m ON m.oid = b.typnamespace
WHERE a.attrelid = to_regclass(quote_ident($1) || '.' || quote_ident($2))
  AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum

-- name: survey_unique
-- Columns that alone name a row; the primary key first.
SELECT a.attname, i.indisprimary FROM pg_index AS i
  JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
WHERE i.indrelid = to_regclass(quote_ident($1) || '.' || quote_ident($2))
  AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indnkeyatts = 1
  AND i.indpred IS NULL AND i.indexprs IS NULL
ORDER BY i.indisprimary DESC, a.attname

-- name: survey_later_triggers
-- Others' triggers that fire after ours (in the order of their names) and could still change the row.
SELECT g.tgname FROM pg_trigger AS g
WHERE g.tgrelid = to_regclass(quote_ident($1) || '.' || quote_ident($2)) AND NOT g.tgisinternal
  AND g.tgname > 'zzz_fencepost_update' AND g.tgname NOT LIKE 'zzz\_fencepost\_%'
  AND (g.tgtype & 19) = 19

-- name: survey_checks
-- $3 the status column. Of each CHECK that knows it: its name, its expression, and a statement that answers
-- whether it takes the word $1. The other columns are NULL there, so only what it says of the word counts.
SELECT k.conname, pg_get_expr(k.conbin, k.conrelid),
  'SELECT (' || pg_get_expr(k.conbin, k.conrelid) || ') IS NOT FALSE FROM (SELECT ' ||
  (SELECT string_agg(CASE WHEN a.attname = $3::text THEN '$1::text::' ELSE 'NULL::' END ||
      format_type(a.atttypid, a.atttypmod) || ' AS ' || quote_ident(a.attname), ', ' ORDER BY a.attnum)
   FROM pg_attribute AS a WHERE a.attrelid = k.conrelid AND a.attnum > 0 AND NOT a.attisdropped) ||
  ') AS fencepost_row'
FROM pg_constraint AS k
WHERE k.conrelid = to_regclass(quote_ident($1) || '.' || quote_ident($2)) AND k.contype = 'c'
  AND EXISTS (SELECT 1 FROM pg_attribute AS a
              WHERE a.attrelid = k.conrelid AND a.attname = $3::text AND a.attnum = ANY (k.conkey))
  AND $4::boolean IS NOT NULL  -- whether there are rows: SQLite's question
ORDER BY k.conname

-- name: word_as_status
SELECT ($1::text)::{status_type}::text

-- name: status_words
SELECT t.{status}::text, count(*) FROM {table} AS t GROUP BY t.{status} ORDER BY 2 DESC, 1

-- name: key_kinds
-- The type of a column is that of all its values.
SELECT ''::text, count(*) FROM {table} AS t WHERE FALSE GROUP BY 1

-- name: adopt_lock
-- Everything else is asked for under the strongest lock that adoption needs, taken at once: a lock that is
-- raised later deadlocks with those who read and then write.
LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE

-- name: add_column_fence
ALTER TABLE {table} ADD COLUMN {fence} BIGINT NOT NULL DEFAULT 0

-- name: add_column_claim_id
ALTER TABLE {table} ADD COLUMN {claim_id} BIGINT

-- name: add_column_effect
ALTER TABLE {table} ADD COLUMN {effect} BIGINT

-- name: add_column_effect_key
ALTER TABLE {table} ADD COLUMN {effect_key} TEXT

-- name: add_column_lease_until
ALTER TABLE {table} ADD COLUMN {lease_until} BIGINT

-- name: add_column_run_at
ALTER TABLE {table} ADD COLUMN {run_at} BIGINT NOT NULL DEFAULT 0

-- name: add_column_attempt
ALTER TABLE {table} ADD COLUMN {attempt} INTEGER NOT NULL DEFAULT 0

-- name: add_column_stop_wanted
ALTER TABLE {table} ADD COLUMN {stop_wanted} BOOLEAN NOT NULL DEFAULT FALSE

-- name: add_column_last_error
ALTER TABLE {table} ADD COLUMN {last_error} TEXT

-- name: backfill
-- $1 the word, $2 a JSON array of the words that stay.
UPDATE {table} AS t SET {status} = $1::text::{status_type}
WHERE t.{status} IS NULL
  OR t.{status}::text NOT IN (SELECT w FROM jsonb_array_elements_text($2::jsonb) AS w)

-- name: lease_claimed
-- Whoever works on them now, without us, has a minute to finish.
UPDATE {table} AS t SET {lease_until} = fencepost_now() + 60000000
WHERE t.{status} = {w_claimed} AND t.{lease_until} IS NULL

-- name: busy_items
-- Items that a change of the queue's definition would pull from under a worker or a person.
SELECT t.{status}::text, count(*) FROM {table} AS t
WHERE t.{status} IN ({w_claimed}, {w_sending}) OR (t.{effect} IS NOT NULL AND t.{status} <> {w_done})
GROUP BY t.{status}

-- name: concurrent_index
-- What `CREATE INDEX IF NOT EXISTS` becomes outside a transaction, on a large table.
SELECT 'CREATE INDEX CONCURRENTLY IF NOT EXISTS '

-- name: invalid_indexes
-- What an interrupted CREATE INDEX CONCURRENTLY has left behind: the statements that take it away.
SELECT 'DROP INDEX CONCURRENTLY IF EXISTS ' || i.indexrelid::regclass::text FROM pg_index AS i
  JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE i.indrelid = to_regclass(quote_ident($1) || '.' || quote_ident($2)) AND NOT i.indisvalid
  AND c.relname LIKE 'fencepost\_%'
