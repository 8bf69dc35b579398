-- Announcements: what people see and change of them. The protocol's columns are the store's to write.

-- name: add
-- $1 connection, $2 text, $3 url, $4 run_at or NULL: now
INSERT INTO fencepost_announcements (connection_id, text, url, run_at, created_at, updated_at)
VALUES ($1, $2, $3, coalesce($4, fencepost_now()), fencepost_now(), fencepost_now()) RETURNING id

-- name: add_to_episode
-- $1 connection, $2 text, $3 url, $4 never, $5 episode, $6 host or NULL, $7 trigger, $8 at, $9 minutes
-- before, $10 stagger or NULL: behind the others, $11 include the URL, $12 deadline, $13 status. No row: the
-- connection has one there already.
INSERT INTO fencepost_announcements (connection_id, text, url, run_at, episode_id, host_id, trigger_on,
  at_time, minutes_before, stagger, include_url, deadline, status, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce(CAST($10 AS BIGINT), (
    SELECT CASE WHEN count(o.id) * s.stagger < 82800 THEN count(o.id) * s.stagger ELSE 82800 END
    FROM fencepost_episodes AS e JOIN fencepost_shows AS s ON s.id = e.show_id
      LEFT JOIN fencepost_announcements AS o ON o.episode_id = e.id
    WHERE e.id = $5 GROUP BY s.stagger)),
  $11, $12, $13, fencepost_now(), fencepost_now())
ON CONFLICT (episode_id, connection_id) WHERE episode_id IS NOT NULL DO NOTHING RETURNING id

-- name: add_for_all
-- $1 episode, $2 never: one for each connection of each member, released with the stream; who did not opt in
-- gets one that is disabled.
INSERT INTO fencepost_announcements (connection_id, text, run_at, episode_id, host_id, trigger_on, stagger,
  status, created_at, updated_at)
SELECT c.id, '', CAST($2 AS BIGINT), e.id, m.person_id, 'live',
  CASE WHEN w.place < 82800 / (s.stagger + 1) THEN w.place * s.stagger ELSE 82800 END,
  CASE WHEN m.opted_in THEN 'queued' ELSE 'disabled' END, fencepost_now(), fencepost_now()
FROM fencepost_episodes AS e JOIN fencepost_shows AS s ON s.id = e.show_id
  JOIN fencepost_show_members AS m ON m.show_id = s.id
  JOIN fencepost_people AS p ON p.id = m.person_id AND p.disabled_at IS NULL AND p.removed_at IS NULL
  JOIN fencepost_connections AS c ON c.person_id = m.person_id AND c.disconnected_at IS NULL
  JOIN (
    SELECT k.id, row_number() OVER (ORDER BY k.person_id, k.id) - 1 +
      (SELECT count(*) FROM fencepost_announcements AS o WHERE o.episode_id = $1) AS place
    FROM fencepost_connections AS k
    WHERE k.disconnected_at IS NULL AND k.person_id IN (SELECT n.person_id FROM fencepost_show_members AS n
        JOIN fencepost_episodes AS f ON f.show_id = n.show_id WHERE f.id = $1)
      AND NOT EXISTS (SELECT 1 FROM fencepost_announcements AS o
        WHERE o.episode_id = $1 AND o.connection_id = k.id)
      AND NOT EXISTS (SELECT 1 FROM fencepost_announcements_deleted AS d
        WHERE d.episode_id = $1 AND d.connection_id = k.id)
  ) AS w ON w.id = c.id
WHERE e.id = $1
ON CONFLICT (episode_id, connection_id) WHERE episode_id IS NOT NULL DO NOTHING
RETURNING id, status

-- name: page
-- $1 before this id, $2 how many
SELECT id FROM fencepost_announcements WHERE id < $1 AND part = 1 ORDER BY id DESC LIMIT $2

-- name: page_of_status
-- $1 before this id, $2 how many, $3 and $4 words: a claimed one is still queued to people, $5 never, $6
-- whether what is queued is pending
SELECT id FROM fencepost_announcements
WHERE id < $1 AND part = 1 AND status IN ($3, $4)
  AND (status NOT IN ('queued', 'claimed') OR (run_at >= $5) = CAST($6 AS BOOLEAN))
ORDER BY id DESC LIMIT $2

-- name: page_of_person
-- $1 before this id, $2 how many, $3 and $4 words or NULL: any, $5 and $6 as above, $7 the person whose
-- connections they go over
SELECT a.id FROM fencepost_announcements AS a JOIN fencepost_connections AS c ON c.id = a.connection_id
WHERE a.id < $1 AND a.part = 1 AND c.person_id = $7
  AND (CAST($3 AS TEXT) IS NULL OR (a.status IN ($3, $4)
    AND (a.status NOT IN ('queued', 'claimed') OR (a.run_at >= $5) = CAST($6 AS BOOLEAN))))
ORDER BY a.id DESC LIMIT $2

-- name: page_of_episode
-- $1 before this id, $2 how many, $3 episode
SELECT id FROM fencepost_announcements WHERE episode_id = $3 AND id < $1 ORDER BY id DESC LIMIT $2

-- name: page_of_due
-- $1 behind this time and $2 this id, $3 how many, $4 never, $5 the person whose they are or NULL: what goes
-- out next, the soonest first
SELECT a.id FROM fencepost_announcements AS a JOIN fencepost_connections AS c ON c.id = a.connection_id
WHERE a.status = 'queued' AND a.effect IS NULL AND a.run_at < $4
  AND (a.run_at > $1 OR (a.run_at = $1 AND a.id > $2))
  AND (CAST($5 AS BIGINT) IS NULL OR c.person_id = $5)
ORDER BY a.run_at, a.id LIMIT $3

-- name: schedule_now
-- $1 never. What is not finished stands in partial indexes (ADR 8), so this costs what it counts.
SELECT count(CASE WHEN q.run_at <= n.now THEN 1 END),
  count(CASE WHEN q.run_at <= n.now - 60000000 THEN 1 END), count(CASE WHEN q.run_at >= $1 THEN 1 END),
  (SELECT count(*) FROM fencepost_announcements AS s
    WHERE s.status = 'sending' AND s.lease_until IS NOT NULL),
  (SELECT count(*) FROM fencepost_announcements AS u WHERE u.status = 'unknown'),
  min(CASE WHEN q.run_at > n.now AND q.run_at < $1 THEN q.run_at END)
FROM (SELECT fencepost_now() AS now) AS n LEFT JOIN fencepost_announcements AS q
  ON q.status = 'queued' AND q.effect IS NULL

-- name: owner
SELECT c.person_id
FROM fencepost_announcements AS a JOIN fencepost_connections AS c ON c.id = a.connection_id WHERE a.id = $1

-- name: show_of
-- $1 id: no row, where it is of no episode.
SELECT e.show_id
FROM fencepost_announcements AS a JOIN fencepost_announcements AS r ON r.id = coalesce(a.thread_id, a.id)
  JOIN fencepost_episodes AS e ON e.id = r.episode_id
WHERE a.id = $1

-- name: episode_of
-- $1 id. It changes once, to NULL, with the deletion of the episode, which locks that first.
SELECT r.episode_id
FROM fencepost_announcements AS a JOIN fencepost_announcements AS r ON r.id = coalesce(a.thread_id, a.id)
WHERE a.id = $1

-- name: change
-- $1 id, $2 the version that was seen, $3 text, $4 url, $5 run_at. After Fence::edit, under its lock.
UPDATE fencepost_announcements
SET text = $3, url = $4, run_at = $5, trigger_on = $6, at_time = $7, minutes_before = $8, stagger = $9,
  include_url = $10, deadline = $11, release_at = NULL, at_once = FALSE, version = version + 1,
  updated_at = fencepost_now()
WHERE id = $1 AND version = $2 AND status IN ('queued', 'failed', 'disabled') RETURNING version

-- name: remember_deleted
-- $1 id, of an episode's announcement that is about to be deleted; under the episode's lock, so that who
-- announces for all sees the row or this.
INSERT INTO fencepost_announcements_deleted (episode_id, connection_id, announcement_id)
SELECT a.episode_id, a.connection_id, a.id FROM fencepost_announcements AS a
WHERE a.id = $1 AND a.episode_id IS NOT NULL
ON CONFLICT (episode_id, connection_id) DO UPDATE SET announcement_id = excluded.announcement_id

-- name: renew_release
-- $1 id. It was armed again: its trigger decides anew, whatever it was put off to before.
UPDATE fencepost_announcements SET release_at = NULL, at_once = FALSE WHERE id = $1 AND status = 'queued'

-- name: hurry
-- $1 id. A person said "now", in the transaction that claims it.
UPDATE fencepost_announcements SET release_at = NULL, at_once = TRUE WHERE id = $1 AND status = 'claimed'

-- name: approve
-- $1 id, $2 the version that was seen, $3 who. Under the item's lock.
UPDATE fencepost_announcements SET approved_version = version, approved_by = $3
WHERE id = $1 AND version = $2 AND status IN ('queued', 'claimed', 'failed', 'disabled') RETURNING version

-- name: set_posted
-- $1 id, $2 post id, $3 post URL. In the transaction that settles, after the item was written. What was
-- learnt late was posted when its effect began, not when somebody found out.
UPDATE fencepost_announcements
SET posted_at = coalesce(
    (SELECT e.begun FROM fencepost_effects AS e WHERE e.claim = fencepost_announcements.effect),
    fencepost_now()), post_id = $2, post_url = $3
WHERE id = $1 AND status = 'posted'

-- name: rivals
-- $1 announcement, $2 a post that was found, $3 since when it can be: what else the post may be of. Others of
-- the account that have it, whose outcome is open, or that were posted since and nobody knows what the
-- platform calls their post; and those that somebody has deleted since, which have left what they sent.
SELECT o.id, coalesce(o.post_id = $2, FALSE), x.request, x.destination
FROM fencepost_announcements AS a JOIN fencepost_connections AS c ON c.id = a.connection_id
  JOIN fencepost_connections AS k ON k.id = c.id OR (k.platform = c.platform AND k.target = c.target
    AND k.account_id = c.account_id AND c.account_id <> '')
  JOIN fencepost_announcements AS o ON o.connection_id = k.id AND o.id <> a.id
  LEFT JOIN fencepost_effects AS x ON x.claim = o.effect AND (x.outcome IS NULL OR x.outcome = 'unknown'
    OR (x.outcome = 'done' AND o.post_id IS NULL AND x.begun >= $3)  --! look_nameless
  )
WHERE a.id = $1 AND (o.post_id = $2 OR x.id IS NOT NULL)
UNION ALL
SELECT CAST(d.item AS BIGINT), coalesce(d.remote_id = $2, FALSE), d.request, d.destination
FROM fencepost_announcements AS a JOIN fencepost_effects AS m ON m.claim = a.effect
  JOIN fencepost_effects AS d ON d.queue = m.queue AND d.destination = m.destination
    AND d.outcome = 'done'                                           --! look_deleted => AND FALSE
    AND d.begun >= $3 AND (d.remote_id = $2 OR d.remote_id IS NULL)
WHERE a.id = $1
  AND NOT EXISTS (SELECT 1 FROM fencepost_announcements AS o WHERE o.id = CAST(d.item AS BIGINT))
ORDER BY 1

-- name: sent
-- $1 id: what left of it, where it is being sent, was posted, or nobody knows.
SELECT x.destination, x.request
FROM fencepost_announcements AS a JOIN fencepost_effects AS x ON x.claim = a.effect
WHERE a.id = $1 AND a.status IN ('sending', 'unknown', 'posted')

-- name: to_publish
-- $1 id: what the publisher needs of it, of its connection, and of what can forbid it.
SELECT a.text, a.url, a.connection_id, c.platform, c.target, x.detail, a.include_url, a.generated_text,
  r.deadline, r.trigger_on, r.approved_version IS NOT DISTINCT FROM r.version, e.id, e.version, e.status,
  e.title, e.number, e.url, s.id, s.version, s.enabled, s.needs_approval, s.name, s.template, r.host_id,
  p.name, m.person_id IS NOT NULL AND p.disabled_at IS NULL AND p.removed_at IS NULL, fencepost_now(), a.part
FROM fencepost_announcements AS a JOIN fencepost_announcements AS r ON r.id = coalesce(a.thread_id, a.id)
  JOIN fencepost_connections AS c ON c.id = a.connection_id
  LEFT JOIN fencepost_effects AS x ON x.claim = a.effect
  LEFT JOIN fencepost_episodes AS e ON e.id = r.episode_id
  LEFT JOIN fencepost_shows AS s ON s.id = e.show_id
  LEFT JOIN fencepost_people AS p ON p.id = r.host_id
  LEFT JOIN fencepost_show_members AS m ON m.show_id = s.id AND m.person_id = r.host_id
WHERE a.id = $1
