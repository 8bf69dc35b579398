-- name: lock_key
-- $1 principal, $2 key, $3 how long answers are kept, in µs
SELECT request_hash, route, status, body, held_until <= fencepost_now(),
  created_at <= fencepost_now() - CAST($3 AS BIGINT)
FROM fencepost_idempotency WHERE principal = $1 AND idempotency_key = $2 FOR NO KEY UPDATE

-- name: reseal_answers
-- $1 principals, $2 keys, $3 sealed as it was read, $4 sealed anew. Not what is another request's by now.
UPDATE fencepost_idempotency AS i SET body = s.anew
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS s(principal, key, was, anew)
WHERE i.principal = s.principal AND i.idempotency_key = s.key
  AND i.body = s.was                                             --! reseal_same_answer
