-- name: at_work
-- Claimed and sending: how many of each word.
SELECT CAST(t.{status} AS TEXT), count(*) FROM {table} AS t
WHERE t.{status} IN ({w_claimed}, {w_sending}) GROUP BY t.{status}
