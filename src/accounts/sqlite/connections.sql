-- name: share_connection
-- The caller's transaction holds the only write lock there is.
SELECT disconnected_at IS NULL FROM fencepost_connections WHERE id = ?1

-- name: reseal
-- ?1 id, ?2 sealed as it was read, ?3 sealed anew. Not what was changed or forgotten meanwhile.
UPDATE fencepost_connections SET secret = ?3 WHERE id = ?1
  AND secret = ?2                                                --! reseal_same
