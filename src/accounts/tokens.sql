-- API tokens. Their rows stay when they are revoked: the history names them.

-- name: add_token
-- $1 name, $2 hash
INSERT INTO fencepost_tokens (name, hash, created_at) VALUES ($1, $2, fencepost_now()) RETURNING id

-- name: add_first_token
-- $1 name, $2 hash. Of processes that start at once on an empty database, the unique index on is_first lets
-- one in.
INSERT INTO fencepost_tokens (name, hash, created_at, is_first)
SELECT $1, $2, fencepost_now(), TRUE WHERE NOT EXISTS (SELECT 1 FROM fencepost_tokens)
ON CONFLICT DO NOTHING RETURNING id

-- name: token_by_hash
-- $1 hash
SELECT id, name, hash FROM fencepost_tokens WHERE hash = $1 AND revoked_at IS NULL

-- name: revoke_token
-- $1 id. Writes also where it was revoked before: a repetition after a commit in doubt has a commit of its
-- own.
UPDATE fencepost_tokens SET revoked_at = coalesce(revoked_at, fencepost_now()) WHERE id = $1 RETURNING id

-- name: tokens
SELECT id, name, created_at, revoked_at IS NOT NULL FROM fencepost_tokens ORDER BY id
