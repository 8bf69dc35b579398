-- name: lock_finished
-- ?1 a JSON array of keys. The transaction holds the only write lock there is.
SELECT t.{key} FROM {table} AS t JOIN (SELECT value AS item FROM json_each(?1)) AS s ON t.{key} = {k_item}
WHERE t.{status} IN ({w_done}, {w_failed}, {w_stopped})          --! retention_status => WHERE TRUE
ORDER BY t.{key}

-- name: delete_finished
-- ?1 a JSON array of locked keys, ?2 µs. Finished, and for that long.
DELETE FROM {table} AS t
WHERE t.{key} IN (SELECT {k_item} FROM (SELECT value AS item FROM json_each(?1)) AS s
    JOIN fencepost_finished AS f ON f.queue = {queue} AND f.item = s.item AND f.at <= fencepost_now() - ?2)
  AND t.{status} IN ({w_done}, {w_failed}, {w_stopped})          --! retention_status
  AND NOT EXISTS (SELECT 1 FROM fencepost_effects AS e
    WHERE e.claim = t.{effect} AND (e.outcome IS NULL OR e.outcome = 'unknown'))
RETURNING {key}, {fence}, {status}

-- name: drop_finished
-- ?1 a JSON array of keys: what is finished no more, or gone, is forgotten.
DELETE FROM fencepost_finished AS f
WHERE f.queue = {queue} AND f.item IN (SELECT s.item FROM (SELECT value AS item FROM json_each(?1)) AS s
  WHERE NOT EXISTS (SELECT 1 FROM {table} AS t
    WHERE t.{key} = {k_item} AND t.{status} IN ({w_done}, {w_failed}, {w_stopped})))

-- name: postpone_finished
-- ?1 a JSON array of keys: the table refuses to let them go (a foreign key), or somebody holds them.
UPDATE fencepost_finished SET at = fencepost_now()
WHERE queue = {queue} AND item IN (SELECT value FROM json_each(?1))

-- name: lock_old_buckets
-- ?1 the first day that is kept, ?2 the same as slots are named, ?3 how many. The transaction holds the only
-- write lock there is.
SELECT scope, name, time_window FROM fencepost_buckets
WHERE (time_window >= '0'
    AND time_window < ?1                                         --! retention_window => AND ?1 <> ''
  ) OR (time_window >= '~0' AND time_window < ?2)
ORDER BY time_window, scope, name LIMIT ?3

-- name: drop_old_seats
DELETE FROM fencepost_slots WHERE ?1 = 'slot' AND channel = ?2 AND (queue, item) IN (
  SELECT queue, item FROM fencepost_ledger WHERE time_window = ?3 AND scope = ?1 AND name = ?2)

-- name: drop_old_takes
DELETE FROM fencepost_ledger WHERE time_window = ?3 AND scope = ?1 AND name = ?2

-- name: drop_old_buckets
DELETE FROM fencepost_buckets WHERE time_window = ?3 AND scope = ?1 AND name = ?2
