-- The caller's transaction holds the only write lock there is.

-- name: take_notices
SELECT n.id, n.at, n.kind, n.queue, n.item, coalesce(n.person_id, c.person_id), n.detail
FROM fencepost_notices AS n LEFT JOIN fencepost_connections AS c ON c.id = n.connection_id
ORDER BY n.id LIMIT ?1

-- name: drop_notices
DELETE FROM fencepost_notices WHERE id = ?1

-- name: lock_subscriptions
SELECT s.id, s.kinds, s.queues, s.person_id, p.role
FROM fencepost_subscriptions AS s LEFT JOIN fencepost_people AS p ON p.id = s.person_id
WHERE s.deleted_at IS NULL AND s.enabled
  AND (s.person_id IS NULL OR (p.disabled_at IS NULL AND p.removed_at IS NULL))
  AND (s.channel = 'webhook' OR (s.confirmed_at IS NOT NULL AND s.address = p.email))
ORDER BY s.id

-- name: lock_subscription
SELECT version FROM fencepost_subscriptions WHERE id = ?1 AND deleted_at IS NULL

-- name: join_deliveries
UPDATE fencepost_deliveries SET content = ?2, notices = notices + ?3
WHERE id = ?1 AND status = 'queued' AND run_at > fencepost_now()
  AND claim_id IS NULL                                           --! join_unclaimed
RETURNING id

-- name: add_deliveries
INSERT INTO fencepost_deliveries (message_id, subscription_id, kind, content, notices, run_at, created_at)
VALUES (?1, ?2, 'digest', ?3, ?4, fencepost_now() + ?5, fencepost_now())

-- name: reseal_subscriptions
-- ?1 id, ?2 sealed as it was read, ?3 sealed anew. Not what was changed or forgotten meanwhile.
UPDATE fencepost_subscriptions SET secret = ?3 WHERE id = ?1 AND secret = ?2
