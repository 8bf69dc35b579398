-- Whose announcement of an episode somebody has deleted: announcing for all makes none again, because a
-- deletion is a no, and what was posted and then deleted must not be posted twice.
CREATE TABLE fencepost_announcements_deleted (
  episode_id BIGINT NOT NULL REFERENCES fencepost_episodes (id) ON DELETE CASCADE,
  connection_id BIGINT NOT NULL REFERENCES fencepost_connections (id),
  PRIMARY KEY (episode_id, connection_id)
);
