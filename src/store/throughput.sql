-- How many attempts ended, by queue and minute (throughput.hpp).

-- name: mark_counted
-- $1 worker, $2 number of the batch. 0 rows: it was added before, by a commit that was in doubt. Whoever
-- finds that one still under way waits for it here.
UPDATE fencepost_workers SET counted = $2
WHERE number = $1
  AND counted < $2                                               --! throughput_once

-- name: throughput
-- $1 from, $2 until, $3 step, all µs; $4 queue, empty: every one. Steps in which nothing ended are not there.
SELECT queue, minute - minute % CAST($3 AS BIGINT), CAST(sum(done) AS BIGINT),
  CAST(sum(failed) AS BIGINT), CAST(sum(retried) AS BIGINT), CAST(sum(unknown) AS BIGINT)
FROM fencepost_throughput
WHERE minute >= CAST($1 AS BIGINT) AND minute < CAST($2 AS BIGINT) AND ($4 = '' OR queue = $4)
GROUP BY 1, 2 ORDER BY 1, 2
