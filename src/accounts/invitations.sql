-- Invitations.

-- name: add_invitation
-- $1 hash, $2 role, $3 show, $4 show role, $5 note, $6 inviter, $7 life in µs
INSERT INTO fencepost_invitations
  (hash, role, show_id, show_role, note, inviter_id, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, fencepost_now(), fencepost_now() + CAST($7 AS BIGINT))
RETURNING id, role, show_id, show_role, note, inviter_id, created_at, expires_at, accepted_by,
  accepted_at IS NOT NULL, revoked_at IS NOT NULL, expires_at <= fencepost_now()

-- name: invitation
SELECT id, role, show_id, show_role, note, inviter_id, created_at, expires_at, accepted_by,
  accepted_at IS NOT NULL, revoked_at IS NOT NULL, expires_at <= fencepost_now()
FROM fencepost_invitations WHERE id = $1

-- name: open_invitation
-- $1 hash
SELECT id, role, show_id, show_role, note, inviter_id, created_at, expires_at, accepted_by,
  FALSE, FALSE, FALSE
FROM fencepost_invitations
WHERE hash = $1 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > fencepost_now()

-- name: invitations_page
-- $1 behind this id, $2 how many, $3 inviter or NULL, $4 show or NULL
SELECT id, role, show_id, show_role, note, inviter_id, created_at, expires_at, accepted_by,
  accepted_at IS NOT NULL, revoked_at IS NOT NULL, expires_at <= fencepost_now()
FROM fencepost_invitations
WHERE id > $1 AND (CAST($3 AS BIGINT) IS NULL OR inviter_id = $3)
  AND (CAST($4 AS BIGINT) IS NULL OR show_id = $4)
ORDER BY id LIMIT $2

-- name: revoke_invitation
-- $1 id. Writes also where it was revoked before: a repetition after a commit in doubt has a commit of its
-- own.
UPDATE fencepost_invitations SET revoked_at = coalesce(revoked_at, fencepost_now())
WHERE id = $1 AND accepted_at IS NULL RETURNING id

-- name: use_invitation
-- $1 hash, $2 person. The write itself tests that it is open: of two at once, the second one waits here, and
-- finds it used.
UPDATE fencepost_invitations SET accepted_at = fencepost_now(), accepted_by = $2
WHERE hash = $1 AND expires_at > fencepost_now()
  AND accepted_at IS NULL                                        --! invitation_once
  AND revoked_at IS NULL                                         --! invitation_revoked
RETURNING id

-- name: accepted_by
-- $1 hash, $2 stored password of the person whom the acceptance made
SELECT p.id, p.email, p.name, p.role, p.version, p.created_at, p.disabled_at
FROM fencepost_invitations AS i JOIN fencepost_people AS p ON p.id = i.accepted_by
WHERE i.hash = $1 AND p.password = $2
