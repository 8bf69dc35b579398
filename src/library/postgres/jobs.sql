-- The ready-made jobs table.

-- name: last_job
SELECT 0::bigint

-- name: enqueue
-- $1 a JSON array of {kind, payload, priority, unique_key, delay, at, max_attempts}, $2 last_job's answer.
-- Answers which of them were added, by their place in the array; the others' keys are taken. Whoever adds the
-- same key at the same moment is waited for, so keys are taken in one order.
WITH s AS MATERIALIZED (
  SELECT s.ord - 1 AS ord, nextval('fencepost_jobs_id_seq') + $2::bigint AS id, s.kind, s.payload, s.priority,
    s.unique_key, coalesce(s.at, fencepost_now() + s.delay) AS run_at, s.max_attempts
  FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS (kind text, payload jsonb, priority int, unique_key text,
    delay bigint, at bigint, max_attempts int))
    WITH ORDINALITY AS s(kind, payload, priority, unique_key, delay, at, max_attempts, ord)
), added AS (
  INSERT INTO fencepost_jobs (id, kind, payload, priority, unique_key, run_at, max_attempts)
  SELECT s.id, s.kind, s.payload, s.priority, s.unique_key, s.run_at, s.max_attempts FROM s
  ORDER BY s.kind, s.unique_key, s.ord
  ON CONFLICT (kind, unique_key) WHERE unique_key IS NOT NULL AND status IN ('queued', 'claimed') DO NOTHING
  RETURNING id
)
SELECT s.ord, s.id FROM s JOIN added ON added.id = s.id

-- name: unfinished
-- $1 a JSON array of {ord, kind, unique_key}
SELECT s.ord, t.id
FROM jsonb_to_recordset($1::jsonb) AS s(ord bigint, kind text, unique_key text)
  JOIN fencepost_jobs AS t ON t.kind = s.kind AND t.unique_key = s.unique_key
    AND t.status IN ('queued', 'claimed')
