-- name: columns
-- $1 the table's name in quotes, $2 as it is: its columns; no rows where there is no such table.
SELECT a.attname::text FROM pg_attribute AS a
WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped AND $2::text IS NOT NULL
