-- What is over and old. Each step takes a few rows by an index, and tests them again where it deletes: what
-- changed meanwhile stays.

-- name: sweep_sessions
-- $1 how many, $2 longest rest in µs
DELETE FROM fencepost_sessions
WHERE (expires_at <= fencepost_now() OR seen_at <= fencepost_now() - CAST($2 AS BIGINT))
  AND id IN (SELECT id FROM fencepost_sessions WHERE seen_at <= fencepost_now() - CAST($2 AS BIGINT)
    OR expires_at <= fencepost_now() ORDER BY id LIMIT $1)

-- name: sweep_invitations
-- $1 how many, $2 how long they stay after their end, in µs
DELETE FROM fencepost_invitations
WHERE id IN (SELECT id FROM fencepost_invitations
  WHERE expires_at <= fencepost_now() - CAST($2 AS BIGINT) ORDER BY expires_at LIMIT $1)

-- name: sweep_attempts
-- $1 how many, $2 how long failures count, $3 how long an address is remembered, in µs
DELETE FROM fencepost_attempts
WHERE tried_at <= fencepost_now() - CAST($2 AS BIGINT) AND locked_until <= fencepost_now()
  AND (known_at IS NULL OR known_at <= fencepost_now() - CAST($3 AS BIGINT))
  AND name IN (SELECT name FROM fencepost_attempts
    WHERE tried_at <= fencepost_now() - CAST($2 AS BIGINT) AND locked_until <= fencepost_now()
      AND (known_at IS NULL OR known_at <= fencepost_now() - CAST($3 AS BIGINT)) LIMIT $1)

-- name: sweep_rate_limits
-- $1 how many
DELETE FROM fencepost_rate_limits
WHERE full_at <= fencepost_now()
  AND name IN (SELECT name FROM fencepost_rate_limits WHERE full_at <= fencepost_now() LIMIT $1)
