-- name: hold_videos
-- Batch of id. Nobody removes them before this transaction ends.
SELECT id, person_id, folder, path, size, modified, inode, media_type, title, sha256, duration_ms, width,
  height, probed_at, probe_error, version, created_at, removed_at FROM fencepost_videos
WHERE id = ANY($1::bigint[]) AND removed_at IS NULL ORDER BY id
  FOR SHARE                                                       --! video_hold

-- name: lock_video
-- $1 id
SELECT id FROM fencepost_videos WHERE id = $1 AND removed_at IS NULL FOR UPDATE

-- name: lock_video_at
-- $1 folder, $2 path
SELECT id, person_id, folder, path, size, modified, inode, media_type, title, sha256, duration_ms, width,
  height, probed_at, probe_error, version, created_at, removed_at FROM fencepost_videos
WHERE folder = $1 AND path = $2 AND removed_at IS NULL FOR UPDATE

-- name: take_probe
-- $1 how long nobody else looks, in µs; $2 the most looks at one
UPDATE fencepost_videos SET probe_until = fencepost_now() + CAST($1 AS BIGINT), probes = probes + 1
WHERE id = (SELECT id FROM fencepost_videos WHERE probed_at IS NULL AND removed_at IS NULL
    AND probe_until <= fencepost_now() ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, probes > CAST($2 AS BIGINT)
