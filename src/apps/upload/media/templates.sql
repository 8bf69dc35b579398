-- Templates of what is said of a channel's videos.

-- name: add_template
-- $1 channel, $2 language, $3 title, $4 description, $5 tags, $6 category, $7 and $8 thumbnail (or NULL). No
-- row: the channel has one of that language.
INSERT INTO fencepost_upload_templates (channel_id, language, title, description, tags, category,
  thumbnail_folder, thumbnail_path, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, fencepost_now())
ON CONFLICT DO NOTHING RETURNING id

-- name: edit_template
-- $1 id, $2 the version that was seen, then as above, but for channel and language, which stay
UPDATE fencepost_upload_templates SET title = $3, description = $4, tags = $5, category = $6,
  thumbnail_folder = $7, thumbnail_path = $8, version = version + 1
WHERE id = $1 AND version = $2 RETURNING version

-- name: delete_template
-- $1 id
DELETE FROM fencepost_upload_templates WHERE id = $1 RETURNING id

-- name: one_template
-- $1 id
SELECT id, channel_id, language, title, description, tags, category, thumbnail_folder, thumbnail_path,
  version, created_at FROM fencepost_upload_templates WHERE id = $1

-- name: templates_page
-- $1 behind this id, $2 how many, $3 channel or NULL: of all
SELECT id, channel_id, language, title, description, tags, category, thumbnail_folder, thumbnail_path,
  version, created_at FROM fencepost_upload_templates
WHERE id > $1 AND (CAST($3 AS BIGINT) IS NULL OR channel_id = $3) ORDER BY id LIMIT $2

-- name: template_for
-- $1 channel, $2 language, $3 the same without its region: the nearest
SELECT id, channel_id, language, title, description, tags, category, thumbnail_folder, thumbnail_path,
  version, created_at FROM fencepost_upload_templates
WHERE channel_id = $1 AND language IN ($2, $3, '')
ORDER BY CASE language WHEN $2 THEN 0 WHEN $3 THEN 1 ELSE 2 END LIMIT 1
