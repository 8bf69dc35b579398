-- A hundred items a transaction; one claim_id serves the batch, and the fences go back as an array.
WITH due AS (
  SELECT id FROM bench_items
  WHERE status = 'queued' AND run_at <= (SELECT fencepost_now()) AND effect IS NULL
  ORDER BY run_at, id LIMIT 100 FOR NO KEY UPDATE SKIP LOCKED
), mine AS (
  SELECT (random() * 9223372036854774784)::bigint AS claim, fencepost_now() + 60000000 AS lease
), claimed AS (
  UPDATE bench_items AS t
  SET status = 'claimed', fence = t.fence + 1, claim_id = mine.claim, lease_until = mine.lease
  FROM due, mine WHERE t.id = due.id AND t.status = 'queued' AND t.effect IS NULL
  RETURNING t.id, t.claim_id, t.fence
)
SELECT array_agg(id) AS ids, array_agg(fence) AS fences, min(claim_id) AS claim FROM claimed \gset
UPDATE bench_items AS t
SET status = 'done', fence = t.fence + 1, lease_until = NULL, attempt = t.attempt + 1
FROM unnest(:ids::bigint[], :fences::bigint[]) AS s(id, fence)
WHERE t.id = s.id AND t.claim_id = :claim AND t.fence = s.fence AND t.status = 'claimed';
