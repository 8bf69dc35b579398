-- API tokens. Their rows stay when they are revoked: the history names them.

-- name: add_token
-- $1 name, $2 hash, $3 prefix, $4 scopes, $5 person or NULL, $6 life in µs or NULL
INSERT INTO fencepost_tokens (name, hash, prefix, scopes, person_id, expires_at, created_at)
VALUES ($1, $2, $3, $4, $5, fencepost_now() + CAST($6 AS BIGINT), fencepost_now())
RETURNING id, expires_at

-- name: add_first_token
-- $1 name, $2 hash, $3 prefix, $4 scopes. Of processes that start at once on an empty database, the unique
-- index on is_first lets one in.
INSERT INTO fencepost_tokens (name, hash, prefix, scopes, created_at, is_first)
SELECT $1, $2, $3, $4, fencepost_now(), TRUE WHERE NOT EXISTS (SELECT 1 FROM fencepost_tokens)
ON CONFLICT DO NOTHING RETURNING id

-- name: any_token
SELECT 1 FROM fencepost_tokens LIMIT 1

-- name: token_by_hash
-- $1 hash, $2 how often its use is written down, in µs
SELECT t.id, t.name, t.hash, t.scopes, t.person_id, p.name, p.role,
  coalesce(t.last_used_at, 0) <= fencepost_now() - CAST($2 AS BIGINT)
FROM fencepost_tokens AS t LEFT JOIN fencepost_people AS p ON p.id = t.person_id
WHERE t.hash = $1
  AND t.revoked_at IS NULL                                                       --! token_revoked
  AND (t.expires_at IS NULL OR t.expires_at > fencepost_now())                   --! token_life
  AND (t.person_id IS NULL OR (p.disabled_at IS NULL AND p.removed_at IS NULL))  --! token_person

-- name: touch_token
-- $1 id, $2 how often, in µs. Of those who wait for each other here, the first one writes.
UPDATE fencepost_tokens SET last_used_at = fencepost_now()
WHERE id = $1 AND coalesce(last_used_at, 0) <= fencepost_now() - CAST($2 AS BIGINT)

-- name: revoke_token
-- $1 id, $2 person or NULL. Writes also where it was revoked before: a repetition after a commit in doubt has
-- a commit of its own.
UPDATE fencepost_tokens SET revoked_at = coalesce(revoked_at, fencepost_now())
WHERE id = $1 AND (CAST($2 AS BIGINT) IS NULL OR person_id = $2) RETURNING id

-- name: tokens_page
-- $1 behind this id, $2 how many, $3 person or NULL
SELECT id, name, created_at, revoked_at IS NOT NULL, person_id, scopes, prefix, expires_at, last_used_at
FROM fencepost_tokens
WHERE id > $1 AND (CAST($3 AS BIGINT) IS NULL OR person_id = $3) ORDER BY id LIMIT $2
