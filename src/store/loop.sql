-- What `fencepost loop` asks beside the protocol.

-- name: loop_remaining
-- Whether anything is left that is due, being retried, or being worked by anybody: whatever its word says, a
-- lease has somebody behind it, or the sweeper before it. Two questions, so that each has its index.
SELECT EXISTS (SELECT 1 FROM {table} AS t
    WHERE t.{status} = {w_queued} AND t.{effect} IS NULL AND {enabled_t}
      AND (t.{run_at} <= fencepost_now() OR t.{attempt} > 0))
  OR EXISTS (SELECT 1 FROM {table} AS t
    WHERE t.{lease_until} IS NOT NULL AND t.{status} <> {w_unknown})
