-- A hundred in a statement.
\set n random(1, 1000000)
INSERT INTO bench_items (payload)
SELECT jsonb_build_object('n', n) FROM generate_series(:n::bigint, :n::bigint + 99) AS n;
