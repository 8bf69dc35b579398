-- What a backup says of a database.

-- name: count_rows
SELECT count(*) FROM {table} AS t
