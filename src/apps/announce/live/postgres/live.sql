-- name: add_streams
-- Batch of video, channel, title, way; $5 when to look at them. Those that are known stay as they are.
INSERT INTO fencepost_live_streams (video_id, channel_id, title, found_by, found_at, run_at)
SELECT s.video, s.channel, s.title, s.way, fencepost_now(), CAST($5 AS BIGINT)
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS s(video, channel, title, way)
WHERE NOT EXISTS (SELECT 1 FROM fencepost_live_streams AS k WHERE k.video_id = s.video)
ORDER BY s.video
ON CONFLICT (video_id) DO NOTHING RETURNING id

-- name: streams_to_look_at
-- Batch of id; $2, $3 starts that are near
SELECT s.id, s.video_id, s.channel_id, s.title, s.stage, s.scheduled_at, s.live_at, s.failures, s.misses,
  s.episode_id, coalesce(c.enabled, FALSE), fencepost_now(), s.looked_at,
  EXISTS (SELECT 1 FROM fencepost_shows AS o JOIN fencepost_episodes AS e ON e.show_id = o.id
    WHERE o.channel_id = s.channel_id AND e.status = 'scheduled' AND e.starts_at BETWEEN $2 AND $3)
FROM unnest($1::bigint[]) AS w(id) JOIN fencepost_live_streams AS s ON s.id = w.id
  LEFT JOIN fencepost_live_channels AS c ON c.channel_id = s.channel_id
