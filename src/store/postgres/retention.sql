-- name: lock_finished
-- $1 a JSON array of keys. In a statement of its own: the next one reads after the locks are there.
SELECT t.{key}::text FROM {table} AS t
JOIN jsonb_array_elements_text($1::jsonb) AS s(item) ON t.{key} = {k_item}
WHERE t.{status} IN ({w_done}, {w_failed}, {w_stopped})          --! retention_status => WHERE TRUE
ORDER BY t.{key} FOR UPDATE OF t SKIP LOCKED

-- name: delete_finished
-- $1 a JSON array of locked keys, $2 µs. Finished, and for that long.
DELETE FROM {table} AS t USING jsonb_array_elements_text($1::jsonb) AS s(item), fencepost_finished AS f
WHERE t.{key} = {k_item} AND f.queue = {queue} AND f.item = s.item AND f.at <= fencepost_now() - $2::bigint
  AND t.{status} IN ({w_done}, {w_failed}, {w_stopped})          --! retention_status
  AND NOT EXISTS (SELECT 1 FROM fencepost_effects AS e
    WHERE e.claim = t.{effect} AND (e.outcome IS NULL OR e.outcome = 'unknown'))
RETURNING t.{key}::text, t.{fence}, t.{status}::text

-- name: drop_finished
-- $1 a JSON array of keys: what is finished no more, or gone, is forgotten.
DELETE FROM fencepost_finished AS f USING jsonb_array_elements_text($1::jsonb) AS s(item)
WHERE f.queue = {queue} AND f.item = s.item AND NOT EXISTS (SELECT 1 FROM {table} AS t
  WHERE t.{key} = {k_item} AND t.{status} IN ({w_done}, {w_failed}, {w_stopped}))

-- name: postpone_finished
-- $1 a JSON array of keys: the table refuses to let them go (a foreign key), or somebody holds them.
UPDATE fencepost_finished AS f SET at = fencepost_now() FROM jsonb_array_elements_text($1::jsonb) AS s(item)
WHERE f.queue = {queue} AND f.item = s.item
