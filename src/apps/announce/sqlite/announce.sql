-- The caller's transaction holds the only write lock there is.

-- name: announcements
-- Batch of id; in no order.
SELECT a.id, a.connection_id, c.name, a.text, a.url, a.run_at, a.status, a.version, a.attempt, a.stop_wanted,
  a.last_error, a.posted_at, a.post_id, a.post_url, a.created_at, a.episode_id, a.host_id, p.name,
  a.trigger_on, a.at_time, a.minutes_before, a.stagger, a.include_url, a.generated_text, a.deadline,
  a.approved_version, a.approved_by, a.at_once, a.thread_id, a.part
FROM fencepost_announcements AS a JOIN fencepost_connections AS c ON c.id = a.connection_id
  LEFT JOIN fencepost_people AS p ON p.id = a.host_id
WHERE a.id = ?1

-- name: share_host
SELECT 1 FROM fencepost_people WHERE id = ?1
  AND disabled_at IS NULL AND removed_at IS NULL                 --! gate_host

-- name: share_member
SELECT 1 FROM fencepost_show_members WHERE show_id = ?1 AND person_id = ?2

-- name: parts_of
-- Batch of id: the parts behind these first ones; in no order.
SELECT t.thread_id, t.id, t.part, t.text, t.run_at, t.status, t.version, t.last_error, t.posted_at, t.post_id,
  t.post_url
FROM fencepost_announcements AS t WHERE t.thread_id = ?1

-- name: readers_of
-- Batch of id: whose each is, and the show of its episode if it has one; in no order.
SELECT a.id, c.person_id, e.show_id
FROM fencepost_announcements AS a JOIN fencepost_connections AS c ON c.id = a.connection_id
  JOIN fencepost_announcements AS r ON r.id = coalesce(a.thread_id, a.id)
  LEFT JOIN fencepost_episodes AS e ON e.id = r.episode_id
WHERE a.id = ?1
UNION ALL
SELECT d.announcement_id, c.person_id, e.show_id
FROM fencepost_announcements_deleted AS d JOIN fencepost_connections AS c ON c.id = d.connection_id
  JOIN fencepost_episodes AS e ON e.id = d.episode_id
WHERE d.announcement_id = ?1
