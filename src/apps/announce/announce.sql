-- Announcements: what people see and change of them. The protocol's columns are the store's to write.

-- name: add
-- $1 connection, $2 text, $3 url, $4 run_at or NULL: now
INSERT INTO fencepost_announcements (connection_id, text, url, run_at, created_at, updated_at)
VALUES ($1, $2, $3, coalesce($4, fencepost_now()), fencepost_now(), fencepost_now()) RETURNING id

-- name: get
SELECT a.id, a.connection_id, c.name, a.text, a.url, a.run_at, a.status, a.version, a.attempt, a.stop_wanted,
  a.last_error, a.posted_at, a.post_id, a.post_url, a.created_at
FROM fencepost_announcements AS a JOIN fencepost_connections AS c ON c.id = a.connection_id
WHERE a.id = $1

-- name: list
-- $1 before this id, $2 how many
SELECT a.id, a.connection_id, c.name, a.text, a.url, a.run_at, a.status, a.version, a.attempt, a.stop_wanted,
  a.last_error, a.posted_at, a.post_id, a.post_url, a.created_at
FROM fencepost_announcements AS a JOIN fencepost_connections AS c ON c.id = a.connection_id
WHERE a.id < $1 ORDER BY a.id DESC LIMIT $2

-- name: list_of_status
-- $1 before this id, $2 how many, $3 and $4 words: a claimed one is still queued to people
SELECT a.id, a.connection_id, c.name, a.text, a.url, a.run_at, a.status, a.version, a.attempt, a.stop_wanted,
  a.last_error, a.posted_at, a.post_id, a.post_url, a.created_at
FROM fencepost_announcements AS a JOIN fencepost_connections AS c ON c.id = a.connection_id
WHERE a.id < $1 AND a.status IN ($3, $4) ORDER BY a.id DESC LIMIT $2

-- name: list_of_person
-- $1 before this id, $2 how many, $3 and $4 words or NULL: any, $5 the person whose connections they go over
SELECT a.id, a.connection_id, c.name, a.text, a.url, a.run_at, a.status, a.version, a.attempt, a.stop_wanted,
  a.last_error, a.posted_at, a.post_id, a.post_url, a.created_at
FROM fencepost_announcements AS a JOIN fencepost_connections AS c ON c.id = a.connection_id
WHERE a.id < $1 AND (CAST($3 AS TEXT) IS NULL OR a.status IN ($3, $4)) AND c.person_id = $5
ORDER BY a.id DESC LIMIT $2

-- name: owner
SELECT c.person_id
FROM fencepost_announcements AS a JOIN fencepost_connections AS c ON c.id = a.connection_id WHERE a.id = $1

-- name: change
-- $1 id, $2 the version that was seen, $3 text, $4 url, $5 run_at. After Fence::edit, under its lock.
UPDATE fencepost_announcements
SET text = $3, url = $4, run_at = $5, version = version + 1, updated_at = fencepost_now()
WHERE id = $1 AND version = $2 AND status IN ('queued', 'failed', 'disabled') RETURNING version

-- name: set_posted
-- $1 id, $2 post id, $3 post URL. In the transaction that settles, after the item was written. What was
-- learnt late was posted when its effect began, not when somebody found out.
UPDATE fencepost_announcements
SET posted_at = coalesce(
    (SELECT e.begun FROM fencepost_effects AS e WHERE e.claim = fencepost_announcements.effect),
    fencepost_now()), post_id = $2, post_url = $3
WHERE id = $1 AND status = 'posted'

-- name: to_publish
-- $1 id: what the publisher needs of it and of its connection.
SELECT a.text, a.url, a.connection_id, c.platform, c.target, e.detail
FROM fencepost_announcements AS a JOIN fencepost_connections AS c ON c.id = a.connection_id
  LEFT JOIN fencepost_effects AS e ON e.claim = a.effect
WHERE a.id = $1
