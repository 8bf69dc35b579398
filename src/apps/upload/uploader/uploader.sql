-- How uploads leave, and what becomes of them. The protocol's columns are the store's to write.

-- name: to_upload
-- $1 id: what render() and look() need, and the time it was read at.
SELECT u.video_id, u.channel_id, c.connection_id, c.project_id, c.enabled, u.slot_at, u.title, u.description,
  u.tags, u.category, u.language, u.made_for_kids, s.number, s.draft, s.session, s.opened_at,
  fencepost_now(), u.last_error, c.name, s.last_piece
FROM fencepost_uploads AS u JOIN fencepost_upload_channels AS c ON c.id = u.channel_id
  LEFT JOIN fencepost_upload_sessions AS s ON s.upload_id = u.id
WHERE u.id = $1

-- name: note_progress
-- $1 id, $2 claim, $3 fence, $4 bytes. Answers how long its slot is away. No row: the claim is not ours any
-- more, and nothing more may leave.
UPDATE fencepost_uploads SET bytes_sent = $4
WHERE id = $1
  AND claim_id = $2                                              --! progress_claim
  AND fence = $3                                                 --! progress_fence
  AND status = 'uploading' RETURNING slot_at - fencepost_now()

-- name: lock_claimed
-- $1 id, $2 claim, $3 fence: locked by a write that changes nothing. No row: the claim is not ours any more.
UPDATE fencepost_uploads SET bytes_sent = bytes_sent
WHERE id = $1 AND claim_id = $2 AND fence = $3 AND status = 'uploading' RETURNING id

-- name: all_sent
-- $1 id, $2 bytes. In the transaction that settles, after the item was written.
UPDATE fencepost_uploads SET bytes_sent = $2 WHERE id = $1 AND status = 'uploaded'

-- name: begin_session
-- $1 upload, $2 what it is for. Answers its number. Under the item's lock. No row: the last piece of the
-- session before may have left, and a byte that still travels would make a second video beside this one's.
INSERT INTO fencepost_upload_sessions (upload_id, number, draft, opened_at)
VALUES ($1, 1, $2, fencepost_now())
ON CONFLICT (upload_id) DO UPDATE SET number = fencepost_upload_sessions.number + 1, draft = excluded.draft,
  session = NULL, opened_at = excluded.opened_at
WHERE NOT fencepost_upload_sessions.last_piece                   --! session_last_piece => WHERE TRUE
RETURNING number

-- name: mark_last_piece
-- $1 upload, $2 number. In the gate's transaction.
UPDATE fencepost_upload_sessions SET last_piece = TRUE WHERE upload_id = $1 AND number = $2

-- name: unmark_last_piece
-- $1 upload
UPDATE fencepost_upload_sessions SET last_piece = FALSE WHERE upload_id = $1

-- name: keep_session
-- $1 upload, $2 number, $3 sealed. Under the item's lock.
UPDATE fencepost_upload_sessions SET session = $3 WHERE upload_id = $1 AND number = $2

-- name: sealed_sessions_page
-- $1 behind this upload, $2 how many
SELECT upload_id, session, number FROM fencepost_upload_sessions
WHERE upload_id > $1 AND session IS NOT NULL ORDER BY upload_id LIMIT $2

-- name: open_sessions_page
-- $1 behind this upload, $2 how many: of uploads that may still go on
SELECT s.upload_id, s.session, s.number
FROM fencepost_upload_sessions AS s JOIN fencepost_uploads AS u ON u.id = s.upload_id
WHERE s.upload_id > $1 AND s.session IS NOT NULL AND u.status NOT IN ('uploaded', 'cancelled')
ORDER BY s.upload_id LIMIT $2

-- name: forget_session
-- $1 upload, $2 number: it has become a video.
UPDATE fencepost_upload_sessions SET session = NULL WHERE upload_id = $1 AND number = $2

-- name: watch_publication
-- $1 upload. Its thumbnail at once, where it has one.
INSERT INTO fencepost_publications (upload_id, run_at)
SELECT id, CASE WHEN thumbnail_path IS NULL THEN slot_at ELSE fencepost_now() END
FROM fencepost_uploads WHERE id = $1
ON CONFLICT (upload_id) DO NOTHING

-- name: lock_upload
-- $1 upload: locked by a write that changes nothing, since who counts a call for it must hold it.
UPDATE fencepost_uploads SET post_id = post_id WHERE id = $1 AND status = 'uploaded'

-- name: to_watch
-- $1 publication
SELECT u.id, u.post_id, u.slot_at, u.published_at, u.person_id, c.connection_id, c.project_id,
  u.thumbnail_folder, u.thumbnail_path, p.thumbnail_at, p.thumbnail_tries, p.told_at, fencepost_now()
FROM fencepost_publications AS p JOIN fencepost_uploads AS u ON u.id = p.upload_id
  JOIN fencepost_upload_channels AS c ON c.id = u.channel_id
WHERE p.id = $1

-- name: thumbnail_was_set
-- $1 publication
-- unfenced: true whoever holds the row
UPDATE fencepost_publications SET thumbnail_at = fencepost_now(), thumbnail_error = NULL WHERE id = $1

-- name: thumbnail_failed
-- $1 publication, $2 why, $3 tries
-- unfenced: true whoever holds the row
UPDATE fencepost_publications SET thumbnail_error = $2, thumbnail_tries = $3 WHERE id = $1

-- name: publication_seen
-- $1 publication, $2 what YouTube said
-- unfenced: true whoever holds the row
UPDATE fencepost_publications SET seen = $2 WHERE id = $1

-- name: tell_once
-- $1 publication. No row: people were told before.
-- unfenced: the first to say so is the one who tells
UPDATE fencepost_publications SET told_at = fencepost_now() WHERE id = $1 AND told_at IS NULL RETURNING id
