-- Periodic work (rule 15). The table is a fenced one: claim and settle are the protocol's; these are its own
-- columns.

-- name: add_schedule
-- $1 name, $2 spec, $3 zone, $4 the first tick
INSERT INTO fencepost_schedules (name, spec, zone, tick, run_at) VALUES ($1, $2, $3, $4, $4)
ON CONFLICT (name) DO NOTHING

-- name: change_schedule
-- $1 id, $2 spec, $3 zone, $4 the first tick, $5 the fence that was seen under the lock
UPDATE fencepost_schedules SET spec = $2, zone = $3, tick = $4, run_at = $4, fence = fence + 1
WHERE id = $1 AND fence = $5

-- name: change_running_schedule
-- $1 id, $2 spec, $3 zone, $4 the fence that was seen under the lock. A tick is running: its settlement
-- computes the next one from what stands here then.
UPDATE fencepost_schedules SET spec = $2, zone = $3 WHERE id = $1 AND fence = $4

-- name: store_tick
-- $1 id, $2 the next tick, $3 claim, $4 the fence after its settlement. Attempts begin anew with each tick,
-- so that a schedule never runs out of them.
UPDATE fencepost_schedules SET tick = $2, attempt = 0, fence = fence + 1
WHERE id = CAST($1 AS BIGINT) AND claim_id = $3 AND fence = $4
