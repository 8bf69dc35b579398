-- name: create_migrations
CREATE TABLE IF NOT EXISTS fencepost_migrations (
  number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)

-- name: lock_migrations
-- Until the end of the transaction; the number says "fencepost" to nobody else.
SELECT pg_advisory_xact_lock(7311842215033)

-- name: current_schema
SELECT current_schema()
