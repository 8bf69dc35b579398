-- name: share_connection
-- $1 id. Held until the end of the transaction: a disconnect waits for the gate, or the gate sees it (rule
-- 3).
SELECT disconnected_at IS NULL FROM fencepost_connections WHERE id = $1 FOR SHARE
