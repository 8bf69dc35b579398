-- Rate limits: the generic cell rate algorithm (ITU-T I.371). A bucket is one time: when it will be full
-- again.

-- name: take_rate
-- $1 name, $2 µs that the tokens wanted take to come back, $3 µs that an empty bucket takes. One conditional
-- statement, on the row itself. No row: there are not as many.
INSERT INTO fencepost_rate_limits AS r (name, full_at) VALUES ($1, fencepost_now() + CAST($2 AS BIGINT))
ON CONFLICT (name) DO UPDATE SET full_at = CAST($2 AS BIGINT)
  + CASE WHEN r.full_at > fencepost_now() AND r.full_at <= fencepost_now() + CAST($3 AS BIGINT)
    THEN r.full_at ELSE fencepost_now() END
WHERE (
  r.full_at <= fencepost_now() + CAST($3 AS BIGINT) - CAST($2 AS BIGINT)       --! rate_condition => TRUE
  -- Emptier than empty: the clock went back, or the limit was made shorter.
  OR r.full_at > fencepost_now() + CAST($3 AS BIGINT))
RETURNING full_at

-- name: rate_wait
-- $1 name, $2, $3 as above: how long until there are as many, if nobody takes them before
SELECT full_at + CAST($2 AS BIGINT) - CAST($3 AS BIGINT) - fencepost_now()
FROM fencepost_rate_limits WHERE name = $1
