-- Uploads: what people see and change of them. The protocol's columns are the store's to write.

-- name: uploads_page
-- $1 before this id, $2 how many, $3 channel or NULL, $4 a person who may schedule there or NULL, $5 and $6
-- words or NULL, $7 whether those that are uploaded are public
SELECT u.id FROM fencepost_uploads AS u
WHERE u.id < $1 AND (CAST($3 AS BIGINT) IS NULL OR u.channel_id = $3)
  AND (CAST($4 AS BIGINT) IS NULL OR EXISTS (SELECT 1 FROM fencepost_upload_channel_people AS p
    WHERE p.channel_id = u.channel_id AND p.person_id = $4))
  AND (CAST($5 AS TEXT) IS NULL OR (u.status IN ($5, $6)
    AND (u.status <> 'uploaded' OR (u.published_at IS NOT NULL) = CAST($7 AS BOOLEAN))))
ORDER BY u.id DESC LIMIT $2

-- name: uploads_between
-- $1 channel, $2 from this slot, $3 before this one
SELECT id FROM fencepost_uploads
WHERE channel_id = $1 AND slot_at >= $2 AND slot_at < $3 AND status NOT IN ('failed', 'cancelled')
ORDER BY slot_at, id

-- name: needs_video
-- $1 video. What another program has cancelled behind its gate may still be sending it.
SELECT 1 FROM fencepost_uploads
WHERE video_id = $1 AND status <> 'uploaded' AND (status NOT IN ('failed', 'cancelled')
  OR effect IS NOT NULL)                                         --! video_needed => )
LIMIT 1

-- name: channel_of_upload
-- $1 id. It never changes.
SELECT channel_id FROM fencepost_uploads WHERE id = $1

-- name: move_upload
-- $1 id, $2 slot, $3 publish day, $4 quota day, $5 run_at. Under the item's lock.
UPDATE fencepost_uploads SET slot_at = $2, publish_day = $3, quota_day = $4, run_at = $5,
  version = version + 1, updated_at = fencepost_now()
WHERE id = $1 AND status = 'scheduled' AND effect IS NULL RETURNING version

-- name: write_metadata
-- $1 id, $2 the version that was seen, and what YouTube is told. Under the item's lock.
UPDATE fencepost_uploads SET title = $3, description = $4, tags = $5, category = $6, language = $7,
  thumbnail_folder = $8, thumbnail_path = $9, made_for_kids = $10, version = version + 1,
  updated_at = fencepost_now()
WHERE id = $1 AND version = $2 AND status IN ('scheduled', 'failed', 'cancelled') RETURNING version

-- name: set_uploaded
-- $1 id, $2 YouTube's id, $3 its address. In the transaction that settles, after the item was written.
UPDATE fencepost_uploads
SET uploaded_at = coalesce(
    (SELECT e.begun FROM fencepost_effects AS e WHERE e.claim = fencepost_uploads.effect), fencepost_now()),
  post_id = $2, post_url = $3, updated_at = fencepost_now()
WHERE id = $1 AND status = 'uploaded'

-- name: set_published
-- $1 id, $2 when
UPDATE fencepost_uploads SET published_at = $2, updated_at = fencepost_now()
WHERE id = $1 AND status = 'uploaded' AND published_at IS NULL RETURNING id

-- name: place_of_upload
-- $1 id: what its gate asks for.
SELECT channel_id, slot_at, publish_day, kind FROM fencepost_uploads WHERE id = $1

-- name: seat_held
-- $1 the channel's name of seats, $2 slot, $3 item
SELECT 1 FROM fencepost_slots WHERE channel = $1 AND slot_at = $2 AND queue = 'uploads' AND item = $3

-- name: take_held
-- $1 item, $2 scope, $3 name, $4 day
SELECT 1 FROM fencepost_ledger WHERE queue = 'uploads' AND item = $1 AND scope = $2 AND name = $3
  AND time_window = $4 AND purpose = 'publish'

-- name: last_attempt
-- $1 item, $2 purpose
SELECT max(attempt) FROM fencepost_ledger WHERE queue = 'uploads' AND item = $1 AND purpose = $2

-- name: uploads_now
-- What is due, late (by more than a minute), under way, unknown, and when the next one is due.
SELECT count(CASE WHEN q.run_at <= n.now THEN 1 END),
  count(CASE WHEN q.run_at <= n.now - 60000000 THEN 1 END),
  (SELECT count(*) FROM fencepost_uploads AS s
    WHERE s.status IN ('uploading', 'finishing') AND s.lease_until IS NOT NULL),
  (SELECT count(*) FROM fencepost_uploads AS u WHERE u.status = 'unknown'),
  min(CASE WHEN q.run_at > n.now THEN q.run_at END)
FROM (SELECT fencepost_now() AS now) AS n LEFT JOIN fencepost_uploads AS q
  ON q.status = 'scheduled' AND q.effect IS NULL
