-- name: lock_schedule
-- $1 name
SELECT id, spec, zone, status, fence FROM fencepost_schedules WHERE name = $1 FOR NO KEY UPDATE

-- name: lock_tick
-- $1 id. Database time is read afterwards: this statement may have waited.
SELECT tick, spec, zone, status, fence, claim_id FROM fencepost_schedules WHERE id = CAST($1 AS BIGINT)
FOR NO KEY UPDATE
