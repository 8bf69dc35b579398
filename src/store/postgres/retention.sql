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

-- name: lock_old_buckets
-- $1 the first day that is kept, $2 the same as slots are named, $3 how many. In the order of locks; what
-- somebody takes of now is passed over.
SELECT scope, name, time_window FROM fencepost_buckets
WHERE (time_window COLLATE "C" >= '0'
    AND time_window COLLATE "C" < $1                             --! retention_window => AND $1 <> ''
  ) OR (time_window COLLATE "C" >= '~0' AND time_window COLLATE "C" < $2)
ORDER BY time_window COLLATE "C", scope COLLATE "C", name COLLATE "C" LIMIT $3
FOR UPDATE SKIP LOCKED                                           --! retention_bucket_lock

-- name: drop_old_seats
-- Batch of scope, name and window, locked: whoever has a take in a slot's bucket has its seat there.
DELETE FROM fencepost_slots AS s
USING unnest($1::text[], $2::text[], $3::text[]) AS b(scope, name, time_window), fencepost_ledger AS l
WHERE b.scope = 'slot' AND l.time_window = b.time_window AND l.scope = b.scope AND l.name = b.name
  AND s.queue = l.queue AND s.item = l.item AND s.channel = l.name

-- name: drop_old_takes
-- Batch of scope, name and window, locked
DELETE FROM fencepost_ledger AS l
USING unnest($1::text[], $2::text[], $3::text[]) AS b(scope, name, time_window)
WHERE l.time_window = b.time_window AND l.scope = b.scope AND l.name = b.name

-- name: drop_old_buckets
-- Batch of scope, name and window, locked; without a row of the ledger, which the foreign key sees to.
DELETE FROM fencepost_buckets AS o
USING unnest($1::text[], $2::text[], $3::text[]) AS b(scope, name, time_window)
WHERE o.time_window = b.time_window AND o.scope = b.scope AND o.name = b.name
