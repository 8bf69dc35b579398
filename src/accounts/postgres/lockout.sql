-- name: take_attempt
-- $1 name, $2 tries that are free, $3 longest delay in µs, $4 after how long it begins anew, in µs. One
-- statement: of any number at once one is counted and let in; the others find the delay that it has set. No
-- row: locked. The delay after one try too many is a second, and doubles.
INSERT INTO fencepost_attempts AS a (name, failures, tried_at, locked_until)
VALUES ($1, 1, fencepost_now(), 0)
ON CONFLICT (name) DO UPDATE SET
  failures = CASE WHEN a.tried_at < fencepost_now() - CAST($4 AS BIGINT) THEN 1 ELSE a.failures + 1 END,
  locked_until = CASE
    WHEN a.tried_at < fencepost_now() - CAST($4 AS BIGINT) OR a.failures + 1 < CAST($2 AS BIGINT) THEN 0
    ELSE fencepost_now() + least(CAST($3 AS BIGINT),
      1000000 * (CAST(1 AS BIGINT) << CAST(least(a.failures + 1 - CAST($2 AS BIGINT), 20) AS INTEGER)))
    END,
  tried_at = fencepost_now()
WHERE (a.locked_until <= fencepost_now()                         --! attempt_counted => WHERE (TRUE
  -- Longer than any delay: the clock went back.
  OR a.locked_until > fencepost_now() + CAST($3 AS BIGINT))
RETURNING failures
