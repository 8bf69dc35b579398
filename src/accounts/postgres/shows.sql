-- name: lock_show
SELECT id, name, slug, version, created_at FROM fencepost_shows
WHERE id = $1 FOR NO KEY UPDATE                                  --! show_lock => WHERE id = $1

-- name: lock_show_to_delete
-- In a statement of its own, before what refers to it is locked by the DELETE's cascade.
SELECT id, name, slug, version, created_at FROM fencepost_shows WHERE id = $1 FOR UPDATE

-- name: share_show
SELECT id FROM fencepost_shows WHERE id = $1 FOR SHARE

-- name: lock_shows_of
-- $1 person: the shows that he is an admin of, in one order.
SELECT s.id FROM fencepost_shows AS s JOIN fencepost_show_members AS m ON m.show_id = s.id
WHERE m.person_id = $1 AND m.role = 'admin' ORDER BY s.id FOR NO KEY UPDATE OF s

-- name: memberships_of
-- Batch of person; in no order.
SELECT m.person_id, m.show_id
FROM unnest($1::bigint[]) AS s(id) JOIN fencepost_show_members AS m ON m.person_id = s.id
