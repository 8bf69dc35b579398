-- Videos.

-- name: video
-- $1 id
SELECT id, person_id, folder, path, size, modified, inode, media_type, title, sha256, duration_ms, width,
  height, probed_at, probe_error, version, created_at, removed_at FROM fencepost_videos WHERE id = $1

-- name: add_video
-- $1 person or NULL, $2 folder, $3 path, $4 size, $5 modified, $6 inode, $7 media type, $8 title. No row:
-- another has added it meanwhile.
INSERT INTO fencepost_videos (person_id, folder, path, size, modified, inode, media_type, title, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, fencepost_now())
ON CONFLICT DO NOTHING RETURNING id

-- name: videos_page
-- $1 behind this id, $2 how many, $3 person or NULL: everybody's, $4 folder or '': all
SELECT id, person_id, folder, path, size, modified, inode, media_type, title, sha256, duration_ms, width,
  height, probed_at, probe_error, version, created_at, removed_at FROM fencepost_videos
WHERE id > $1 AND removed_at IS NULL
  AND (CAST($3 AS BIGINT) IS NULL OR person_id IS NULL OR person_id = $3)
  AND (CAST($4 AS TEXT) = '' OR folder = $4)
ORDER BY id LIMIT $2

-- name: edit_video
-- $1 id, $2 the version that was seen, $3 title
UPDATE fencepost_videos SET title = $3, version = version + 1
WHERE id = $1 AND version = $2 AND removed_at IS NULL RETURNING version

-- name: drop_video
-- $1 id. Under the row's lock.
UPDATE fencepost_videos SET removed_at = fencepost_now(), version = version + 1
WHERE id = $1 AND removed_at IS NULL

-- name: store_probe
-- $1 id, $2 sha256 or NULL, $3 duration, $4 width, $5 height (or NULL), $6 error or NULL. The first who has
-- looked says it: whoever looks finds the same, as a row means certain bytes.
UPDATE fencepost_videos SET sha256 = CAST($2 AS TEXT), duration_ms = CAST($3 AS BIGINT),
  width = CAST($4 AS BIGINT), height = CAST($5 AS BIGINT), probe_error = CAST($6 AS TEXT),
  probed_at = fencepost_now(), version = version + 1
WHERE id = $1 AND probed_at IS NULL RETURNING id

-- name: give_probe
-- $1 id. Whoever had begun to look was told to end.
UPDATE fencepost_videos SET probe_until = 0, probes = probes - 1 WHERE id = $1 AND probed_at IS NULL
