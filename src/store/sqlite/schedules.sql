-- name: lock_schedule
-- ?1 name. The transaction holds the only write lock there is.
SELECT id, spec, zone, status, fence FROM fencepost_schedules WHERE name = ?1

-- name: lock_tick
-- ?1 id
SELECT tick, spec, zone, status, fence, claim_id FROM fencepost_schedules WHERE id = CAST(?1 AS BIGINT)
