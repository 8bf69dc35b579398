-- The first-run link.

-- name: add_first_run_code
-- $1 hash
INSERT INTO fencepost_first_run (hash, created_at)
SELECT $1, fencepost_now() WHERE NOT EXISTS (SELECT 1 FROM fencepost_people WHERE role = 'owner')
RETURNING id

-- name: first_run_code
-- $1 hash
SELECT id FROM fencepost_first_run WHERE hash = $1

-- name: forget_first_run_codes
-- $1 how many of the newest stay
DELETE FROM fencepost_first_run WHERE id <= (SELECT max(id) FROM fencepost_first_run) - CAST($1 AS BIGINT)

-- name: has_owner
SELECT 1 FROM fencepost_people WHERE role = 'owner' LIMIT 1

-- name: first_owner_with
-- $1 stored password
SELECT id, email, name, role, version, created_at, disabled_at
FROM fencepost_people WHERE is_first AND password = $1
