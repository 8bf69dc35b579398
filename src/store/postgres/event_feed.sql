-- name: feed_issued
-- The last id that was given to anybody, committed or not: a sequence is read as it is, not as a snapshot.
SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('fencepost_events', 'id')::regclass), 0)

-- name: feed_writers
-- Who may still commit an id that was issued before this statement: a writer has this lock before its row's
-- id is drawn, and keeps it until others can see its commit. Prepared transactions are here too ("-1/…").
SELECT DISTINCT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND relation = 'fencepost_events'::regclass
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND mode = 'RowExclusiveLock' AND granted                      --! feed_writers => AND FALSE
