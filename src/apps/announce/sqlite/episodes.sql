-- The caller's transaction holds the only write lock there is.

-- name: share_show_facts
SELECT enabled, needs_approval, version FROM fencepost_shows WHERE id = ?1

-- name: share_episode
SELECT status, version FROM fencepost_episodes WHERE id = ?1

-- name: lock_episode
SELECT id FROM fencepost_episodes WHERE id = ?1

-- name: lock_episode_to_delete
SELECT id FROM fencepost_episodes WHERE id = ?1

-- name: lock_open
-- ?1 episode, or ?2 show: all of its episodes; ?3 announcement or NULL. In their keys' order (rule 14).
SELECT a.id FROM fencepost_announcements AS a JOIN fencepost_episodes AS e ON e.id = a.episode_id
WHERE (e.id = ?1 OR e.show_id = ?2) AND (?3 IS NULL OR a.id = ?3)
  AND a.status IN ('queued', 'claimed')
ORDER BY a.id

-- name: release
-- Batch of announcement and when it goes out; ?3 never. Of those that lock_open has answered. A retry waits
-- as long as its platform wants: it keeps its time, unless the release itself comes later.
UPDATE fencepost_announcements SET status = 'queued', release_at = ?2, at_once = at_once AND ?2 < ?3,
  run_at = CASE WHEN attempt > 0 AND run_at > ?2 AND run_at < ?3 AND run_at <> release_at THEN run_at
    ELSE ?2 END
WHERE id = ?1 AND effect IS NULL AND release_at IS NOT ?2
  AND (status = 'queued' OR (status = 'claimed' AND ?2 > fencepost_now()))  --! release_status
RETURNING id, run_at

-- name: lock_open_of_host
-- ?1 show, ?2 person: what has not ended, parts of threads too: they are their first part's host's.
SELECT a.id FROM fencepost_announcements AS a
WHERE a.status IN ('queued', 'claimed', 'sending', 'unknown') AND a.id IN (
  SELECT r.id FROM fencepost_announcements AS r JOIN fencepost_episodes AS e ON e.id = r.episode_id
  WHERE e.show_id = ?1 AND r.host_id = ?2
  UNION ALL
  SELECT t.id FROM fencepost_announcements AS t JOIN fencepost_announcements AS r ON r.id = t.thread_id
    JOIN fencepost_episodes AS e ON e.id = r.episode_id
  WHERE e.show_id = ?1 AND r.host_id = ?2)
ORDER BY a.id

-- name: lock_open_of_connection
-- ?1 connection: what has not begun. Who settles what has begun writes the connection behind the item, and
-- must not be waited for by one who holds it.
SELECT a.id FROM fencepost_announcements AS a
WHERE a.connection_id = ?1 AND a.status IN ('queued', 'claimed') ORDER BY a.id

-- name: lock_show_whole
-- ?1 show
SELECT id FROM fencepost_shows WHERE id = ?1

-- name: show_settings
-- Batch of show; in no order.
SELECT s.id, s.description, s.channel_id, s.title_filter, s.filter_titles, s.zone, s.enabled,
  s.needs_approval, s.stagger, s.template
FROM fencepost_shows AS s WHERE s.id = ?1
