-- One insert a transaction, with a notification: what a queue that wakes its workers has to do.
\set n random(1, 1000000)
WITH added AS (INSERT INTO bench_items (payload) VALUES (jsonb_build_object('n', :n::bigint)) RETURNING id)
SELECT pg_notify('bench', id::text) FROM added;
