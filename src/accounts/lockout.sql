-- Failed sign-ins.

-- name: attempts_known
-- $1 name of the account's counter at this address, $2 how long an address is remembered, in µs
SELECT 1 FROM fencepost_attempts WHERE name = $1 AND known_at > fencepost_now() - CAST($2 AS BIGINT)

-- name: attempts_wait
-- $1 name, $2 another name, $3 longest delay in µs: how long until both may be tried. Longer than any delay:
-- the clock went back.
SELECT max(locked_until) - fencepost_now() FROM fencepost_attempts
WHERE name IN ($1, $2) AND locked_until > fencepost_now()
  AND locked_until <= fencepost_now() + CAST($3 AS BIGINT)

-- name: forgive_all
-- $1 name
UPDATE fencepost_attempts SET failures = 0, locked_until = 0 WHERE name = $1

-- name: forgive_one
-- $1 name: the attempt that was right is taken back; those of others stay counted.
UPDATE fencepost_attempts SET failures = failures - 1, locked_until = 0 WHERE name = $1 AND failures > 0

-- name: know_address
-- $1 name of the account's counter at this address
INSERT INTO fencepost_attempts (name, failures, tried_at, locked_until, known_at)
VALUES ($1, 0, fencepost_now(), 0, fencepost_now())
ON CONFLICT (name) DO UPDATE SET failures = 0, locked_until = 0, tried_at = excluded.tried_at,
  known_at = excluded.known_at
