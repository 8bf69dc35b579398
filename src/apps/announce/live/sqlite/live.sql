-- name: add_streams
INSERT INTO fencepost_live_streams (video_id, channel_id, title, found_by, found_at, run_at)
VALUES (?1, ?2, ?3, ?4, fencepost_now(), ?5)
ON CONFLICT (video_id) DO NOTHING RETURNING id

-- name: streams_to_look_at
SELECT s.id, s.video_id, s.channel_id, s.title, s.stage, s.scheduled_at, s.live_at, s.failures, s.misses,
  s.episode_id, coalesce(c.enabled, FALSE), fencepost_now(), s.looked_at,
  EXISTS (SELECT 1 FROM fencepost_shows AS o JOIN fencepost_episodes AS e ON e.show_id = o.id
    WHERE o.channel_id = s.channel_id AND e.status = 'scheduled' AND e.starts_at BETWEEN ?2 AND ?3)
FROM fencepost_live_streams AS s LEFT JOIN fencepost_live_channels AS c ON c.channel_id = s.channel_id
WHERE s.id = ?1
