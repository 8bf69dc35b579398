-- The caller's transaction holds the only write lock there is.

-- name: share_show_facts
SELECT enabled, needs_approval, version FROM fencepost_shows WHERE id = ?1

-- name: share_episode
SELECT status, version FROM fencepost_episodes WHERE id = ?1

-- name: lock_episode
SELECT id FROM fencepost_episodes WHERE id = ?1

-- name: lock_episode_to_delete
SELECT id FROM fencepost_episodes WHERE id = ?1

-- name: lock_open_of_episode
SELECT id FROM fencepost_announcements
WHERE episode_id = ?1 AND (?2 IS NULL OR id = ?2) AND status IN ('queued', 'claimed') ORDER BY id
