-- Seats and tokens of a limited queue (core/limits.hpp): what is the same in both dialects. Everything but
-- the sweeps runs in the transaction that claims an item or ends its claim, after the item's row was
-- locked: items, then seats, then tokens is the order of locks.

-- name: seat_key
-- $1 item, whose row is locked: the value that limits it.
SELECT {limit_key_t} FROM {table} AS t WHERE t.{key} = {k1}

-- name: hold_seats
-- $1 claim, $2 until: an effect whose outcome is unknown may be under way until its hard deadline, whatever
-- becomes of its process. So the seat is nobody's (worker 0).
UPDATE fencepost_seats SET worker = 0, until_at = $2 WHERE queue = {queue} AND claim = $1

-- name: expired_seats
-- $1 how many: claims whose seats' time is over, by the database's clock.
SELECT claim, max(until_at) FROM fencepost_seats
WHERE queue = {queue} AND until_at <= (SELECT fencepost_now())
GROUP BY claim ORDER BY max(until_at) LIMIT $1

-- name: free_expired
-- $1 claim, $2 until when, as it was seen.
DELETE FROM fencepost_seats
WHERE queue = {queue} AND claim = $1 AND until_at = $2 AND until_at <= fencepost_now()

-- name: free_gone
-- $1 the number of a worker that is certainly gone. Not what its items still hold: rescue decides on that. A
-- claim that has ended never comes back, so an unlocked look is enough.
DELETE FROM fencepost_seats AS s WHERE s.queue = {queue} AND s.worker = $1
  AND NOT EXISTS (SELECT 1 FROM {table} AS t WHERE t.{key} = {k_item}
    AND t.{status} IN ({w_claimed}, {w_sending}) AND t.{claim_id} = s.claim)

-- name: keep_gone
-- $1 the number of a worker that is certainly gone, $2 for how long, in µs, what it has sent may be worked
-- where it went. As free_gone, but the seats become nobody's (worker 0), so that this happens once.
UPDATE fencepost_seats AS s SET worker = 0, until_at = fencepost_now() + $2
WHERE s.queue = {queue} AND s.worker = $1
  AND NOT EXISTS (SELECT 1 FROM {table} AS t WHERE t.{key} = {k_item}
    AND t.{status} IN ({w_claimed}, {w_sending}) AND t.{claim_id} = s.claim)

-- name: seats_held
-- $1 a worker's number
SELECT EXISTS (SELECT 1 FROM fencepost_seats WHERE worker = $1 AND queue = {queue})

-- name: clamp_tokens
-- The database's clock went back: a bucket that has just been emptied is full again after this, and none
-- later.
UPDATE fencepost_token_buckets SET next = fencepost_now() + {rate_full}
WHERE queue = {queue} AND next > fencepost_now() + {rate_full}

-- name: drop_tokens
-- Buckets that are full say nothing.
DELETE FROM fencepost_token_buckets WHERE queue = {queue} AND next <= fencepost_now()

-- name: next_seat_due
-- µs until an item that no limit holds back is due, and until a key that waits for a token has one. What
-- waits for a seat is woken by who frees it.
SELECT min(d.due) - fencepost_now() FROM (
  SELECT min(t.{run_at}) AS due FROM {table} AS t
  WHERE t.{status} = {w_queued} AND {enabled_t} AND t.{effect} IS NULL
    AND ({limit_key_t} IS NULL OR {limit_key_t} NOT IN (
      SELECT s.key FROM fencepost_seats AS s WHERE s.queue = {queue} AND s.scope = 'key'
      GROUP BY s.key HAVING count(*) >= {per_key}
      UNION ALL
      SELECT b.key FROM fencepost_token_buckets AS b
      WHERE b.queue = {queue} AND b.next > (SELECT fencepost_now()) + {rate_slack}))
    AND (SELECT count(*) FROM fencepost_seats AS q
      WHERE q.queue = {queue} AND q.scope = 'queue') < {concurrency}
  UNION ALL
  SELECT min(b.next) - {rate_slack} FROM fencepost_token_buckets AS b
  WHERE b.queue = {queue} AND b.next > (SELECT fencepost_now()) + {rate_slack}
    AND EXISTS (SELECT 1 FROM {table} AS t
      WHERE t.{status} = {w_queued} AND t.{run_at} <= (SELECT fencepost_now()))
) AS d
