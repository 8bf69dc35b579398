-- Sessions. One that has ended has no row.

-- name: add_session
-- $1 hash, $2 person, $3 address, $4 agent, $5 life in µs
INSERT INTO fencepost_sessions (hash, person_id, address, agent, created_at, seen_at, expires_at)
VALUES ($1, $2, $3, $4, fencepost_now(), fencepost_now(), fencepost_now() + CAST($5 AS BIGINT))
RETURNING id, expires_at

-- name: session_by_hash
-- $1 hash, $2 longest rest in µs, $3 how often its use is written down, in µs
SELECT s.id, s.hash, p.id, p.name, p.role, s.seen_at <= fencepost_now() - CAST($3 AS BIGINT)
FROM fencepost_sessions AS s JOIN fencepost_people AS p ON p.id = s.person_id
WHERE s.hash = $1
  AND s.expires_at > fencepost_now()                             --! session_life
  AND s.seen_at > fencepost_now() - CAST($2 AS BIGINT)           --! session_rest
  AND p.disabled_at IS NULL AND p.removed_at IS NULL             --! session_person

-- name: touch_session
-- $1 id, $2 longest rest, $3 how often, in µs. Not where it has ended meanwhile; of those who wait for each
-- other here, the first one writes.
UPDATE fencepost_sessions SET seen_at = fencepost_now()
WHERE id = $1 AND seen_at <= fencepost_now() - CAST($3 AS BIGINT)
  AND seen_at > fencepost_now() - CAST($2 AS BIGINT)

-- name: sessions_of
-- $1 person, $2 longest rest in µs
SELECT id, created_at, seen_at, expires_at, address, agent FROM fencepost_sessions
WHERE person_id = $1 AND expires_at > fencepost_now() AND seen_at > fencepost_now() - CAST($2 AS BIGINT)
ORDER BY id

-- name: end_session
-- $1 person, $2 id
DELETE FROM fencepost_sessions WHERE person_id = $1 AND id = $2 RETURNING id

-- name: end_sessions
-- $1 person, $2 the one that stays; 0: none
DELETE FROM fencepost_sessions WHERE person_id = $1 AND id <> $2

-- name: end_session_by_hash
DELETE FROM fencepost_sessions WHERE hash = $1
