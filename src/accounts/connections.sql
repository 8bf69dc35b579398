-- Connections: accounts on outside platforms. Their rows stay when they are disconnected, without the secret.

-- name: add_connection
-- $1 name, $2 platform, $3 target, $4 person or NULL. No row: a connected one has the name.
INSERT INTO fencepost_connections (name, platform, target, person_id, created_at)
VALUES ($1, $2, $3, $4, fencepost_now())
ON CONFLICT (name) WHERE disconnected_at IS NULL DO NOTHING
RETURNING id, name, platform, target, created_at, disconnected_at, last_error, person_id,
  account_id, account_name, facts, expires_at, refreshable,
  CASE WHEN resting_until > fencepost_now() THEN resting_until END, broken_since, broken_reason, spend_daily,
  spend_monthly

-- name: set_secret
-- $1 id, $2 the sealed secret, which is bound to the id
UPDATE fencepost_connections
SET secret = $2, secret_at = fencepost_now(), secret_version = secret_version + 1
WHERE id = $1 AND disconnected_at IS NULL

-- name: connection
SELECT id, name, platform, target, created_at, disconnected_at, last_error, person_id,
  account_id, account_name, facts, expires_at, refreshable,
  CASE WHEN resting_until > fencepost_now() THEN resting_until END, broken_since, broken_reason, spend_daily,
  spend_monthly
FROM fencepost_connections WHERE id = $1

-- name: connections
SELECT id, name, platform, target, created_at, disconnected_at, last_error, person_id,
  account_id, account_name, facts, expires_at, refreshable,
  CASE WHEN resting_until > fencepost_now() THEN resting_until END, broken_since, broken_reason, spend_daily,
  spend_monthly
FROM fencepost_connections ORDER BY id

-- name: connections_page
-- $1 behind this id, $2 how many, $3 person or NULL
SELECT id, name, platform, target, created_at, disconnected_at, last_error, person_id,
  account_id, account_name, facts, expires_at, refreshable,
  CASE WHEN resting_until > fencepost_now() THEN resting_until END, broken_since, broken_reason, spend_daily,
  spend_monthly
FROM fencepost_connections
WHERE id > $1 AND (CAST($3 AS BIGINT) IS NULL OR person_id = $3) ORDER BY id LIMIT $2

-- name: disconnect
-- $1 id. Writes also where it was disconnected before: a repetition after a commit in doubt has a commit of
-- its own.
UPDATE fencepost_connections
SET disconnected_at = coalesce(disconnected_at, fencepost_now()), secret = NULL,
  secret_version = secret_version + 1, expires_at = NULL, refreshable = FALSE, refresh_wanted = FALSE,
  refresh_until = NULL, broken_since = NULL, broken_reason = NULL, account_key = NULL
WHERE id = $1 RETURNING id

-- name: secret
-- $1 id
SELECT secret FROM fencepost_connections WHERE id = $1 AND disconnected_at IS NULL

-- name: set_connection_error
-- $1 id, $2 error or NULL. Writes only news: every settlement of the connection comes by here.
UPDATE fencepost_connections SET last_error = $2 WHERE id = $1 AND last_error IS DISTINCT FROM $2

-- name: secrets_page
-- $1 behind this id, $2 how many
SELECT id, secret FROM fencepost_connections WHERE id > $1 AND secret IS NOT NULL ORDER BY id LIMIT $2

-- name: reconnect
-- $1 id, $2 the sealed secret, which is bound to the id. The index of connected names may refuse it.
-- What was known of the one before goes with it, also that its platform wanted a rest: a person says that it
-- is to be tried.
UPDATE fencepost_connections
SET secret = $2, secret_at = fencepost_now(), secret_version = secret_version + 1, disconnected_at = NULL,
  last_error = NULL, expires_at = NULL, refreshable = FALSE, refresh_wanted = FALSE, on_trial = FALSE,
  refresh_id = NULL, refresh_until = NULL, refresh_in_doubt = FALSE, broken_since = NULL,
  broken_reason = NULL, expiry_told = NULL, resting_until = NULL
WHERE id = $1 RETURNING id
