-- name: applied_migrations
SELECT number, name FROM fencepost_migrations ORDER BY number

-- name: add_migration
INSERT INTO fencepost_migrations (number, name, applied_at) VALUES ($1, $2, fencepost_now())
