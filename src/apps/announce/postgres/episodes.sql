-- name: share_show_facts
-- $1 show. Held until the end of the transaction: what changes the show waits for it, or is seen (rule 3).
SELECT enabled, needs_approval, version FROM fencepost_shows WHERE id = $1
FOR SHARE                                                        --! gate_show_lock

-- name: share_episode
-- $1 episode
SELECT status, version FROM fencepost_episodes WHERE id = $1
FOR SHARE                                                        --! gate_episode_lock

-- name: lock_episode
-- $1 episode
SELECT id FROM fencepost_episodes WHERE id = $1
FOR NO KEY UPDATE                                                --! episode_lock

-- name: lock_episode_to_delete
-- In a statement of its own, before the DELETE looks for what refers to it.
SELECT id FROM fencepost_episodes WHERE id = $1 FOR UPDATE

-- name: lock_open
-- $1 episode, or $2 show: all of its episodes; $3 announcement or NULL. In their keys' order (rule 14).
SELECT a.id FROM fencepost_announcements AS a JOIN fencepost_episodes AS e ON e.id = a.episode_id
WHERE (e.id = $1::bigint OR e.show_id = $2::bigint) AND ($3::bigint IS NULL OR a.id = $3::bigint)
  AND a.status IN ('queued', 'claimed')
ORDER BY a.id FOR NO KEY UPDATE OF a

-- name: release
-- Batch of announcement and when it goes out; $3 never. Of those that lock_open has locked. A retry waits as
-- long as its platform wants: it keeps its time, unless the release itself comes later.
UPDATE fencepost_announcements AS a SET status = 'queued', release_at = d.due,
  at_once = a.at_once AND d.due < $3,
  run_at = CASE WHEN a.attempt > 0 AND a.run_at > d.due AND a.run_at < $3 AND a.run_at <> a.release_at
    THEN a.run_at ELSE d.due END
FROM unnest($1::bigint[], $2::bigint[]) AS d(item, due)
WHERE a.id = d.item AND a.effect IS NULL AND a.release_at IS DISTINCT FROM d.due
  AND (a.status = 'queued' OR (a.status = 'claimed' AND d.due > fencepost_now()))  --! release_status
RETURNING id, run_at

-- name: lock_open_of_host
-- $1 show, $2 person: what has not ended, parts of threads too: they are their first part's host's.
SELECT a.id FROM fencepost_announcements AS a
WHERE a.status IN ('queued', 'claimed', 'sending', 'unknown') AND a.id IN (
  SELECT r.id FROM fencepost_announcements AS r JOIN fencepost_episodes AS e ON e.id = r.episode_id
  WHERE e.show_id = $1 AND r.host_id = $2
  UNION ALL
  SELECT t.id FROM fencepost_announcements AS t JOIN fencepost_announcements AS r ON r.id = t.thread_id
    JOIN fencepost_episodes AS e ON e.id = r.episode_id
  WHERE e.show_id = $1 AND r.host_id = $2)
ORDER BY a.id FOR NO KEY UPDATE OF a

-- name: lock_open_of_connection
-- $1 connection: what has not begun. Who settles what has begun writes the connection behind the item, and
-- must not be waited for by one who holds it.
SELECT a.id FROM fencepost_announcements AS a
WHERE a.connection_id = $1 AND a.status IN ('queued', 'claimed') ORDER BY a.id FOR NO KEY UPDATE OF a

-- name: lock_show_whole
-- $1 show
SELECT id FROM fencepost_shows WHERE id = $1 FOR UPDATE

-- name: show_settings
-- Batch of show; in no order.
SELECT s.id, s.description, s.channel_id, s.title_filter, s.filter_titles, s.zone, s.enabled,
  s.needs_approval, s.stagger, s.template
FROM unnest($1::bigint[]) AS w(id) JOIN fencepost_shows AS s ON s.id = w.id
