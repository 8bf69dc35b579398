-- name: take_notices
-- $1 how many. What another server takes at this moment is its own; what is not committed yet comes later.
SELECT n.id, n.at, n.kind, n.queue, n.item, coalesce(n.person_id, c.person_id), n.detail
FROM fencepost_notices AS n LEFT JOIN fencepost_connections AS c ON c.id = n.connection_id
ORDER BY n.id LIMIT $1 FOR UPDATE OF n SKIP LOCKED

-- name: drop_notices
-- Batch of id, taken in this transaction.
DELETE FROM fencepost_notices WHERE id = ANY($1::bigint[])

-- name: lock_subscriptions
-- One at a time makes deliveries for a subscription, and none for one that is being deleted.
SELECT s.id, s.kinds, s.queues, s.person_id, p.role
FROM fencepost_subscriptions AS s LEFT JOIN fencepost_people AS p ON p.id = s.person_id
WHERE s.deleted_at IS NULL AND s.enabled
  AND (s.person_id IS NULL OR (p.disabled_at IS NULL AND p.removed_at IS NULL))
  AND (s.channel = 'webhook' OR (s.confirmed_at IS NOT NULL AND s.address = p.email))
ORDER BY s.id FOR NO KEY UPDATE OF s                             --! subscription_lock => ORDER BY s.id

-- name: lock_subscription
-- $1 id
SELECT version FROM fencepost_subscriptions WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE

-- name: join_deliveries
-- Batch of id, content, notices. Not one that was ever claimed: what was sent once is sent again as it was.
UPDATE fencepost_deliveries AS d SET content = s.content, notices = d.notices + s.notices
FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS s(id, content, notices)
WHERE d.id = s.id AND d.status = 'queued' AND d.run_at > fencepost_now()
  AND d.claim_id IS NULL                                         --! join_unclaimed
RETURNING d.id

-- name: add_deliveries
-- Batch of message id, subscription, content, notices; $5 µs from now
INSERT INTO fencepost_deliveries (message_id, subscription_id, kind, content, notices, run_at, created_at)
SELECT s.message_id, s.subscription, 'digest', s.content, s.notices, fencepost_now() + CAST($5 AS BIGINT),
  fencepost_now()
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[])
  AS s(message_id, subscription, content, notices)

-- name: reseal_subscriptions
-- $1 ids, $2 sealed as it was read, $3 sealed anew. Not what was changed or forgotten meanwhile.
UPDATE fencepost_subscriptions AS c SET secret = s.anew
FROM unnest($1::bigint[], $2::text[], $3::text[]) AS s(id, was, anew)
WHERE c.id = s.id AND c.secret = s.was
