-- ?1 is nothing here, ?2 a table.

-- name: doctor_triggers
SELECT m.name, 1, m.name, m.sql FROM sqlite_master AS m
WHERE m.type = 'trigger' AND m.tbl_name = ?2 AND ?1 = '' AND m.name LIKE 'fencepost\_%' ESCAPE '\'

-- name: doctor_indexes
-- name, valid, its plain columns, whether it is partial.
SELECT m.name, 1,
  coalesce((SELECT group_concat(k.name, ', ') FROM (
    SELECT i.name FROM pragma_index_info(m.name) AS i WHERE i.name IS NOT NULL ORDER BY i.seqno) AS k), ''),
  coalesce((SELECT l.partial FROM pragma_index_list(?2) AS l WHERE l.name = m.name), 0)
FROM sqlite_master AS m WHERE m.type = 'index' AND m.tbl_name = ?2 AND ?1 = ''

-- name: doctor_drop_index
SELECT printf('DROP INDEX IF EXISTS "%w"', ?3) WHERE ?1 = '' AND ?2 IS NOT NULL

-- name: doctor_table
-- A REPLACE through a second unique key deletes a row, and no trigger sees it.
SELECT 'replace_danger', count(*) FROM pragma_index_list(?2) AS x
WHERE x."unique" AND x.origin <> 'pk' AND ?1 = '' HAVING count(*) > 0
UNION ALL
SELECT 'ids_reused', 0 FROM pragma_table_info(?2) AS c
WHERE c.pk = 1 AND upper(c.type) = 'INTEGER' AND NOT EXISTS (SELECT 1 FROM sqlite_master AS m
  WHERE m.name = ?2 AND lower(m.sql) LIKE '%autoincrement%')

-- name: doctor_server
SELECT 'none' WHERE 1 = 0
