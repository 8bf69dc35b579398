-- Quota projects. Their buckets are the store's.

-- name: project
SELECT id, name, profile, uploads, searches, units, warn_percent, version
FROM fencepost_quota_projects WHERE id = $1

-- name: project_of_channel
-- $1 channel
SELECT p.id, p.name, p.profile, p.uploads, p.searches, p.units, p.warn_percent, p.version
FROM fencepost_upload_channels AS c JOIN fencepost_quota_projects AS p ON p.id = c.project_id
WHERE c.id = $1

-- name: project_named
SELECT id FROM fencepost_quota_projects WHERE name = $1

-- name: projects_page
-- $1 behind this id, $2 how many
SELECT id, name, profile, uploads, searches, units, warn_percent, version
FROM fencepost_quota_projects WHERE id > $1 ORDER BY id LIMIT $2

-- name: add_project
-- $1 name, $2 profile, $3 uploads, $4 searches, $5 units, $6 percent. No row: the name is taken.
INSERT INTO fencepost_quota_projects (name, profile, uploads, searches, units, warn_percent, created_at,
  updated_at)
VALUES ($1, $2, $3, $4, $5, $6, fencepost_now(), fencepost_now()) ON CONFLICT (name) DO NOTHING RETURNING id

-- name: write_project
-- $1 id, $2 the version that was seen, $3 profile, $4 uploads, $5 searches, $6 units, $7 percent
UPDATE fencepost_quota_projects SET profile = $3, uploads = $4, searches = $5, units = $6, warn_percent = $7,
  version = version + 1, updated_at = fencepost_now()
WHERE id = $1 AND version = $2 RETURNING version

-- name: warn_once
-- $1 scope, $2 name, $3 day. No row: somebody was warned of it.
INSERT INTO fencepost_quota_warnings (scope, name, time_window, at) VALUES ($1, $2, $3, fencepost_now())
ON CONFLICT DO NOTHING RETURNING at

-- name: bucket_days
-- $1 scope, $2 name, $3 from this day, $4 before this one
SELECT b.time_window, b.quota, b.used, CAST(coalesce(sum(CASE WHEN l.spent THEN l.amount END), 0) AS BIGINT)
FROM fencepost_buckets AS b
LEFT JOIN fencepost_ledger AS l ON l.time_window = b.time_window AND l.scope = b.scope AND l.name = b.name
WHERE b.scope = $1 AND b.name = $2 AND b.time_window >= $3 AND b.time_window < $4
GROUP BY b.time_window, b.quota, b.used

-- name: channel_calls
-- $1 channel, $2 from this day on: what is taken of the calls of its project.
SELECT b.scope, b.time_window, b.quota, b.used
FROM fencepost_upload_channels AS c JOIN fencepost_quota_projects AS p ON p.id = c.project_id
  JOIN fencepost_buckets AS b ON b.name = p.name AND b.scope LIKE 'youtube.%' AND b.time_window >= $2
WHERE c.id = $1
