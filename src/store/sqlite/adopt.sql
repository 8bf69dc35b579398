-- What a table is, and what adoption does to it. ?1 is nothing here, ?2 a table.

-- name: survey_table
SELECT '', l.name, CASE WHEN l.type = 'table' THEN 'table' WHEN l.type = 'view' THEN 'view'
    ELSE l.type || ' table' END,
  1, '', 0, 0,
  NOT EXISTS (SELECT 1 FROM sqlite_master AS m WHERE m.name = l.name
              AND lower(m.sql) LIKE '%autoincrement%'), 0
FROM pragma_table_list AS l WHERE l.schema = 'main' AND lower(l.name) = lower(?2) AND ?1 IS NULL

-- name: survey_similar
SELECT l.name FROM pragma_table_list AS l WHERE ?1 IS NULL AND lower(l.name) = lower(?2)

-- name: survey_columns
-- An INTEGER PRIMARY KEY is never NULL, nor is a key of a table WITHOUT ROWID; any other PRIMARY KEY may be.
SELECT c.name, c.type, CASE
    WHEN c.type LIKE '%INT%' THEN 'integer' WHEN c.type LIKE '%UUID%' THEN 'uuid'
    WHEN c.type LIKE '%CHAR%' OR c.type LIKE '%CLOB%' OR c.type LIKE '%TEXT%' THEN 'text'
    WHEN c.type LIKE '%BOOL%' THEN 'boolean' ELSE 'other' END,
  NOT (c."notnull" OR (c.pk > 0 AND (upper(c.type) = 'INTEGER' OR l.wr))),
  c.hidden > 1, c.dflt_value IS NOT NULL
FROM pragma_table_list AS l JOIN pragma_table_xinfo(l.name) AS c
WHERE l.schema = 'main' AND l.name = ?2 AND ?1 = '' AND c.hidden <> 1
ORDER BY c.cid

-- name: survey_unique
SELECT c.name, 1 FROM pragma_table_info(?2) AS c WHERE c.pk > 0 AND ?1 = ''
  AND (SELECT count(*) FROM pragma_table_info(?2) AS o WHERE o.pk > 0) = 1
UNION
SELECT (SELECT i.name FROM pragma_index_info(x.name) AS i), 0 FROM pragma_index_list(?2) AS x
WHERE x."unique" AND NOT x.partial AND x.origin <> 'pk'
  AND (SELECT count(*) FROM pragma_index_info(x.name)) = 1
  AND (SELECT i.name FROM pragma_index_info(x.name) AS i) IS NOT NULL
ORDER BY 2 DESC, 1

-- name: survey_later_triggers
-- Their order is not defined; and ours writes the row again whatever the others did.
SELECT m.name FROM sqlite_master AS m WHERE m.name = ?2 AND ?1 = 'none'

-- name: survey_checks
-- There is no catalogue of them: a statement that tries the word ?1 on a row, or as a row where there is
-- none. It runs inside a savepoint and is taken back. ?3 the status column.
SELECT '', '', CASE WHEN ?4
  THEN printf('UPDATE "%w" SET "%w" = ?1 WHERE rowid IN (SELECT rowid FROM "%w" LIMIT 1)', ?2, ?3, ?2)
  ELSE printf('INSERT INTO "%w" ("%w"', ?2, ?3) ||
    coalesce((SELECT group_concat(printf(', "%w"', c.name), '') FROM pragma_table_info(?2) AS c
      WHERE c."notnull" AND c.dflt_value IS NULL AND c.name <> ?3), '') || ') VALUES (?1' ||
    coalesce((SELECT group_concat(', 1', '') FROM pragma_table_info(?2) AS c
      WHERE c."notnull" AND c.dflt_value IS NULL AND c.name <> ?3), '') || ')' END
FROM pragma_table_list AS l
WHERE l.schema = 'main' AND l.name = ?2 AND ?1 = '' AND (NOT l.wr OR NOT ?4)

-- name: word_as_status
SELECT ?1

-- name: status_words
SELECT CAST(t.{status} AS TEXT), count(*) FROM {table} AS t GROUP BY t.{status} ORDER BY 2 DESC, 1

-- name: key_kinds
-- A column holds whatever was put into it.
SELECT typeof(t.{key}), count(*) FROM {table} AS t GROUP BY 1

-- name: adopt_lock
-- The transaction holds the only write lock there is.
SELECT 1

-- name: add_column_fence
-- INTEGER and TEXT only: a STRICT table knows no other names.
ALTER TABLE {table} ADD COLUMN {fence} INTEGER NOT NULL DEFAULT 0

-- name: add_column_claim_id
ALTER TABLE {table} ADD COLUMN {claim_id} INTEGER

-- name: add_column_effect
ALTER TABLE {table} ADD COLUMN {effect} INTEGER

-- name: add_column_effect_key
ALTER TABLE {table} ADD COLUMN {effect_key} TEXT

-- name: add_column_lease_until
ALTER TABLE {table} ADD COLUMN {lease_until} INTEGER

-- name: add_column_run_at
ALTER TABLE {table} ADD COLUMN {run_at} INTEGER NOT NULL DEFAULT 0

-- name: add_column_attempt
ALTER TABLE {table} ADD COLUMN {attempt} INTEGER NOT NULL DEFAULT 0

-- name: add_column_stop_wanted
ALTER TABLE {table} ADD COLUMN {stop_wanted} INTEGER NOT NULL DEFAULT FALSE

-- name: add_column_last_error
ALTER TABLE {table} ADD COLUMN {last_error} TEXT

-- name: backfill
UPDATE {table} AS t SET {status} = ?1
WHERE t.{status} IS NULL OR CAST(t.{status} AS TEXT) NOT IN (SELECT value FROM json_each(?2))

-- name: lease_claimed
UPDATE {table} AS t SET {lease_until} = fencepost_now() + 60000000
WHERE t.{status} = {w_claimed} AND t.{lease_until} IS NULL

-- name: busy_items
SELECT t.{status}, count(*) FROM {table} AS t
WHERE t.{status} IN ({w_claimed}, {w_sending}) OR (t.{effect} IS NOT NULL AND t.{status} <> {w_done})
GROUP BY t.{status}

-- name: concurrent_index
-- There is no such thing here.
SELECT ''

-- name: invalid_indexes
SELECT m.sql FROM sqlite_master AS m WHERE m.name = ?2 AND ?1 = 'none'
