-- name: applied_migrations
SELECT number, name FROM fencepost_migrations ORDER BY number

-- name: add_migration
INSERT INTO fencepost_migrations (number, name) VALUES ($1, $2)
