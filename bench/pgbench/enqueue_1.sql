-- One insert a transaction, without a notification.
\set n random(1, 1000000)
INSERT INTO bench_items (payload) VALUES (jsonb_build_object('n', :n::bigint));
