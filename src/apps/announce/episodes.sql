-- Episodes, and when their announcements go out. The protocol's columns are the store's to write: what stands
-- here writes status and run_at as any program may (rule 12), and the fence trigger makes of it that no claim
-- from before passes its gate.

-- name: add_episode
-- $1 show, $2 title, $3 number, $4 start, $5 status, $6 notes, $7 topics, $8 url
INSERT INTO fencepost_episodes (show_id, title, number, starts_at, status, notes, topics, url, created_at,
  updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, fencepost_now(), fencepost_now()) RETURNING id

-- name: episode
SELECT id, show_id, title, number, starts_at, status, notes, topics, url, video_id, live_at, ended_at,
  version, created_at
FROM fencepost_episodes WHERE id = $1

-- name: episodes_page
-- $1 show, $2 before this id, $3 how many, $4 status or NULL
SELECT id, show_id, title, number, starts_at, status, notes, topics, url, video_id, live_at, ended_at,
  version, created_at
FROM fencepost_episodes
WHERE show_id = $1 AND id < $2 AND (CAST($4 AS TEXT) IS NULL OR status = $4) ORDER BY id DESC LIMIT $3

-- name: show_of_episode
-- It never changes.
SELECT show_id FROM fencepost_episodes WHERE id = $1

-- name: write_episode
-- $1 id, $2 title, $3 number, $4 start, $5 status (not live or ended, but as it was), $6 notes, $7 topics,
-- $8 url. Under the row's lock.
UPDATE fencepost_episodes SET title = $2, number = $3, starts_at = $4, status = $5, notes = $6, topics = $7,
  url = $8, version = version + 1, updated_at = fencepost_now()
WHERE id = $1 RETURNING version

-- name: episode_live
-- $1 id, $2 video or NULL, $3 URL, $4 since when. No row: it was live before, with a stream, or has ended.
UPDATE fencepost_episodes SET status = 'live',
  live_at = coalesce(live_at, $4), live_known_at = coalesce(live_known_at, fencepost_now()),
  video_id = coalesce(video_id, $2), url = CASE WHEN url = '' THEN $3 ELSE url END,
  version = version + 1, updated_at = fencepost_now()
WHERE id = $1
  AND (status IN ('draft', 'scheduled')
    OR (status = 'live' AND video_id IS NULL AND CAST($2 AS TEXT) IS NOT NULL))
RETURNING version

-- name: episode_ended
-- $1 id, $2 when, $3 whether also what was never live ends: a person's word
UPDATE fencepost_episodes SET status = 'ended', ended_at = $2, ended_known_at = fencepost_now(),
  version = version + 1, updated_at = fencepost_now()
WHERE id = $1 AND status <> 'ended' AND (status = 'live' OR $3) RETURNING version

-- name: due_of
-- $1 episode, or $2 show: all of its episodes; $3 announcement or NULL: all of them; $4 never. When each goes
-- out whose release is another one. Under the locks of show, episode and announcements, so that it stays so.
SELECT d.item, d.due
FROM (
  SELECT t.id AS item, t.release_at, CASE
    WHEN s.needs_approval AND t.approved_version IS DISTINCT FROM t.version THEN $4  --! release_approved
    WHEN t.at_once THEN t.release_at
    WHEN e.status = 'draft' THEN $4
    WHEN t.trigger_on = 'at' THEN coalesce(t.at_time, $4)
    WHEN t.trigger_on = 'before' THEN coalesce(e.starts_at - t.minutes_before * 60000000, $4)
    WHEN t.trigger_on = 'live' THEN coalesce(e.live_known_at + t.stagger * 1000000, $4)
    ELSE coalesce(e.ended_known_at + t.stagger * 1000000, $4) END AS due
  FROM fencepost_announcements AS t JOIN fencepost_episodes AS e ON e.id = t.episode_id
    JOIN fencepost_shows AS s ON s.id = e.show_id
  WHERE (e.id = $1 OR e.show_id = $2) AND (CAST($3 AS BIGINT) IS NULL OR t.id = $3)
) AS d
WHERE d.release_at IS DISTINCT FROM d.due

-- name: fail_of_ended
-- $1 episode, $2 why: what waited for the stream, or is tried again, and has not begun.
UPDATE fencepost_announcements SET status = 'failed', last_error = $2
WHERE episode_id = $1 AND trigger_on IN ('live', 'before')
  AND status IN ('queued', 'claimed')
  AND effect IS NULL
RETURNING id

-- name: unposted
-- $1 episode, or $2 show: all that a deletion takes along.
SELECT a.id FROM fencepost_announcements AS a
  JOIN fencepost_announcements AS r ON r.id = coalesce(a.thread_id, a.id)
  JOIN fencepost_episodes AS e ON e.id = r.episode_id
WHERE (e.id = $1 OR e.show_id = $2) AND a.status <> 'posted' ORDER BY a.id

-- name: leave_episodes
-- $1 episode, or $2 show. What was posted stays.
UPDATE fencepost_announcements SET episode_id = NULL
WHERE episode_id IN (SELECT e.id FROM fencepost_episodes AS e WHERE e.id = $1 OR e.show_id = $2)
  AND status = 'posted'

-- name: delete_stopped
-- $1 episode, or $2 show. They were stopped in this transaction.
DELETE FROM fencepost_announcements
WHERE episode_id IN (SELECT e.id FROM fencepost_episodes AS e WHERE e.id = $1 OR e.show_id = $2)
  AND status = 'disabled' AND effect IS NULL RETURNING id

-- name: delete_episodes
-- $1 episode, or $2 show. Under the locks of the rows; announcements that still name one refuse it.
DELETE FROM fencepost_episodes WHERE id = $1 OR show_id = $2
