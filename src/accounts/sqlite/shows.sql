-- The caller's transaction holds the only write lock there is.

-- name: lock_show
SELECT id, name, slug, version, created_at FROM fencepost_shows WHERE id = ?1

-- name: lock_show_to_delete
SELECT id, name, slug, version, created_at FROM fencepost_shows WHERE id = ?1

-- name: share_show
SELECT id FROM fencepost_shows WHERE id = ?1

-- name: lock_shows_of
SELECT s.id FROM fencepost_shows AS s JOIN fencepost_show_members AS m ON m.show_id = s.id
WHERE m.person_id = ?1 AND m.role = 'admin' ORDER BY s.id

-- name: memberships_of
-- Batch of person; in no order.
SELECT m.person_id, m.show_id FROM fencepost_show_members AS m WHERE m.person_id = ?1
