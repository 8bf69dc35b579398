-- name: share_connection
-- $1 id. Held until the end of the transaction: a disconnect waits for the gate, or the gate sees it (rule
-- 3).
SELECT disconnected_at IS NULL FROM fencepost_connections WHERE id = $1 FOR SHARE

-- name: lock_secret
-- $1 id. Until the end of the transaction: what is read here is what is forgotten.
SELECT secret FROM fencepost_connections WHERE id = $1 FOR UPDATE

-- name: reseal
-- $1 ids, $2 sealed as it was read, $3 sealed anew. Not what was changed or forgotten meanwhile.
UPDATE fencepost_connections AS c SET secret = s.anew
FROM unnest($1::bigint[], $2::text[], $3::text[]) AS s(id, was, anew)
WHERE c.id = s.id
  AND c.secret = s.was                                           --! reseal_same

-- name: lock_imports
-- Until the end of the transaction; the number is the one after that of migrations.
SELECT pg_advisory_xact_lock(7311842215034)

-- name: import_connections
-- $1 names, $2 platforms, $3 targets
INSERT INTO fencepost_connections (name, platform, target, created_at, disconnected_at)
SELECT w.name, w.platform, w.target, fencepost_now(), fencepost_now()
FROM unnest($1::text[], $2::text[], $3::text[]) AS w(name, platform, target) RETURNING id, name
