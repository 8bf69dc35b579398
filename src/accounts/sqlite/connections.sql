-- name: share_connection
-- The caller's transaction holds the only write lock there is.
SELECT disconnected_at IS NULL FROM fencepost_connections WHERE id = ?1
