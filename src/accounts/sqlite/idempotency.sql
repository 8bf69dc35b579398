-- name: lock_key
-- ?1 principal, ?2 key, ?3 how long answers are kept, in µs
SELECT request_hash, route, status, body, held_until <= fencepost_now(),
  created_at <= fencepost_now() - CAST(?3 AS BIGINT)
FROM fencepost_idempotency WHERE principal = ?1 AND idempotency_key = ?2
