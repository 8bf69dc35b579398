-- Idempotency keys: the answer to a request, kept for 24 hours.

-- name: add_key
-- $1 principal, $2 key, $3 hash of the request, $4 route, $5 owner, $6 lease in µs
INSERT INTO fencepost_idempotency
  (principal, idempotency_key, request_hash, route, owner, held_until, created_at)
VALUES ($1, $2, $3, $4, $5, fencepost_now() + CAST($6 AS BIGINT), fencepost_now())
ON CONFLICT DO NOTHING RETURNING owner

-- name: add_answered_key
-- $1 principal, $2 key, $3 hash of the request, $4 route, $5 owner, $6 status, $7 body: whose work is in this
-- transaction. Waits for another one with the key.
INSERT INTO fencepost_idempotency
  (principal, idempotency_key, request_hash, route, owner, held_until, created_at, status, body)
VALUES ($1, $2, $3, $4, $5, fencepost_now(), fencepost_now(), $6, $7)
ON CONFLICT DO NOTHING RETURNING owner

-- name: look_at_key
-- $1 principal, $2 key, $3 how long answers are kept, in µs. As lock_key.
SELECT request_hash, route, status, body, held_until <= fencepost_now(),
  created_at <= fencepost_now() - CAST($3 AS BIGINT)
FROM fencepost_idempotency WHERE principal = $1 AND idempotency_key = $2

-- name: take_key
-- $1 principal, $2 key, $3 hash, $4 route, $5 owner, $6 lease in µs. Under the row's lock: what it said has
-- lapsed.
UPDATE fencepost_idempotency SET request_hash = $3, route = $4, owner = $5,
  held_until = fencepost_now() + CAST($6 AS BIGINT), created_at = fencepost_now(), status = NULL, body = NULL
WHERE principal = $1 AND idempotency_key = $2

-- name: finish_key
-- $1 principal, $2 key, $3 owner, $4 status, $5 body. Not where somebody else has taken it meanwhile.
UPDATE fencepost_idempotency SET status = $4, body = $5
WHERE principal = $1 AND idempotency_key = $2 AND owner = $3 AND status IS NULL

-- name: abandon_key
-- $1 principal, $2 key, $3 owner
DELETE FROM fencepost_idempotency
WHERE principal = $1 AND idempotency_key = $2 AND owner = $3 AND status IS NULL

-- name: answers_page
-- $1 and $2 behind this principal and key, $3 how many
SELECT principal, idempotency_key, body FROM fencepost_idempotency
WHERE (principal, idempotency_key) > (CAST($1 AS BIGINT), CAST($2 AS TEXT)) AND body IS NOT NULL
ORDER BY principal, idempotency_key LIMIT $3

-- name: purge_keys
-- $1 age in µs, $2 how many. One that somebody still works on stays.
DELETE FROM fencepost_idempotency
WHERE created_at <= fencepost_now() - CAST($1 AS BIGINT)
  AND (status IS NOT NULL OR held_until <= fencepost_now())
  AND (principal, idempotency_key) IN (SELECT principal, idempotency_key FROM fencepost_idempotency
    WHERE created_at <= fencepost_now() - CAST($1 AS BIGINT)
      AND (status IS NOT NULL OR held_until <= fencepost_now()) ORDER BY created_at LIMIT $2)
