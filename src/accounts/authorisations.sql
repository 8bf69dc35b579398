-- Authorisations that people have begun on a platform's pages.

-- name: add_authorisation
-- $1 hash of the state, $2 session or NULL, $3 person or NULL, $4 connection or NULL, $5 name, $6 platform,
-- $7 target, $8 sealed, $9 how long it can be taken, in µs
INSERT INTO fencepost_authorisations
  (state_hash, session_id, person_id, connection_id, name, platform, target, secret, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, fencepost_now() + CAST($9 AS BIGINT))
RETURNING expires_at

-- name: take_authorisation
-- $1 hash, $2 session or NULL, $3 person or NULL, $4 whether an operator asks. Of two who take it at once the
-- second finds no row. Who may not take it does not end it either.
DELETE FROM fencepost_authorisations
WHERE state_hash = $1
  AND expires_at > fencepost_now()  --! authorisation_life
  AND (session_id = CAST($2 AS BIGINT)  --! authorisation_session => AND (TRUE
    OR (session_id IS NULL AND person_id = CAST($3 AS BIGINT))
    OR (session_id IS NULL AND person_id IS NULL AND $4))
RETURNING connection_id, name, platform, target, secret, person_id

-- name: authorisations_page
-- $1 behind this hash, $2 how many
SELECT state_hash, secret FROM fencepost_authorisations WHERE state_hash > $1 ORDER BY state_hash LIMIT $2

-- name: sweep_authorisations
-- $1 how many
DELETE FROM fencepost_authorisations
WHERE state_hash IN (SELECT state_hash FROM fencepost_authorisations
  WHERE expires_at <= fencepost_now() ORDER BY expires_at LIMIT $1)
