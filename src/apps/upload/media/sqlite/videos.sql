-- The caller's transaction holds the only write lock there is.

-- name: hold_videos
SELECT id, person_id, folder, path, size, modified, inode, media_type, title, sha256, duration_ms, width,
  height, probed_at, probe_error, version, created_at, removed_at FROM fencepost_videos
WHERE id = ?1 AND removed_at IS NULL

-- name: lock_video
SELECT id FROM fencepost_videos WHERE id = ?1 AND removed_at IS NULL

-- name: lock_video_at
SELECT id, person_id, folder, path, size, modified, inode, media_type, title, sha256, duration_ms, width,
  height, probed_at, probe_error, version, created_at, removed_at FROM fencepost_videos
WHERE folder = ?1 AND path = ?2 AND removed_at IS NULL

-- name: take_probe
-- ?1 how long nobody else looks, in µs; ?2 the most looks at one
UPDATE fencepost_videos SET probe_until = fencepost_now() + ?1, probes = probes + 1
WHERE id = (SELECT id FROM fencepost_videos WHERE probed_at IS NULL AND removed_at IS NULL
    AND probe_until <= fencepost_now() ORDER BY id LIMIT 1)
RETURNING id, probes > ?2
