-- Shows and their members.

-- name: add_show
-- $1 name, $2 slug. No row: the slug is taken.
INSERT INTO fencepost_shows (name, slug, created_at) VALUES ($1, $2, fencepost_now())
ON CONFLICT (slug) DO NOTHING RETURNING id, name, slug, version, created_at

-- name: show
SELECT id, name, slug, version, created_at FROM fencepost_shows WHERE id = $1

-- name: shows_page
-- $1 behind this id, $2 how many
SELECT id, name, slug, version, created_at FROM fencepost_shows WHERE id > $1 ORDER BY id LIMIT $2

-- name: shows_page_of
-- $1 behind this id, $2 how many, $3 of this person
SELECT s.id, s.name, s.slug, s.version, s.created_at
FROM fencepost_show_members AS m JOIN fencepost_shows AS s ON s.id = m.show_id
WHERE m.person_id = $3 AND m.show_id > $1 ORDER BY m.show_id LIMIT $2

-- name: slug_is_others
-- $1 slug, $2 id
SELECT 1 FROM fencepost_shows WHERE slug = $1 AND id <> $2

-- name: write_show
-- $1 id, $2 name, $3 slug. Under the row's lock.
UPDATE fencepost_shows SET name = $2, slug = $3, version = version + 1
WHERE id = $1 RETURNING id, name, slug, version, created_at

-- name: delete_show
-- $1 id. Under the row's lock; its members and invitations go along.
DELETE FROM fencepost_shows WHERE id = $1

-- name: role_in_show
-- $1 show, $2 person
SELECT role FROM fencepost_show_members WHERE show_id = $1 AND person_id = $2

-- name: set_member
-- $1 show, $2 person, $3 role
INSERT INTO fencepost_show_members (show_id, person_id, role, created_at)
VALUES ($1, $2, $3, fencepost_now())
ON CONFLICT (show_id, person_id) DO UPDATE SET role = excluded.role

-- name: raise_member
-- $1 show, $2 person, $3 role: never lower than it was.
INSERT INTO fencepost_show_members (show_id, person_id, role, created_at)
VALUES ($1, $2, $3, fencepost_now())
ON CONFLICT (show_id, person_id) DO UPDATE SET role = excluded.role WHERE excluded.role = 'admin'

-- name: remove_member
-- $1 show, $2 person
DELETE FROM fencepost_show_members WHERE show_id = $1 AND person_id = $2 RETURNING person_id

-- name: other_admins
-- $1 show, $2 not this person. Under the show's lock; who is disabled cannot act as one.
SELECT 1 FROM fencepost_show_members AS m JOIN fencepost_people AS p ON p.id = m.person_id
WHERE m.show_id = $1 AND m.person_id <> $2 AND m.role = 'admin' AND p.disabled_at IS NULL LIMIT 1

-- name: members_page
-- $1 show, $2 behind this person, $3 how many
SELECT p.id, p.email, p.name, m.role, m.created_at, p.disabled_at IS NOT NULL
FROM fencepost_show_members AS m JOIN fencepost_people AS p ON p.id = m.person_id
WHERE m.show_id = $1 AND m.person_id > $2 ORDER BY m.person_id LIMIT $3

-- name: revoke_invitations_to
-- $1 show, $2 inviter
UPDATE fencepost_invitations SET revoked_at = fencepost_now()
WHERE show_id = $1 AND inviter_id = $2 AND accepted_at IS NULL AND revoked_at IS NULL

-- name: sole_admin_of
-- $1 person: a show of which he is the only admin. Under the locks of his shows.
SELECT m.show_id FROM fencepost_show_members AS m
WHERE m.person_id = $1 AND m.role = 'admin' AND NOT EXISTS (SELECT 1
  FROM fencepost_show_members AS o JOIN fencepost_people AS p ON p.id = o.person_id
  WHERE o.show_id = m.show_id AND o.person_id <> $1 AND o.role = 'admin' AND p.disabled_at IS NULL)
LIMIT 1
