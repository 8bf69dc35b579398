-- name: columns
-- ?1 the table's name in quotes, ?2 as it is: its columns; no rows where there is no such table.
SELECT name FROM pragma_table_info(?2)
