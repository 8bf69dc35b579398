-- What a show wants of its announcements. Its name and its members are the accounts'.

-- name: write_show_settings
-- $1 id, $2 description, $3 channel or NULL, $4 title filter, $5 whether it counts, $6 zone, $7 enabled,
-- $8 needs approval, $9 stagger, $10 template. Under the row's lock, beside accounts::edit_show, which counts
-- the version.
UPDATE fencepost_shows SET description = $2, channel_id = $3, title_filter = $4, filter_titles = $5,
  zone = $6, enabled = $7, needs_approval = $8, stagger = $9, template = $10
WHERE id = $1

-- name: fail_due_of_show
-- $1 show, $2 why: what is due, or at work, and has not begun. Under the show's lock, which keeps its gates
-- out.
UPDATE fencepost_announcements SET status = 'failed', last_error = $2
WHERE coalesce(thread_id, id) IN (
    SELECT r.id FROM fencepost_announcements AS r JOIN fencepost_episodes AS e ON e.id = r.episode_id
    WHERE e.show_id = $1)
  AND status IN ('queued', 'claimed') AND effect IS NULL AND run_at <= fencepost_now()
RETURNING id

-- name: begun_of_show
-- $1 show: what is being sent, or of unknown outcome, in the order of their keys. Under the show's lock,
-- which lets no gate through: it gets fewer only.
SELECT a.id
FROM fencepost_announcements AS a JOIN fencepost_announcements AS r ON r.id = coalesce(a.thread_id, a.id)
  JOIN fencepost_episodes AS e ON e.id = r.episode_id
WHERE e.show_id = $1 AND a.status IN ('sending', 'unknown') ORDER BY a.id

-- name: waiting_of_show
-- $1 show: how many are still to come.
SELECT count(*)
FROM fencepost_announcements AS a JOIN fencepost_announcements AS r ON r.id = coalesce(a.thread_id, a.id)
  JOIN fencepost_episodes AS e ON e.id = r.episode_id
WHERE e.show_id = $1 AND a.status = 'queued'

-- name: begun_over
-- $1 connection: how many are being sent, and of how many the outcome is unknown.
SELECT count(CASE WHEN status = 'sending' THEN 1 END), count(CASE WHEN status = 'unknown' THEN 1 END)
FROM fencepost_announcements WHERE connection_id = $1 AND status IN ('sending', 'unknown')

-- name: opt
-- $1 show, $2 person, $3 in or out. No row: he is not in the show.
UPDATE fencepost_show_members SET opted_in = $3 WHERE show_id = $1 AND person_id = $2 RETURNING opted_in

-- name: own_words
-- $1 show, $2 person
SELECT opted_in, style FROM fencepost_show_members WHERE show_id = $1 AND person_id = $2

-- name: style_of_member
-- $1 show, $2 person, $3 style. No row: he is not in the show.
UPDATE fencepost_show_members SET style = $3 WHERE show_id = $1 AND person_id = $2 RETURNING style
