-- One item a transaction, by hand, on the table that fencepost_bench made: its columns, indexes and trigger.
WITH due AS (
  SELECT id FROM bench_items
  WHERE status = 'queued' AND run_at <= (SELECT fencepost_now()) AND effect IS NULL
  ORDER BY run_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE bench_items AS t
SET status = 'claimed', fence = t.fence + 1, claim_id = (random() * 9223372036854774784)::bigint,
  lease_until = fencepost_now() + 60000000
FROM due WHERE t.id = due.id AND t.status = 'queued' AND t.effect IS NULL
RETURNING t.id AS id, t.claim_id AS claim, t.fence AS fence \gset
UPDATE bench_items
SET status = 'done', fence = fence + 1, lease_until = NULL, attempt = attempt + 1
WHERE id = :id AND claim_id = :claim AND fence = :fence AND status = 'claimed';
