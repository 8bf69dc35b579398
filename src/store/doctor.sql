-- What `fencepost doctor` asks of one queue.

-- name: doctor_paused
SELECT paused, paused_why FROM fencepost_queues WHERE name = $1

-- name: doctor_items
-- Claimed or sending without a lease; leases that lapsed more than a minute ago and nobody has taken up;
-- stops that wait; due now.
SELECT count(CASE WHEN t.{status} IN ({w_claimed}, {w_sending}) AND t.{lease_until} IS NULL THEN 1 END),
  count(CASE WHEN t.{lease_until} < fencepost_now() - 60000000 AND t.{status} <> {w_unknown} THEN 1 END),
  count(CASE WHEN t.{status} = {w_queued} AND t.{run_at} <= fencepost_now() AND {enabled_t}
    AND t.{effect} IS NULL THEN 1 END)
FROM {table} AS t

-- name: doctor_effects
-- Open for five minutes past their hard deadline; and those that nobody knows the outcome of.
SELECT count(CASE WHEN e.outcome IS NULL AND e.deadline < fencepost_now() - 300000000 THEN 1 END),
  count(CASE WHEN e.outcome = 'unknown' THEN 1 END)
FROM fencepost_effects AS e WHERE e.queue = {queue} AND (e.outcome IS NULL OR e.outcome = 'unknown')

-- name: doctor_writers
-- What programs have changed that know no fence: the trigger wrote it down.
SELECT coalesce(v.actor, ''), coalesce(v.from_state, ''), coalesce(v.to_state, ''), count(*), max(v.at)
FROM fencepost_events AS v WHERE v.queue = {queue} AND v.kind = 'changed'
GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT 20

-- name: doctor_workers
-- $1 host, $2 boot id
SELECT number FROM fencepost_workers WHERE host = $1 AND boot_id <> $2 ORDER BY number
