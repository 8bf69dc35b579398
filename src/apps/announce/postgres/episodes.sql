-- name: share_show_facts
-- $1 show. Held until the end of the transaction: what changes the show waits for it, or is seen (rule 3).
SELECT enabled, needs_approval, version FROM fencepost_shows WHERE id = $1 FOR SHARE  --! gate_show_lock => FROM fencepost_shows WHERE id = $1

-- name: share_episode
-- $1 episode
SELECT status, version FROM fencepost_episodes WHERE id = $1 FOR SHARE  --! gate_episode_lock => FROM fencepost_episodes WHERE id = $1

-- name: lock_episode
-- $1 episode
SELECT id FROM fencepost_episodes WHERE id = $1 FOR NO KEY UPDATE  --! episode_lock => SELECT id FROM fencepost_episodes WHERE id = $1

-- name: lock_episode_to_delete
-- In a statement of its own, before the DELETE looks for what refers to it.
SELECT id FROM fencepost_episodes WHERE id = $1 FOR UPDATE

-- name: lock_open_of_episode
-- $1 episode, $2 announcement or NULL. In the order of their keys (rule 14).
SELECT id FROM fencepost_announcements
WHERE episode_id = $1 AND ($2::bigint IS NULL OR id = $2) AND status IN ('queued', 'claimed')
ORDER BY id FOR NO KEY UPDATE
