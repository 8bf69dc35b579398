-- name: create_migrations
CREATE TABLE IF NOT EXISTS fencepost_migrations (
  number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)

-- name: lock_migrations
-- The transaction holds the only write lock there is.
SELECT 1

-- name: current_schema
SELECT ''
