-- What the live check watches. The protocol's columns are the store's to write: what stands here writes
-- enabled and run_at as any program may (rule 12).

-- name: watch_channels
-- $1, $2 starts from and to. What is watched: channels of shows with an episode that is soon to begin or
-- has just begun, or is on the air.
INSERT INTO fencepost_live_channels (channel_id)
SELECT DISTINCT s.channel_id FROM fencepost_shows AS s JOIN fencepost_episodes AS e ON e.show_id = s.id
WHERE s.channel_id IS NOT NULL
  AND ((e.status = 'scheduled' AND e.starts_at BETWEEN $1 AND $2) OR (e.status = 'live' AND e.live_at >= $1))
  AND NOT EXISTS (SELECT 1 FROM fencepost_live_channels AS c WHERE c.channel_id = s.channel_id)
ON CONFLICT (channel_id) DO NOTHING

-- name: wake_channels
-- $1, $2 as above
UPDATE fencepost_live_channels SET enabled = TRUE, run_at = fencepost_now()
WHERE NOT enabled AND status = 'queued' AND channel_id IN (
  SELECT s.channel_id FROM fencepost_shows AS s JOIN fencepost_episodes AS e ON e.show_id = s.id
  WHERE (e.status = 'scheduled' AND e.starts_at BETWEEN $1 AND $2) OR (e.status = 'live' AND e.live_at >= $1))

-- name: rest_channels
-- $1, $2 as above
UPDATE fencepost_live_channels SET enabled = FALSE
WHERE enabled AND status = 'queued' AND NOT EXISTS (
  SELECT 1 FROM fencepost_shows AS s JOIN fencepost_episodes AS e ON e.show_id = s.id
  WHERE s.channel_id = fencepost_live_channels.channel_id
    AND ((e.status = 'scheduled' AND e.starts_at BETWEEN $1 AND $2)
      OR (e.status = 'live' AND e.live_at >= $1)))

-- name: hurry_channels
-- $1, $2 starts that are near, $3 the latest that a look at such a channel is due, $4 at one that fails.
UPDATE fencepost_live_channels SET run_at = fencepost_now()
WHERE enabled AND status = 'queued' AND ((failures = 0 AND run_at > $3) OR run_at > $4) AND channel_id IN (
  SELECT s.channel_id FROM fencepost_shows AS s JOIN fencepost_episodes AS e ON e.show_id = s.id
  WHERE e.status = 'scheduled' AND e.starts_at BETWEEN $1 AND $2)

-- name: hurry_streams
-- $1, $2 starts that are near, $3 the latest that a look at a stream of such a channel is due, $4 when else.
-- Their looks were put off when nobody waited for them, or when its start was far.
UPDATE fencepost_live_streams SET run_at = $4
WHERE status = 'queued' AND run_at > $3 AND channel_id IN (
  SELECT s.channel_id FROM fencepost_shows AS s JOIN fencepost_episodes AS e ON e.show_id = s.id
  WHERE e.status = 'scheduled' AND e.starts_at BETWEEN $1 AND $2)

-- name: check_channels
-- All that are watched, now.
UPDATE fencepost_live_channels SET run_at = fencepost_now()
WHERE enabled AND status = 'queued' AND run_at > fencepost_now()

-- name: check_streams
-- Those of watched channels, now, so that they go together.
UPDATE fencepost_live_streams SET run_at = fencepost_now()
WHERE status = 'queued' AND run_at > fencepost_now()
  AND channel_id IN (SELECT channel_id FROM fencepost_live_channels WHERE enabled)

-- name: channel_to_look_at
-- $1 id, $2, $3 starts that are near
SELECT c.channel_id, c.failures, EXISTS (SELECT 1
    FROM fencepost_shows AS s JOIN fencepost_episodes AS e ON e.show_id = s.id
    WHERE s.channel_id = c.channel_id AND e.status = 'scheduled' AND e.starts_at BETWEEN $2 AND $3)
FROM fencepost_live_channels AS c WHERE c.id = $1

-- name: write_channel
-- $1 id, $2 the claim that looked, $3 way, $4 why nothing is known, $5 failures, $6 lane, $7 priority
UPDATE fencepost_live_channels SET way = $3, trouble = $4, failures = $5, lane = $6, priority = $7,
  looked_at = fencepost_now(), looks = looks + 1
WHERE id = $1 AND claim_id = $2

-- name: hurry_stream
-- $1 video: a page says that it is live
UPDATE fencepost_live_streams SET run_at = fencepost_now()
WHERE video_id = $1 AND status = 'queued' AND stage <> 'live' AND run_at > fencepost_now()

-- name: saw_stream
-- $1 id, $2 the claim that looked, $3 stage, $4 title or '', $5 scheduled, $6 live, $7 ended, $8 misses, $9
-- when to look again or NULL: no more. After the settlement, which has moved fence and status.
UPDATE fencepost_live_streams SET stage = $3, title = CASE WHEN $4 = '' THEN title ELSE $4 END,
  scheduled_at = coalesce($5, scheduled_at), live_at = coalesce($6, live_at),
  ended_at = coalesce($7, ended_at),
  misses = $8, failures = 0, trouble = NULL, looked_at = fencepost_now(), run_at = coalesce($9, run_at)
WHERE id = $1 AND claim_id = $2

-- name: missed_stream
-- $1 id, $2 the claim that looked, $3 why nothing is known, $4 failures, $5 when to look again, $6 misses
UPDATE fencepost_live_streams SET trouble = $3, failures = $4, looked_at = fencepost_now(), run_at = $5,
  misses = $6
WHERE id = $1 AND claim_id = $2

-- name: put_off_stream
-- $1 id, $2 the claim, $3 why nobody has looked, or NULL: known as before, $4 when to look
UPDATE fencepost_live_streams SET trouble = coalesce($3, trouble), run_at = $4
WHERE id = $1 AND claim_id = $2

-- name: stream_binding
-- $1 id. Under the lock of its settlement.
SELECT episode_id FROM fencepost_live_streams WHERE id = $1

-- name: bind_stream
-- $1 id, $2 the claim that looked, $3 episode. Once: a stream never becomes another episode's.
UPDATE fencepost_live_streams SET episode_id = $3, bound_at = fencepost_now()
WHERE id = $1 AND claim_id = $2
  AND episode_id IS NULL

-- name: candidates
-- $1 channel, $2, $3 starts from and to, $4 video. Episodes that the stream may be, or be a restart of.
SELECT e.id, coalesce(e.starts_at, e.live_at), e.status, e.video_id, s.filter_titles, s.title_filter,
  s.id, s.zone, e.title
FROM fencepost_shows AS s JOIN fencepost_episodes AS e ON e.show_id = s.id
WHERE s.channel_id = $1 AND e.status <> 'draft'
  AND (coalesce(e.starts_at, e.live_at) BETWEEN $2 AND $3 OR e.video_id = $4)
ORDER BY e.id

-- name: other_live_streams
-- $1 episode, $2 not this one. Under the episode's lock.
SELECT 1 FROM fencepost_live_streams WHERE episode_id = $1 AND id <> $2 AND stage = 'live' LIMIT 1

-- name: channel_of_show
-- $1 show
SELECT channel_id, zone, title_filter, filter_titles FROM fencepost_shows WHERE id = $1

-- name: known_streams
-- $1 channel, $2 how many: what may be live now, the newest first
SELECT video_id FROM fencepost_live_streams
WHERE channel_id = $1 AND status IN ('queued', 'claimed') ORDER BY id DESC LIMIT $2

-- name: channels_page
-- $1 behind this id, $2 how many, $3 this one or NULL
SELECT id, channel_id, enabled, lane IS NOT NULL, way, looked_at, trouble, failures, run_at, status
FROM fencepost_live_channels
WHERE id > $1 AND (CAST($3 AS TEXT) IS NULL OR channel_id = $3) ORDER BY id LIMIT $2

-- name: streams_page
-- $1, $2 ids of channels from and to, $3 how many of each: the newest
SELECT r.channel, r.video_id, r.title, r.stage, r.scheduled_at, r.live_at, r.ended_at, r.looked_at, r.trouble,
  r.episode_id, r.run_at, r.status
FROM (
  SELECT c.id AS channel, s.*, row_number() OVER (PARTITION BY s.channel_id ORDER BY s.id DESC) AS newest
  FROM fencepost_live_channels AS c JOIN fencepost_live_streams AS s ON s.channel_id = c.channel_id
  WHERE c.id BETWEEN $1 AND $2 AND s.stage <> 'video'
) AS r
WHERE r.newest <= $3 ORDER BY r.channel, r.id DESC
