-- Subscriptions, and the deliveries made for them. The protocol's columns are the store's to write.

-- name: add_subscription
-- $1 person or NULL, $2 name, $3 channel, $4 URL or NULL, $5 address or NULL, $6 kinds, $7 queues
INSERT INTO fencepost_subscriptions (person_id, name, channel, url, address, kinds, queues, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, fencepost_now()) RETURNING id

-- name: set_subscription_secret
-- $1 id, $2 the sealed secret, which is bound to the id
UPDATE fencepost_subscriptions SET secret = $2 WHERE id = $1 AND deleted_at IS NULL

-- name: subscriptions_of
-- $1 person or NULL: how many there are
SELECT count(*) FROM fencepost_subscriptions
WHERE deleted_at IS NULL AND person_id IS NOT DISTINCT FROM CAST($1 AS BIGINT)

-- name: subscription
-- $1 id
SELECT s.id, s.person_id, s.name, s.channel, s.url, s.address, s.kinds, s.queues, s.enabled, s.version,
  s.created_at, s.confirmed_at, p.email, s.secret
FROM fencepost_subscriptions AS s LEFT JOIN fencepost_people AS p ON p.id = s.person_id
WHERE s.id = $1 AND s.deleted_at IS NULL

-- name: subscriptions_page
-- $1 behind this id, $2 how many, $3 person or NULL: everybody's
SELECT s.id, s.person_id, s.name, s.channel, s.url, s.address, s.kinds, s.queues, s.enabled, s.version,
  s.created_at, s.confirmed_at, p.email, NULL
FROM fencepost_subscriptions AS s LEFT JOIN fencepost_people AS p ON p.id = s.person_id
WHERE s.id > $1 AND s.deleted_at IS NULL AND (CAST($3 AS BIGINT) IS NULL OR s.person_id = $3)
ORDER BY s.id LIMIT $2

-- name: subscription_secrets_page
-- $1 behind this id, $2 how many
SELECT id, secret FROM fencepost_subscriptions WHERE id > $1 AND secret IS NOT NULL ORDER BY id LIMIT $2

-- name: any_secret
SELECT 1 FROM fencepost_subscriptions WHERE secret IS NOT NULL LIMIT 1

-- name: edit_subscription
-- $1 id, $2 the version that was seen, $3 name, $4 kinds, $5 queues, $6 enabled
UPDATE fencepost_subscriptions SET name = $3, kinds = $4, queues = $5, enabled = $6, version = version + 1
WHERE id = $1 AND version = $2 AND deleted_at IS NULL RETURNING version

-- name: confirm_subscription
-- $1 id. Written also where it was confirmed before: a repetition has a commit of its own.
UPDATE fencepost_subscriptions SET version = version + CASE WHEN confirmed_at IS NULL THEN 1 ELSE 0 END,
  confirmed_at = coalesce(confirmed_at, fencepost_now())
WHERE id = $1 AND deleted_at IS NULL RETURNING id

-- name: delete_subscription
-- $1 id. The row stays for what was delivered, without the secret.
UPDATE fencepost_subscriptions SET deleted_at = coalesce(deleted_at, fencepost_now()), secret = NULL
WHERE id = $1 RETURNING id

-- name: stop_deliveries
-- $1 subscription. A plain word: the fence trigger makes of it that no worker's settlement counts any more.
UPDATE fencepost_deliveries SET status = 'stopped'
WHERE subscription_id = $1 AND status IN ('queued', 'claimed')

-- name: add_delivery
-- $1 message id, $2 subscription, $3 kind, $4 content; due now
INSERT INTO fencepost_deliveries (message_id, subscription_id, kind, content, run_at, created_at)
VALUES ($1, $2, $3, $4, fencepost_now(), fencepost_now()) RETURNING id

-- name: deliveries_page
-- $1 subscription, $2 before this id, $3 how many
SELECT id, message_id, kind, notices, status, attempt, last_error, run_at, created_at
FROM fencepost_deliveries WHERE subscription_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3

-- name: open_deliveries
-- Those that no worker has seen: what is in them may still grow. Read under the locks of their subscriptions,
-- without which nobody changes them.
SELECT subscription_id, id, content FROM fencepost_deliveries
WHERE status = 'queued' AND kind = 'digest' AND run_at > fencepost_now()
  AND claim_id IS NULL                                           --! join_unclaimed
ORDER BY id

-- name: to_deliver
-- $1 id. `live`: subscription, person and address are all as they must be for this kind.
SELECT d.message_id, d.kind, d.content, d.created_at, d.subscription_id, s.channel, s.url, s.secret,
  s.address,
  s.deleted_at IS NULL AND (s.enabled OR d.kind <> 'digest')
    AND (s.person_id IS NULL OR (p.disabled_at IS NULL AND p.removed_at IS NULL))
    AND (s.channel = 'webhook' OR (coalesce(s.address = p.email, FALSE)
      AND (s.confirmed_at IS NOT NULL OR d.kind = 'confirm'))) AS live
FROM fencepost_deliveries AS d JOIN fencepost_subscriptions AS s ON s.id = d.subscription_id
  LEFT JOIN fencepost_people AS p ON p.id = s.person_id
WHERE d.id = $1
