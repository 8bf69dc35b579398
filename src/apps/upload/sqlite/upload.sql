-- name: take_turn
-- Writers take turns anyway.
SELECT project_id FROM fencepost_upload_channels WHERE id = ?1

-- name: lock_channel
SELECT id FROM fencepost_upload_channels WHERE id = ?1

-- name: share_channel
SELECT enabled, connection_id FROM fencepost_upload_channels WHERE id = ?1

-- name: lock_project
SELECT id, name, profile, uploads, searches, units, warn_percent, version
FROM fencepost_quota_projects WHERE id = ?1

-- name: share_project
SELECT id, name, profile, uploads, searches, units, warn_percent, version
FROM fencepost_quota_projects WHERE id = ?1

-- name: share_project_of_channel
SELECT p.id, p.name, p.profile, p.uploads, p.searches, p.units, p.warn_percent, p.version
FROM fencepost_upload_channels AS c JOIN fencepost_quota_projects AS p ON p.id = c.project_id
WHERE c.id = ?1

-- name: videos_scheduled
SELECT u.video_id, u.id FROM fencepost_uploads AS u
WHERE u.video_id = ?1 AND u.channel_id = ?2 AND (u.status NOT IN ('failed', 'cancelled')
  OR u.effect IS NOT NULL)                                       --! video_effect => )

-- name: uploads
SELECT u.id, u.video_id, v.title, u.channel_id, c.name, u.kind, u.slot_at, u.publish_day, u.quota_day,
  u.run_at, u.title, u.description, u.tags, u.category, u.language, u.thumbnail_folder, u.thumbnail_path,
  u.made_for_kids, u.person_id, u.status, u.version, u.attempt, u.stop_wanted, u.last_error, u.post_id,
  u.post_url, u.uploaded_at, u.published_at, u.created_at, u.bytes_sent, v.size
FROM fencepost_uploads AS u JOIN fencepost_videos AS v ON v.id = u.video_id
  JOIN fencepost_upload_channels AS c ON c.id = u.channel_id
WHERE u.id = ?1

-- name: add_uploads
INSERT INTO fencepost_uploads (video_id, kind, slot_at, publish_day, quota_day, run_at, title, description,
  tags, category, language, thumbnail_folder, thumbnail_path, made_for_kids, channel_id, person_id,
  created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
  fencepost_now(), fencepost_now())
RETURNING id, video_id, (SELECT v.title FROM fencepost_videos AS v WHERE v.id = video_id), channel_id,
  (SELECT c.name FROM fencepost_upload_channels AS c WHERE c.id = channel_id), kind, slot_at, publish_day,
  quota_day, run_at, title, description, tags, category, language, thumbnail_folder, thumbnail_path,
  made_for_kids, person_id, status, version, attempt, stop_wanted, last_error, post_id, post_url, uploaded_at,
  published_at, created_at, bytes_sent, (SELECT v.size FROM fencepost_videos AS v WHERE v.id = video_id)

-- name: videos_at
SELECT folder, path, id FROM fencepost_videos WHERE folder = ?1 AND path = ?2 AND removed_at IS NULL

-- name: channels_of_uploads
-- Batch of id; in no order.
SELECT u.id, u.channel_id FROM fencepost_uploads AS u WHERE u.id = ?1

-- name: channels_of_people
-- Batch of person: those that each may schedule on; in no order.
SELECT p.person_id, p.channel_id FROM fencepost_upload_channel_people AS p WHERE p.person_id = ?1
