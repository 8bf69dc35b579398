-- The life of credentials. Each write names the version of the secret that it speaks of: what was learnt of
-- an older one changes nothing.

-- name: connection_life
-- $1 id: all that a refresh, a send or a verification needs of it.
SELECT name, platform, target, account_id, account_name, facts, secret, secret_version, refreshable, on_trial,
  refresh_wanted, expires_at, secret_at, broken_reason, refresh_in_doubt,
  CASE WHEN broken_since IS NULL THEN FALSE ELSE TRUE END,
  CASE WHEN disconnected_at IS NULL THEN TRUE ELSE FALSE END,
  CASE WHEN refresh_id IS NOT NULL AND refresh_until IS NOT NULL THEN TRUE ELSE FALSE END,
  CASE WHEN refresh_until > fencepost_now() THEN refresh_until - fencepost_now() END,
  CASE WHEN resting_until > fencepost_now() THEN resting_until - fencepost_now() END,
  fencepost_now()
FROM fencepost_connections WHERE id = $1

-- name: lease_refresh
-- $1 id, $2 the refresh's number, $3 lease in µs, $4 the version that was seen. No row: somebody else
-- refreshes or has just done so, or it was disconnected. A lease that lapsed in somebody's hands is a doubt.
UPDATE fencepost_connections
SET refresh_in_doubt = (refresh_in_doubt OR (refresh_id IS NOT NULL AND refresh_until IS NOT NULL)),
  refresh_id = $2, refresh_until = fencepost_now() + CAST($3 AS BIGINT)
WHERE id = $1 AND disconnected_at IS NULL AND broken_since IS NULL
  AND secret_version = $4  --! refresh_version
  AND (refresh_until IS NULL OR refresh_until <= fencepost_now())            --! refresh_lease
RETURNING refresh_in_doubt

-- name: store_refreshed
-- $1 id, $2 sealed, $3 the version that it was made from, $4 the refresh's number, $5 when it ends or NULL,
-- $6 refreshable. Whoever holds the lease by now: a secret that the platform gave is never thrown away while
-- its forerunner is still here (a disconnect, too, is a version of its own). Repeated after a doubt it writes
-- the same again.
UPDATE fencepost_connections
SET secret = $2, secret_at = fencepost_now(), secret_version = CAST($3 AS BIGINT) + 1, expires_at = $5,
  refreshable = $6, on_trial = CASE WHEN secret_version = $3 THEN refresh_wanted ELSE on_trial END,
  refresh_wanted = FALSE, refresh_id = $4, refresh_until = NULL, refresh_in_doubt = FALSE,
  broken_since = NULL, broken_reason = NULL, last_error = NULL
WHERE id = $1
  AND disconnected_at IS NULL
  AND (secret_version = $3  --! refresh_made_from => AND (TRUE
    OR (secret_version = CAST($3 AS BIGINT) + 1 AND refresh_id = $4))
RETURNING secret_version

-- name: refresh_failed
-- $1 id, $2 version, $3 the refresh's number, $4 how long nobody tries, in µs, $5 whether the old secret may
-- be used up, $6 error
UPDATE fencepost_connections
SET refresh_id = NULL, refresh_until = fencepost_now() + CAST($4 AS BIGINT),
  refresh_in_doubt = (refresh_in_doubt OR $5), last_error = $6
WHERE id = $1 AND secret_version = $2 AND refresh_id = $3

-- name: break_connection
-- $1 id, $2 version, $3 why, $4 the refresh's number, or NULL: it was no refresh that said so. A row: it is
-- news.
UPDATE fencepost_connections
SET broken_since = fencepost_now(), broken_reason = $3, last_error = $3, refresh_wanted = FALSE,
  refresh_until = NULL
WHERE id = $1 AND disconnected_at IS NULL AND broken_since IS NULL
  AND secret_version = $2  --! refusal_version
  AND (CAST($4 AS BIGINT) IS NULL OR refresh_id = $4)  --! refusal_lease => AND (CAST($4 AS BIGINT) IS NULL OR TRUE)
RETURNING name

-- name: want_refresh
-- $1 id, $2 the version that was refused
UPDATE fencepost_connections SET refresh_wanted = TRUE
WHERE id = $1 AND disconnected_at IS NULL AND broken_since IS NULL AND refreshable AND NOT on_trial
  AND secret_version = $2  --! wanted_version
RETURNING id

-- name: trust_credentials
-- $1 id, $2 the version that was accepted. Writes only news.
UPDATE fencepost_connections SET on_trial = FALSE
WHERE id = $1 AND on_trial AND secret_version = $2

-- name: rest_connection
-- $1 id, $2 how long, in µs. A shorter rest does not end a longer one.
UPDATE fencepost_connections SET resting_until = fencepost_now() + CAST($2 AS BIGINT)
WHERE id = $1
  AND (resting_until IS NULL OR resting_until < fencepost_now() + CAST($2 AS BIGINT)) --! rest_longest

-- name: learn_account
-- $1 id, $2 account id, $3 account name, $4 facts
UPDATE fencepost_connections SET account_id = $2, account_name = $3, facts = $4 WHERE id = $1

-- name: claim_account
-- $1 id: whoever connects an account takes it. A unique index refuses the second.
UPDATE fencepost_connections SET account_key = platform || ' ' || target || ' ' || account_id
WHERE id = $1 AND account_id <> '' AND disconnected_at IS NULL

-- name: learn_credentials
-- $1 id, $2 when they end or NULL, $3 refreshable. In the transaction that wrote the secret.
UPDATE fencepost_connections SET expires_at = $2, refreshable = $3 WHERE id = $1

-- name: verified
-- $1 id, $2 the version that the platform knows: whatever was wrong with it is over.
UPDATE fencepost_connections
SET broken_since = NULL, broken_reason = NULL, refresh_wanted = FALSE, on_trial = FALSE, last_error = NULL
WHERE id = $1 AND secret_version = $2 AND disconnected_at IS NULL

-- name: refresh_soon
-- $1 how many, $2 how long before its end, in µs, but not in the first half of a short life; and a tenth of a
-- long one before, so that it still has days when the first try fails.
SELECT id FROM fencepost_connections
WHERE disconnected_at IS NULL AND broken_since IS NULL AND refreshable
  AND (refresh_until IS NULL OR refresh_until <= fencepost_now())
  AND (refresh_wanted
    OR expires_at <= fencepost_now() + (expires_at - secret_at) / 10
    OR (expires_at <= fencepost_now() + CAST($2 AS BIGINT)
      AND expires_at <= fencepost_now() + (expires_at - secret_at) / 2))
ORDER BY expires_at, id LIMIT $1

-- name: expire_soon
-- $1 how many, $2 how long before the end people are told, in µs: of what nobody can refresh.
SELECT id, secret_version, CASE WHEN expires_at <= fencepost_now() THEN TRUE ELSE FALSE END
FROM fencepost_connections
WHERE disconnected_at IS NULL AND broken_since IS NULL AND NOT refreshable
  AND expires_at <= fencepost_now() + CAST($2 AS BIGINT)
  AND (expires_at <= fencepost_now() OR expiry_told IS NULL OR expiry_told <> expires_at)
ORDER BY expires_at, id LIMIT $1

-- name: tell_expiry
-- $1 id, $2 version. A row: people are told by whoever wrote it.
UPDATE fencepost_connections SET expiry_told = expires_at
WHERE id = $1 AND secret_version = $2 AND disconnected_at IS NULL
  AND (expiry_told IS NULL OR expiry_told <> expires_at)  --! expiry_once
RETURNING name, expires_at

-- name: set_spend_limits
-- $1 id, $2 per day, $3 per month, in millionths of a US dollar, or NULL
UPDATE fencepost_connections SET spend_daily = $2, spend_monthly = $3 WHERE id = $1 RETURNING id
