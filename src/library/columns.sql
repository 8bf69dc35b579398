-- The protocol's columns, for a table that lacks them. {names} are the queue's, quoted by store.

-- name: add_fence
ALTER TABLE {table} ADD COLUMN {fence} BIGINT NOT NULL DEFAULT 0

-- name: add_claim_id
ALTER TABLE {table} ADD COLUMN {claim_id} BIGINT

-- name: add_effect
ALTER TABLE {table} ADD COLUMN {effect} BIGINT

-- name: add_effect_key
ALTER TABLE {table} ADD COLUMN {effect_key} TEXT

-- name: add_lease_until
ALTER TABLE {table} ADD COLUMN {lease_until} BIGINT

-- name: add_run_at
ALTER TABLE {table} ADD COLUMN {run_at} BIGINT NOT NULL DEFAULT 0

-- name: add_attempt
ALTER TABLE {table} ADD COLUMN {attempt} INTEGER NOT NULL DEFAULT 0

-- name: add_stop_wanted
ALTER TABLE {table} ADD COLUMN {stop_wanted} BOOLEAN NOT NULL DEFAULT FALSE

-- name: add_last_error
ALTER TABLE {table} ADD COLUMN {last_error} TEXT

-- name: idle
-- $1 a worker's number: whether nothing is due and that worker holds nothing, both at one moment.
SELECT NOT EXISTS (SELECT 1 FROM {table} AS c
    WHERE c.{status} = {w_queued} AND c.{run_at} <= (SELECT fencepost_now()) AND {enabled_c}
      AND c.{effect} IS NULL)
  AND NOT EXISTS (SELECT 1 FROM {table} AS h
    WHERE h.{lease_until} IS NOT NULL AND (h.{claim_id} >> 43) = $1 AND h.{status} <> {w_unknown})
