-- People. Their rows stay when they are removed: histories name their ids.

-- name: add_person
-- $1 email, $2 name, $3 role, $4 password. No row: the address is taken.
INSERT INTO fencepost_people (email, name, role, password, created_at)
VALUES ($1, $2, $3, $4, fencepost_now())
ON CONFLICT DO NOTHING RETURNING id, email, name, role, version, created_at, disabled_at

-- name: add_first_owner
-- $1 email, $2 name, $3 password. Of any number at once, with whatever codes, the unique index on is_first
-- lets one in; of a second one that waited for it, the conflict is seen here.
INSERT INTO fencepost_people (email, name, role, password, is_first, created_at)
SELECT $1, $2, 'owner', $3, TRUE, fencepost_now()
WHERE NOT EXISTS (SELECT 1 FROM fencepost_people WHERE role = 'owner')
ON CONFLICT DO NOTHING RETURNING id, email, name, role, version, created_at, disabled_at

-- name: person
SELECT id, email, name, role, version, created_at, disabled_at
FROM fencepost_people WHERE id = $1 AND removed_at IS NULL

-- name: people_page
-- $1 behind this id, $2 how many
SELECT id, email, name, role, version, created_at, disabled_at
FROM fencepost_people WHERE id > $1 AND removed_at IS NULL ORDER BY id LIMIT $2

-- name: password_of
-- $1 id
SELECT password, email FROM fencepost_people WHERE id = $1 AND removed_at IS NULL

-- name: password_by_email
-- $1 email
SELECT id, password, disabled_at IS NOT NULL FROM fencepost_people WHERE email = $1

-- name: email_is_others
-- $1 email, $2 id
SELECT 1 FROM fencepost_people WHERE email = $1 AND id <> $2

-- name: write_person
-- $1 id, $2 email, $3 name, $4 role, $5 disabled. Under the row's lock.
UPDATE fencepost_people SET email = $2, name = $3, role = $4, version = version + 1,
  disabled_at = CASE WHEN CAST($5 AS BOOLEAN) THEN coalesce(disabled_at, fencepost_now()) END
WHERE id = $1 AND removed_at IS NULL
RETURNING id, email, name, role, version, created_at, disabled_at

-- name: raise_role
-- $1 id, $2 role. Under the row's lock.
UPDATE fencepost_people SET role = $2, version = version + 1
WHERE id = $1 AND removed_at IS NULL AND disabled_at IS NULL

-- name: forget_person
-- $1 id. Under the row's lock, and those of the owners.
UPDATE fencepost_people SET removed_at = fencepost_now(), email = NULL, password = NULL,
  name = 'removed', role = 'member', version = version + 1
WHERE id = $1 AND removed_at IS NULL

-- name: change_password
-- $1 id, $2 the stored one that was proved, $3 the new one. No row: it was changed meanwhile, or he is gone.
UPDATE fencepost_people SET password = $3
WHERE id = $1 AND removed_at IS NULL
  AND password = $2                                              --! password_proved
RETURNING id

-- name: reset_password
-- $1 email, $2 the new one
UPDATE fencepost_people SET password = $2 WHERE email = $1 AND removed_at IS NULL RETURNING id

-- name: revoke_tokens_of
-- $1 person
UPDATE fencepost_tokens SET revoked_at = fencepost_now() WHERE person_id = $1 AND revoked_at IS NULL

-- name: revoke_invitations_of
-- $1 person, $2 whether all of them: else those to a role above $3 (as a number) only
UPDATE fencepost_invitations SET revoked_at = fencepost_now()
WHERE inviter_id = $1 AND accepted_at IS NULL AND revoked_at IS NULL
  AND (CAST($2 AS BOOLEAN)
    OR CASE role WHEN 'owner' THEN 2 WHEN 'operator' THEN 1 ELSE 0 END > CAST($3 AS BIGINT)
    OR (show_id IS NOT NULL AND CAST($3 AS BIGINT) = 0 AND NOT EXISTS (SELECT 1
      FROM fencepost_show_members AS m WHERE m.show_id = fencepost_invitations.show_id
        AND m.person_id = $1 AND m.role = 'admin')))

-- name: disconnect_of
-- $1 person
UPDATE fencepost_connections
SET disconnected_at = fencepost_now(), secret = NULL, secret_version = secret_version + 1
WHERE person_id = $1 AND disconnected_at IS NULL

-- name: leave_shows
-- $1 person
DELETE FROM fencepost_show_members WHERE person_id = $1
