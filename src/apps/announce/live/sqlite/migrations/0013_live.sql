-- What is watched of YouTube: channels (which streams are there?) and streams (is it live?), each a fenced
-- queue. Times are µs since 1970 UTC.

CREATE TABLE fencepost_live_channels (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  channel_id TEXT NOT NULL UNIQUE 
    CHECK (length(channel_id) = 24 AND channel_id GLOB 'UC*' AND channel_id NOT GLOB '*[^A-Za-z0-9_-]*'),
  -- FALSE: no show of this channel has an episode to watch for.
  enabled BOOLEAN NOT NULL DEFAULT TRUE,
  -- Near a start before the others.
  priority BIGINT NOT NULL DEFAULT 0,
  -- 'slow': its last look took long, so that it may take few workers only.
  lane TEXT CHECK (lane = 'slow'),
  -- The last look: how, when, and why it told nothing.
  way TEXT CHECK (way IN ('feed', 'page', 'uploads')),
  looked_at BIGINT,
  trouble TEXT,
  failures BIGINT NOT NULL DEFAULT 0 CHECK (failures >= 0),
  looks BIGINT NOT NULL DEFAULT 0,
  status TEXT NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'claimed', 'done', 'failed', 'stopped')),
  fence BIGINT NOT NULL DEFAULT 0,
  claim_id BIGINT,
  effect BIGINT,
  lease_until BIGINT,
  run_at BIGINT NOT NULL DEFAULT 0,
  attempt INTEGER NOT NULL DEFAULT 0,
  stop_wanted BOOLEAN NOT NULL DEFAULT FALSE,
  last_error TEXT
);

CREATE TABLE fencepost_live_streams (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  video_id TEXT NOT NULL UNIQUE CHECK (video_id <> ''),
  channel_id TEXT NOT NULL,
  title TEXT NOT NULL DEFAULT '',
  found_by TEXT NOT NULL CHECK (found_by IN ('feed', 'page', 'uploads')),
  found_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  -- As it was seen last; 'new': not yet.
  stage TEXT NOT NULL DEFAULT 'new' CHECK (stage IN ('new', 'video', 'upcoming', 'live', 'ended', 'gone')),
  scheduled_at BIGINT,
  live_at BIGINT,
  ended_at BIGINT,
  looked_at BIGINT,
  -- Why the last look told nothing; the stage is then what was known before.
  trouble TEXT,
  failures BIGINT NOT NULL DEFAULT 0 CHECK (failures >= 0),
  -- How often YouTube did not know it, one time after the other.
  misses BIGINT NOT NULL DEFAULT 0 CHECK (misses >= 0),
  -- Whose stream it is; given once. No foreign key: a deleted episode does not set its stream free for
  -- another one.
  episode_id BIGINT,
  bound_at BIGINT,
  status TEXT NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'claimed', 'done', 'failed', 'stopped')),
  fence BIGINT NOT NULL DEFAULT 0,
  claim_id BIGINT,
  effect BIGINT,
  lease_until BIGINT,
  run_at BIGINT NOT NULL DEFAULT 0,
  attempt INTEGER NOT NULL DEFAULT 0,
  stop_wanted BOOLEAN NOT NULL DEFAULT FALSE,
  last_error TEXT
);
CREATE INDEX fencepost_live_streams_channel ON fencepost_live_streams (channel_id, id);
CREATE INDEX fencepost_live_streams_episode ON fencepost_live_streams (episode_id)
  WHERE episode_id IS NOT NULL;
