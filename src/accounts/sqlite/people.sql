-- The caller's transaction holds the only write lock there is.

-- name: lock_person_and_owners
SELECT id, email, name, role, version, created_at, disabled_at FROM fencepost_people
WHERE removed_at IS NULL AND (id = ?1 OR (role = 'owner' AND disabled_at IS NULL)) ORDER BY id

-- name: lock_person
SELECT id, email, name, role, version, created_at, disabled_at FROM fencepost_people
WHERE id = ?1 AND removed_at IS NULL

-- name: share_person
SELECT role, password FROM fencepost_people
WHERE id = ?1 AND disabled_at IS NULL AND removed_at IS NULL
