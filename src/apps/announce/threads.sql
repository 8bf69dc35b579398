-- Threads: the parts behind the first. Their run_at is never until the part before is posted; what else can
-- forbid them is said of the first part (to_publish).

-- name: add_part
-- $1 the first part, $2 part, $3 text, $4 never, $5 status. The first part's row is held.
INSERT INTO fencepost_announcements (connection_id, thread_id, part, text, run_at, status, include_url,
  created_at, updated_at)
SELECT a.connection_id, a.id, CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS TEXT),
  FALSE, fencepost_now(), fencepost_now()
FROM fencepost_announcements AS a WHERE a.id = $1 RETURNING id

-- name: items_of
-- $1 id: itself and the parts behind it, where it is a first one; in the order of their keys.
SELECT id FROM fencepost_announcements WHERE id = $1 OR thread_id = $1 ORDER BY id

-- name: renew_first
-- $1 a first part that is held. One of its parts was changed: approvals and versions are of the whole.
UPDATE fencepost_announcements SET version = version + 1, updated_at = fencepost_now()
WHERE id = $1 AND status <> 'deleted'

-- name: thread_of
-- $1 id: the first part of the thread that it is in, or itself.
SELECT coalesce(thread_id, id) FROM fencepost_announcements WHERE id = $1

-- name: release_thread
-- $1 any part, $2 never: what follows a part that is posted goes out now; what follows another one waits.
-- It judges by its own snapshot, whatever it waits for (rule 17). So who arms, adds or deletes parts holds
-- the thread from its first part on, and a settlement the part that was posted, each in a statement before
-- this one: of two at once the later sees both.
UPDATE fencepost_announcements AS a
SET
  run_at = CASE WHEN d.posted THEN fencepost_now() ELSE $2 END  --! thread_waits => run_at = fencepost_now()
FROM (
  SELECT t.id AS item, b.status = 'posted' AS posted
  FROM fencepost_announcements AS g
    JOIN fencepost_announcements AS t ON t.thread_id = coalesce(g.thread_id, g.id)
    JOIN fencepost_announcements AS b ON b.id = (
      SELECT max(o.id) FROM fencepost_announcements AS o
      WHERE o.id < t.id AND (o.id = t.thread_id OR o.thread_id = t.thread_id))
  WHERE g.id = $1
) AS d
WHERE a.id = d.item AND a.status = 'queued' AND a.effect IS NULL
  AND (a.run_at < $2) <> d.posted                                --! thread_waits
RETURNING id, run_at

-- name: thread_before
-- $1 a part behind the first: the first part and the one before this, as their platform knows them.
SELECT r.post_id, r.post_url, b.post_id, b.post_url, b.status = 'posted'
FROM fencepost_announcements AS t JOIN fencepost_announcements AS r ON r.id = t.thread_id
  JOIN fencepost_announcements AS b ON b.id = (
    SELECT max(o.id) FROM fencepost_announcements AS o
    WHERE o.id < t.id AND (o.id = t.thread_id OR o.thread_id = t.thread_id))
WHERE t.id = $1
