-- Who of those that asked before may still ask.

-- name: tokens_alive
SELECT t.id, t.scopes, t.person_id, p.role
FROM fencepost_tokens AS t LEFT JOIN fencepost_people AS p ON p.id = t.person_id
WHERE t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > fencepost_now())
  AND (t.person_id IS NULL OR (p.disabled_at IS NULL AND p.removed_at IS NULL))

-- name: sessions_alive
-- $1 longest rest in µs
SELECT s.id, p.id, p.role FROM fencepost_sessions AS s JOIN fencepost_people AS p ON p.id = s.person_id
WHERE s.expires_at > fencepost_now() AND s.seen_at > fencepost_now() - CAST($1 AS BIGINT)
  AND p.disabled_at IS NULL AND p.removed_at IS NULL
