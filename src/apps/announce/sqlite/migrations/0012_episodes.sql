-- Shows announce their episodes: what a show wants, its episodes, and what releases an announcement of one.
-- Times are µs since 1970 UTC. Every default is that of a show, a member or an announcement as it was before.

ALTER TABLE fencepost_shows ADD COLUMN description TEXT NOT NULL DEFAULT '';
-- YouTube's, whole: UC and 22 characters.
ALTER TABLE fencepost_shows ADD COLUMN channel_id TEXT
  CHECK (length(channel_id) = 24 AND channel_id GLOB 'UC*' AND channel_id NOT GLOB '*[^A-Za-z0-9_-]*');
ALTER TABLE fencepost_shows ADD COLUMN title_filter TEXT NOT NULL DEFAULT '';
ALTER TABLE fencepost_shows ADD COLUMN filter_titles BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE fencepost_shows ADD COLUMN zone TEXT NOT NULL DEFAULT 'UTC';
-- The kill switch: FALSE, and nothing of this show is posted.
ALTER TABLE fencepost_shows ADD COLUMN enabled BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE fencepost_shows ADD COLUMN needs_approval BOOLEAN NOT NULL DEFAULT FALSE;
-- Seconds between the announcements of one episode.
ALTER TABLE fencepost_shows ADD COLUMN stagger BIGINT NOT NULL DEFAULT 0 CHECK (stagger BETWEEN 0 AND 3600);
ALTER TABLE fencepost_shows ADD COLUMN template TEXT NOT NULL DEFAULT '';
CREATE INDEX fencepost_shows_channel ON fencepost_shows (channel_id) WHERE channel_id IS NOT NULL;

-- The host's own word, and nobody else's.
ALTER TABLE fencepost_show_members ADD COLUMN opted_in BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE fencepost_episodes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  show_id BIGINT NOT NULL REFERENCES fencepost_shows (id),
  title TEXT NOT NULL CHECK (title <> ''),
  number BIGINT CHECK (number >= 0),
  starts_at BIGINT,
  status TEXT NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'scheduled', 'live', 'ended')),
  notes TEXT NOT NULL DEFAULT '',
  -- One a line.
  topics TEXT NOT NULL DEFAULT '',
  url TEXT NOT NULL DEFAULT '',
  -- Of the stream that it is: filled once, by a person or by the live check.
  video_id TEXT,
  live_at BIGINT,
  ended_at BIGINT,
  -- When that was found out, by the database's clock: what it releases counts from there.
  live_known_at BIGINT,
  ended_known_at BIGINT,
  version BIGINT NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  updated_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  CHECK (status <> 'scheduled' OR starts_at IS NOT NULL),
  CHECK (status <> 'live' OR (live_at IS NOT NULL AND live_known_at IS NOT NULL)),
  CHECK (status <> 'ended' OR (ended_at IS NOT NULL AND ended_known_at IS NOT NULL))
);
CREATE INDEX fencepost_episodes_show ON fencepost_episodes (show_id, id);
-- What is still to come or on the air: what the live check looks for.
CREATE INDEX fencepost_episodes_open ON fencepost_episodes (show_id, starts_at)
  WHERE status IN ('scheduled', 'live');

-- SQLite cannot take a CHECK away, so the table is made anew. Nothing refers to it; its numbers go on where
-- they were, because histories name them; the store's triggers and indexes come back when the queue is
-- installed, whose definition changes with this migration.
CREATE TABLE fencepost_announcements_new (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  connection_id BIGINT NOT NULL REFERENCES fencepost_connections (id),
  text TEXT NOT NULL,
  url TEXT NOT NULL DEFAULT '',
  status TEXT NOT NULL DEFAULT 'queued'
    CHECK (status IN ('queued', 'claimed', 'sending', 'posted', 'failed', 'unknown', 'disabled')),
  fence BIGINT NOT NULL DEFAULT 0,
  claim_id BIGINT,
  effect BIGINT,
  effect_key TEXT,
  lease_until BIGINT,
  run_at BIGINT NOT NULL DEFAULT 0,
  attempt INTEGER NOT NULL DEFAULT 0,
  stop_wanted BOOLEAN NOT NULL DEFAULT FALSE,
  last_error TEXT,
  version BIGINT NOT NULL DEFAULT 1 CHECK (version >= 1),
  posted_at BIGINT,
  post_id TEXT,
  post_url TEXT,
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  updated_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  episode_id BIGINT REFERENCES fencepost_episodes (id),
  -- Whose it is; NULL: of an account of the instance itself.
  host_id BIGINT REFERENCES fencepost_people (id),
  -- What releases it. The times beside it are those that it names.
  trigger_on TEXT NOT NULL DEFAULT 'at' CHECK (trigger_on IN ('live', 'at', 'before', 'ended')),
  at_time BIGINT,
  minutes_before BIGINT CHECK (minutes_before BETWEEN 1 AND 20160),
  stagger BIGINT NOT NULL DEFAULT 0 CHECK (stagger BETWEEN 0 AND 86400),
  -- When it was released for, as run_at was written; a retry moves run_at alone. NULL: not computed yet.
  release_at BIGINT,
  -- A person said "now": no trigger decides about it any more.
  at_once BOOLEAN NOT NULL DEFAULT FALSE,
  include_url BOOLEAN NOT NULL DEFAULT TRUE,
  generated_text TEXT,
  -- Not posted after this.
  deadline BIGINT,
  approved_version BIGINT,
  approved_by TEXT,
  -- Without words of its own it has those of its episode's show.
  CHECK (text <> '' OR episode_id IS NOT NULL OR status = 'posted')
);
-- All columns as they were, in their order, and the new ones' defaults.
INSERT INTO fencepost_announcements_new
SELECT old.*, NULL, NULL, 'at', NULL, NULL, 0, NULL, FALSE, TRUE, NULL, NULL, NULL, NULL
FROM fencepost_announcements AS old;
DELETE FROM sqlite_sequence WHERE name = 'fencepost_announcements_new';
INSERT INTO sqlite_sequence (name, seq)
SELECT 'fencepost_announcements_new', seq FROM sqlite_sequence WHERE name = 'fencepost_announcements';
DROP TABLE fencepost_announcements;
ALTER TABLE fencepost_announcements_new RENAME TO fencepost_announcements;
CREATE INDEX fencepost_announcements_list ON fencepost_announcements (status, id);
CREATE INDEX fencepost_announcements_connection ON fencepost_announcements (connection_id);
CREATE UNIQUE INDEX fencepost_announcements_episode ON fencepost_announcements (episode_id, connection_id)
  WHERE episode_id IS NOT NULL;
CREATE INDEX fencepost_announcements_host ON fencepost_announcements (host_id) WHERE host_id IS NOT NULL;
-- As in 0011.
CREATE TRIGGER fencepost_announcements_notice AFTER UPDATE ON fencepost_announcements
WHEN NEW.status IN ('failed', 'unknown') AND NEW.status IS NOT OLD.status
BEGIN
  INSERT INTO fencepost_notices (kind, queue, item, connection_id, detail)
  VALUES (CASE NEW.status WHEN 'failed' THEN 'item_failed' ELSE 'item_unknown' END, 'announcements',
    CAST(NEW.id AS TEXT), NEW.connection_id, coalesce(NEW.last_error, ''));
END;
