-- name: add_ended
-- Batch of queue, how long ago in µs, done, failed, retried, unknown: adds to what others have counted.
INSERT INTO fencepost_throughput (minute, queue, done, failed, retried, unknown)
VALUES ((fencepost_now() - ?2) / 60000000 * 60000000, ?1, ?3, ?4, ?5, ?6)
ON CONFLICT (minute, queue) DO UPDATE SET
  done = fencepost_throughput.done + excluded.done,              --! throughput_adds => done = excluded.done,
  failed = fencepost_throughput.failed + excluded.failed,
  retried = fencepost_throughput.retried + excluded.retried,
  unknown = fencepost_throughput.unknown + excluded.unknown

-- name: prune_throughput
-- ?1 kept for so many µs, ?2 how many rows at most
DELETE FROM fencepost_throughput WHERE (minute, queue) IN (
  SELECT minute, queue FROM fencepost_throughput
  WHERE minute < fencepost_now() - ?1                            --! throughput_kept => WHERE ?1 > 0
  ORDER BY minute, queue LIMIT ?2)
