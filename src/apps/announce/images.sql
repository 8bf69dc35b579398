-- Images: bytes are read one part at a time, everything else in batches (images_of).

-- name: add_image
-- $1 announcement, $2 position, $3 media type, $4 width, $5 height, $6 size, $7 sha256, $8 alt, $9 bytes
INSERT INTO fencepost_announcement_images (announcement_id, position, media_type, width, height, size, sha256,
  alt, created_at, bytes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, fencepost_now(), $9) RETURNING id

-- name: move_images
-- $1 announcement, $2 from this position, $3 up to that one, $4 by so many
UPDATE fencepost_announcement_images SET position = position + CAST($4 AS BIGINT)
WHERE announcement_id = $1 AND position BETWEEN $2 AND $3

-- name: change_image
-- $1 announcement, $2 image, $3 position, $4 alt
UPDATE fencepost_announcement_images SET position = $3, alt = $4 WHERE announcement_id = $1 AND id = $2
RETURNING id

-- name: remove_image
-- $1 announcement, $2 image
DELETE FROM fencepost_announcement_images WHERE announcement_id = $1 AND id = $2 RETURNING id

-- name: images_changed
-- $1 announcement, $2 the version that was seen. After Fence::edit, under its lock.
UPDATE fencepost_announcements SET version = version + 1, updated_at = fencepost_now()
WHERE id = $1 AND version = $2 AND status IN ('queued', 'failed', 'disabled') RETURNING version

-- name: image_bytes
-- $1 announcement, $2 image
SELECT media_type, bytes FROM fencepost_announcement_images WHERE announcement_id = $1 AND id = $2

-- name: linked_image
-- $1 announcement, $2 image, $3 claim: while that claim is at work.
SELECT i.media_type, i.bytes FROM fencepost_announcement_images AS i
  JOIN fencepost_announcements AS a ON a.id = i.announcement_id
WHERE a.id = $1 AND i.id = $2
  AND a.claim_id = $3                                              --! link_claim
  AND a.status IN ('claimed', 'sending')                           --! link_status

-- name: images_to_publish
-- $1 announcement
SELECT media_type, width, height, alt, bytes, id FROM fencepost_announcement_images
WHERE announcement_id = $1 ORDER BY position, id
