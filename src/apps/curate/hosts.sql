-- One request at a time to a host, over all queues and instances, and a rest between two.

-- name: take_host
-- $1 host, $2 µs until it is free by itself, $3 who takes it: where it is free.
INSERT INTO fencepost_hosts AS h (host, free_at, holder) VALUES ($1, fencepost_now() + $2, $3)
ON CONFLICT (host) DO UPDATE SET free_at = excluded.free_at, holder = excluded.holder
WHERE h.free_at <= fencepost_now()                               --! host_free
RETURNING 1

-- name: host_free_in
-- $1 host: µs, and who has it
SELECT free_at - fencepost_now(), holder FROM fencepost_hosts WHERE host = $1

-- name: give_host
-- $1 host, $2 who has taken it, $3 µs of rest
UPDATE fencepost_hosts SET free_at = fencepost_now() + $3, holder = '' WHERE host = $1 AND holder = $2
