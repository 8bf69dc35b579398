-- name: share_connection
-- The caller's transaction holds the only write lock there is.
SELECT disconnected_at IS NULL FROM fencepost_connections WHERE id = ?1

-- name: lock_secret
-- ?1 id. Until the end of the transaction: what is read here is what is forgotten.
SELECT secret FROM fencepost_connections WHERE id = ?1

-- name: reseal
-- ?1 id, ?2 sealed as it was read, ?3 sealed anew. Not what was changed or forgotten meanwhile.
UPDATE fencepost_connections SET secret = ?3 WHERE id = ?1
  AND secret = ?2                                                --! reseal_same

-- name: lock_imports
-- There is one writer anyway.
SELECT 1

-- name: import_connections
-- ?1 name, ?2 platform, ?3 target: of each, in turn
INSERT INTO fencepost_connections (name, platform, target, created_at, disconnected_at)
VALUES (?1, ?2, ?3, fencepost_now(), fencepost_now()) RETURNING id, name
