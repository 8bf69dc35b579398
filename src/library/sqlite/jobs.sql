-- The ready-made jobs table.

-- name: last_job
-- One writer is at work at a time, so the next numbers are known before the rows are written.
SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'fencepost_jobs'), 0)

-- name: enqueue
-- ?1 a JSON array of {kind, payload, priority, unique_key, delay, at, max_attempts}, ?2 last_job's answer.
-- Answers which of them were added, by their place in the array; the others' keys are taken.
INSERT INTO fencepost_jobs (id, kind, payload, priority, unique_key, run_at, max_attempts, created_at)
SELECT ?2 + 1 + s.key, s.value ->> 'kind', s.value -> 'payload', s.value ->> 'priority',
  s.value ->> 'unique_key', coalesce(s.value ->> 'at', fencepost_now() + (s.value ->> 'delay')),
  s.value ->> 'max_attempts', fencepost_now()
FROM json_each(?1) AS s WHERE TRUE
ON CONFLICT (kind, unique_key) WHERE unique_key IS NOT NULL AND status IN ('queued', 'claimed') DO NOTHING
RETURNING id - ?2 - 1, id

-- name: unfinished
-- ?1 a JSON array of {ord, kind, unique_key}
SELECT s.value ->> 'ord', t.id
FROM json_each(?1) AS s
  JOIN fencepost_jobs AS t ON t.kind = s.value ->> 'kind' AND t.unique_key = s.value ->> 'unique_key'
    AND t.status IN ('queued', 'claimed')
