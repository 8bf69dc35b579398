-- Channels that videos are uploaded to.

-- name: channel
SELECT c.id, c.name, c.connection_id, k.name, c.youtube_channel, c.zone, c.limits, c.daily_max, c.slot_times,
  c.capacity, c.horizon_days, c.lead_minutes, c.project_id, c.enabled, c.version, c.created_at
FROM fencepost_upload_channels AS c JOIN fencepost_connections AS k ON k.id = c.connection_id
WHERE c.id = $1

-- name: channels_page
-- $1 behind this id, $2 how many, $3 a person who may schedule there, or NULL: any
SELECT c.id, c.name, c.connection_id, k.name, c.youtube_channel, c.zone, c.limits, c.daily_max, c.slot_times,
  c.capacity, c.horizon_days, c.lead_minutes, c.project_id, c.enabled, c.version, c.created_at
FROM fencepost_upload_channels AS c JOIN fencepost_connections AS k ON k.id = c.connection_id
WHERE c.id > $1 AND (CAST($3 AS BIGINT) IS NULL OR EXISTS (SELECT 1 FROM fencepost_upload_channel_people AS p
  WHERE p.channel_id = c.id AND p.person_id = $3))
ORDER BY c.id LIMIT $2

-- name: channel_named
SELECT id FROM fencepost_upload_channels WHERE name = $1

-- name: people_of_channel
SELECT person_id FROM fencepost_upload_channel_people WHERE channel_id = $1 ORDER BY person_id

-- name: is_of_channel
-- $1 channel, $2 person
SELECT 1 FROM fencepost_upload_channel_people WHERE channel_id = $1 AND person_id = $2

-- name: drop_people_of_channel
DELETE FROM fencepost_upload_channel_people WHERE channel_id = $1

-- name: add_person_of_channel
-- $1 channel, $2 person. No row: there is no such person.
INSERT INTO fencepost_upload_channel_people (channel_id, person_id)
SELECT CAST($1 AS BIGINT), p.id FROM fencepost_people AS p WHERE p.id = $2 AND p.removed_at IS NULL
RETURNING person_id

-- name: add_channel
INSERT INTO fencepost_upload_channels (name, connection_id, youtube_channel, zone, limits, daily_max,
  slot_times, capacity, horizon_days, lead_minutes, project_id, enabled, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, fencepost_now(), fencepost_now())
ON CONFLICT (name) DO NOTHING RETURNING id

-- name: write_channel
-- $13 id. Under the row's lock.
UPDATE fencepost_upload_channels SET name = $1, connection_id = $2, youtube_channel = $3, zone = $4,
  limits = $5, daily_max = $6, slot_times = $7, capacity = $8, horizon_days = $9, lead_minutes = $10,
  project_id = $11, enabled = $12, version = version + 1, updated_at = fencepost_now()
WHERE id = $13

-- name: channel_waits
-- $1 channel: has uploads whose place is still to come. An effect keeps its place, whatever the word says.
SELECT 1 FROM fencepost_uploads
WHERE channel_id = $1 AND slot_at > fencepost_now() AND (status NOT IN ('failed', 'cancelled')
  OR effect IS NOT NULL)                                         --! zone_effect => )
LIMIT 1

-- name: channel_days
-- $1 channel, $2 from this day, $3 up to this one: what is taken of its publish days.
SELECT scope, time_window, quota, used FROM fencepost_buckets
WHERE name = $1 AND scope LIKE 'upload.day%' AND time_window >= $2 AND time_window <= $3

-- name: channel_seats
-- $1 the channel's name of seats, $2 from this slot on
SELECT slot_at, count(*) FROM fencepost_slots WHERE channel = $1 AND slot_at >= $2 GROUP BY slot_at

-- name: channel_slots_from
-- $1 the channel's name of seats, $2 from this slot on: those that have a bucket
SELECT DISTINCT slot_at FROM fencepost_slots WHERE channel = $1 AND slot_at >= $2

-- name: people_of_channels
-- $1 and $2: of the channels from this id up to that one
SELECT channel_id, person_id FROM fencepost_upload_channel_people
WHERE channel_id >= $1 AND channel_id <= $2 ORDER BY channel_id, person_id
