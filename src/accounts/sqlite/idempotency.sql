-- name: lock_key
-- ?1 principal, ?2 key, ?3 how long answers are kept, in µs
SELECT request_hash, route, status, body, held_until <= fencepost_now(),
  created_at <= fencepost_now() - CAST(?3 AS BIGINT)
FROM fencepost_idempotency WHERE principal = ?1 AND idempotency_key = ?2

-- name: reseal_answers
-- ?1 principal, ?2 key, ?3 sealed as it was read, ?4 sealed anew. Not what is another request's by now.
UPDATE fencepost_idempotency SET body = ?4 WHERE principal = ?1 AND idempotency_key = ?2
  AND body = ?3                                                  --! reseal_same_answer
