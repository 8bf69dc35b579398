-- name: lock_person_and_owners
-- $1 id. In one order, so that two who demote each other wait and do not deadlock; who waited sees the row as
-- it is then, and an owner who ceased to be one meanwhile is not among them.
SELECT id, email, name, role, version, created_at, disabled_at FROM fencepost_people
WHERE removed_at IS NULL AND (id = $1 OR (role = 'owner' AND disabled_at IS NULL))
ORDER BY id FOR NO KEY UPDATE                                    --! owner_lock => ORDER BY id

-- name: lock_person
SELECT id, email, name, role, version, created_at, disabled_at FROM fencepost_people
WHERE id = $1 AND removed_at IS NULL FOR NO KEY UPDATE

-- name: share_person
-- $1 id. Whoever disables, removes or demotes him waits, or was seen.
SELECT role, password FROM fencepost_people
WHERE id = $1 AND disabled_at IS NULL AND removed_at IS NULL
FOR SHARE                                                        --! person_share
