-- name: take_turn
-- $1 channel. Who plans on channels of one quota project does so in the order in which they came: a row's
-- lock goes to whoever comes just when it is free, while those who have waited wake up; this one has a queue.
-- No promise stands on it.
SELECT pg_advisory_xact_lock(hashtextextended('fencepost quota project ' || project_id, 0))
FROM fencepost_upload_channels WHERE id = $1

-- name: lock_channel
SELECT id FROM fencepost_upload_channels WHERE id = $1
FOR NO KEY UPDATE                                                --! channel_plan_lock

-- name: share_channel
-- $1 id
SELECT enabled, connection_id FROM fencepost_upload_channels WHERE id = $1
FOR SHARE                                                        --! gate_channel_lock

-- name: lock_project
SELECT id, name, profile, uploads, searches, units, warn_percent, version
FROM fencepost_quota_projects WHERE id = $1 FOR NO KEY UPDATE

-- name: share_project
-- $1 id: its limits stay what they are until the transaction ends.
SELECT id, name, profile, uploads, searches, units, warn_percent, version
FROM fencepost_quota_projects WHERE id = $1
FOR SHARE                                                        --! project_share

-- name: share_project_of_channel
-- $1 channel, which is locked
SELECT p.id, p.name, p.profile, p.uploads, p.searches, p.units, p.warn_percent, p.version
FROM fencepost_upload_channels AS c JOIN fencepost_quota_projects AS p ON p.id = c.project_id
WHERE c.id = $1
FOR SHARE OF p                                                   --! plan_project_share

-- name: videos_scheduled
-- Batch of video, and behind it the channel: those that it has already, as the index fencepost_uploads_video
-- sees it.
SELECT u.video_id, u.id FROM unnest($1::bigint[]) AS s(id) JOIN fencepost_uploads AS u ON u.video_id = s.id
WHERE u.channel_id = $2 AND (u.status NOT IN ('failed', 'cancelled')
  OR u.effect IS NOT NULL)                                       --! video_effect => )

-- name: uploads
-- Batch of id; in no order.
SELECT u.id, u.video_id, v.title, u.channel_id, c.name, u.kind, u.slot_at, u.publish_day, u.quota_day,
  u.run_at, u.title, u.description, u.tags, u.category, u.language, u.thumbnail_folder, u.thumbnail_path,
  u.made_for_kids, u.person_id, u.status, u.version, u.attempt, u.stop_wanted, u.last_error, u.post_id,
  u.post_url, u.uploaded_at, u.published_at, u.created_at, u.bytes_sent, v.size
FROM unnest($1::bigint[]) AS s(id) JOIN fencepost_uploads AS u ON u.id = s.id
  JOIN fencepost_videos AS v ON v.id = u.video_id
  JOIN fencepost_upload_channels AS c ON c.id = u.channel_id

-- name: add_uploads
-- Batch, and behind it the channel and the person; answers what `uploads` does.
INSERT INTO fencepost_uploads (video_id, kind, slot_at, publish_day, quota_day, run_at, title, description,
  tags, category, language, thumbnail_folder, thumbnail_path, made_for_kids, channel_id, person_id,
  created_at, updated_at)
SELECT s.*, $15::bigint, $16::bigint, fencepost_now(), fencepost_now()
FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::text[],
  $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::boolean[]) AS s
RETURNING id, video_id, (SELECT v.title FROM fencepost_videos AS v WHERE v.id = video_id), channel_id,
  (SELECT c.name FROM fencepost_upload_channels AS c WHERE c.id = channel_id), kind, slot_at, publish_day,
  quota_day, run_at, title, description, tags, category, language, thumbnail_folder, thumbnail_path,
  made_for_kids, person_id, status, version, attempt, stop_wanted, last_error, post_id, post_url, uploaded_at,
  published_at, created_at, bytes_sent, (SELECT v.size FROM fencepost_videos AS v WHERE v.id = video_id)

-- name: videos_at
-- Batch of folder and path
SELECT v.folder, v.path, v.id FROM unnest($1::text[], $2::text[]) AS s(folder, path)
JOIN fencepost_videos AS v ON v.folder = s.folder AND v.path = s.path AND v.removed_at IS NULL

-- name: channels_of_uploads
-- Batch of id; in no order.
SELECT u.id, u.channel_id FROM unnest($1::bigint[]) AS s(id) JOIN fencepost_uploads AS u ON u.id = s.id

-- name: channels_of_people
-- Batch of person: those that each may schedule on; in no order.
SELECT p.person_id, p.channel_id
FROM unnest($1::bigint[]) AS s(id) JOIN fencepost_upload_channel_people AS p ON p.person_id = s.id
