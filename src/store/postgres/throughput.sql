-- name: add_ended
-- Batch of queue, how long ago in µs, done, failed, retried, unknown: adds to what others have counted. By
-- minute, because a statement may not write a row twice; and in one order, so that of two instances that add
-- to the same minutes one waits for the other, and never both (rule 14).
INSERT INTO fencepost_throughput AS t (minute, queue, done, failed, retried, unknown)
SELECT s.minute, s.queue, sum(s.done)::bigint, sum(s.failed)::bigint, sum(s.retried)::bigint,
  sum(s.unknown)::bigint
FROM (
  SELECT (n.now - b.age) / 60000000 * 60000000 AS minute, b.*
  FROM (SELECT (SELECT fencepost_now()) AS now) AS n
    CROSS JOIN unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
      AS b(queue, age, done, failed, retried, unknown)
) AS s
GROUP BY s.minute, s.queue
ORDER BY s.minute, s.queue                                       --! throughput_order => ORDER BY s.queue DESC
ON CONFLICT (minute, queue) DO UPDATE SET
  done = t.done + excluded.done,                                 --! throughput_adds => done = excluded.done,
  failed = t.failed + excluded.failed, retried = t.retried + excluded.retried,
  unknown = t.unknown + excluded.unknown

-- name: prune_throughput
-- $1 kept for so many µs, $2 how many rows at most. What somebody holds goes in another run.
DELETE FROM fencepost_throughput AS t USING (
  SELECT o.minute, o.queue FROM fencepost_throughput AS o
  WHERE o.minute < (SELECT fencepost_now()) - $1::bigint         --! throughput_kept => WHERE $1::bigint > 0
  ORDER BY o.minute, o.queue LIMIT $2::bigint FOR UPDATE SKIP LOCKED
) AS old
WHERE t.minute = old.minute AND t.queue = old.queue
