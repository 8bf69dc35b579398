-- Texts that a model writes. The state and the version of the announcement stand on each write of it: what it
-- became meanwhile is never overwritten.

-- name: ask_text
-- $1 announcement, $2 who. No row: nothing of it may be written any more, or its present version has been
-- asked for.
INSERT INTO fencepost_texts (announcement_id, announcement_version, asked_by, run_at, created_at)
SELECT a.id, a.version, CAST($2 AS TEXT), fencepost_now(), fencepost_now()
FROM fencepost_announcements AS a
WHERE a.id = $1 AND a.episode_id IS NOT NULL AND a.status IN ('queued', 'failed', 'disabled')
  AND a.effect IS NULL
ON CONFLICT (announcement_id, announcement_version) DO NOTHING RETURNING id

-- name: text_of
-- $1 announcement: its state, and what was asked for in its present version, if anything.
SELECT a.status, a.effect IS NOT NULL, a.episode_id IS NOT NULL, t.id, t.text
FROM fencepost_announcements AS a LEFT JOIN fencepost_texts AS t
  ON t.announcement_id = a.id AND t.announcement_version = a.version
WHERE a.id = $1

-- name: text_state
-- $1 text
SELECT status, last_error FROM fencepost_texts WHERE id = $1

-- name: plan_texts
-- $1 µs before the start, $2 how many: those that are to be written ahead, the first to start first. What an
-- admin has approved stays as it was approved.
INSERT INTO fencepost_texts (announcement_id, announcement_version, asked_by, ahead, run_at, created_at)
SELECT a.id, a.version, 'ahead of the start', TRUE, fencepost_now(), fencepost_now()
FROM fencepost_announcements AS a JOIN fencepost_episodes AS e ON e.id = a.episode_id
  JOIN fencepost_shows AS s ON s.id = e.show_id
WHERE a.write_ahead AND a.status = 'queued' AND a.effect IS NULL AND a.text = ''
  AND a.generated_text IS NULL AND a.approved_version IS DISTINCT FROM a.version
  AND e.status = 'scheduled' AND e.starts_at <= fencepost_now() + CAST($1 AS BIGINT) AND s.enabled
  AND NOT EXISTS (SELECT 1 FROM fencepost_texts AS t
    WHERE t.announcement_id = a.id AND t.announcement_version = a.version)
ORDER BY e.starts_at, a.id LIMIT $2
ON CONFLICT (announcement_id, announcement_version) DO NOTHING RETURNING id

-- name: text_to_write
-- $1 text: what it is made of, and whether it is still wanted.
SELECT t.text, t.announcement_id, t.announcement_version, t.ahead, t.asked_by,
  a.version = t.announcement_version AND a.status IN ('queued', 'failed', 'disabled') AND a.effect IS NULL,
  e.title, e.number, e.notes, e.topics, s.name, s.description, p.name, m.style, c.platform
FROM fencepost_texts AS t JOIN fencepost_announcements AS a ON a.id = t.announcement_id
  JOIN fencepost_connections AS c ON c.id = a.connection_id
  JOIN fencepost_episodes AS e ON e.id = a.episode_id JOIN fencepost_shows AS s ON s.id = e.show_id
  LEFT JOIN fencepost_people AS p ON p.id = a.host_id
  LEFT JOIN fencepost_show_members AS m ON m.show_id = s.id AND m.person_id = a.host_id
WHERE t.id = $1

-- name: keep_text
-- $1 text, $2 what the model wrote, $3 which.
-- unfenced: it was paid for, and answers the same question whoever has the item by now.
UPDATE fencepost_texts SET text = $2, model = $3 WHERE id = $1 AND text IS NULL

-- name: put_text
-- $1 announcement, $2 the version that it was asked for, $3 the text, $4 whether nobody asked. Under the
-- locks of show and episode. No row: it was edited, claimed, posted or approved meanwhile.
UPDATE fencepost_announcements
SET generated_text = $3, version = version + 1, updated_at = fencepost_now()
WHERE id = $1 AND effect IS NULL
  AND version = $2                                                 --! text_version
  AND status IN ('queued', 'failed', 'disabled')                   --! text_status
  AND (NOT CAST($4 AS BOOLEAN) OR approved_version IS DISTINCT FROM version)  --! text_approved
RETURNING id

-- name: write_ahead
-- $1 announcement, $2 whether. What goes out is not changed by it.
UPDATE fencepost_announcements SET write_ahead = $2, updated_at = fencepost_now()
WHERE id = $1 AND episode_id IS NOT NULL AND status IN ('queued', 'claimed', 'failed', 'disabled')
RETURNING id

-- name: style_of_host
-- $1 announcement, $2 how its host wants to sound in its show.
UPDATE fencepost_show_members SET style = $2
WHERE person_id = (SELECT host_id FROM fencepost_announcements WHERE id = $1)
  AND show_id = (SELECT e.show_id FROM fencepost_announcements AS a JOIN fencepost_episodes AS e
    ON e.id = a.episode_id WHERE a.id = $1)
RETURNING show_id
