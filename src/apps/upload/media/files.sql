-- What comes by tus. `received` is written by whoever holds the lock of the file on disk.

-- name: add_usage
-- $1 owner. So that there is a row to lock.
INSERT INTO fencepost_media_usage (owner) VALUES ($1) ON CONFLICT DO NOTHING

-- name: take_usage
-- $1 owner, $2 bytes, $3 the most. No row: it would be more.
UPDATE fencepost_media_usage SET reserved = reserved + CAST($2 AS BIGINT)
WHERE owner = $1
  AND reserved + CAST($2 AS BIGINT) <= CAST($3 AS BIGINT)         --! media_usage
RETURNING reserved

-- name: give_usage
-- $1 owner, $2 bytes
UPDATE fencepost_media_usage SET reserved = reserved - CAST($2 AS BIGINT) WHERE owner = $1

-- name: bytes_to_come
SELECT CAST(coalesce(sum(total - received), 0) AS BIGINT) FROM fencepost_media_files
WHERE finished_at IS NULL AND removed_at IS NULL

-- name: add_file
-- $1 id, $2 person or NULL, $3 name, $4 metadata, $5 total, $6 how long it may take, in µs
INSERT INTO fencepost_media_files (id, person_id, name, metadata, total, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, fencepost_now(), fencepost_now() + CAST($6 AS BIGINT))

-- name: file
-- $1 id. `over`: unfinished and past its time.
SELECT id, person_id, name, metadata, total, received, created_at, expires_at, finished_at, media_type,
  video_id, finished_at IS NULL AND expires_at <= fencepost_now() AS over
FROM fencepost_media_files WHERE id = $1 AND removed_at IS NULL

-- name: store_received
-- $1 id, $2 as it was, $3 bytes on disk now, $4 the life anew, in µs. No row: it was removed, or somebody
-- else writes to it.
UPDATE fencepost_media_files SET received = CAST($3 AS BIGINT),
  expires_at = fencepost_now() + CAST($4 AS BIGINT)
WHERE id = $1 AND finished_at IS NULL AND removed_at IS NULL
  AND received = CAST($2 AS BIGINT)                               --! media_received
RETURNING id

-- name: finish_file
-- $1 id, $2 as it was, $3 media type, $4 video or NULL
UPDATE fencepost_media_files SET received = total, finished_at = fencepost_now(), media_type = $3,
  video_id = CAST($4 AS BIGINT)
WHERE id = $1 AND finished_at IS NULL AND removed_at IS NULL AND received = CAST($2 AS BIGINT) RETURNING id

-- name: drop_file
-- $1 id. Whole ones that are videos go with their video.
UPDATE fencepost_media_files SET removed_at = fencepost_now()
WHERE id = $1 AND removed_at IS NULL AND video_id IS NULL RETURNING person_id, total

-- name: drop_file_of_video
-- $1 video
UPDATE fencepost_media_files SET removed_at = fencepost_now()
WHERE video_id = $1 AND removed_at IS NULL RETURNING person_id, total

-- name: expired_files
-- $1 how many
SELECT id FROM fencepost_media_files
WHERE finished_at IS NULL AND removed_at IS NULL AND expires_at <= fencepost_now()
ORDER BY expires_at LIMIT $1

-- name: drop_expired
-- $1 id. Not one that has grown meanwhile.
UPDATE fencepost_media_files SET removed_at = fencepost_now()
WHERE id = $1 AND finished_at IS NULL AND removed_at IS NULL AND expires_at <= fencepost_now()
RETURNING person_id, total

-- name: removed_files
-- $1 how many
SELECT id FROM fencepost_media_files WHERE removed_at IS NOT NULL ORDER BY removed_at LIMIT $1

-- name: forget_file
-- $1 id, whose bytes are gone from the disk
DELETE FROM fencepost_media_files WHERE id = $1 AND removed_at IS NOT NULL
