-- Upload: quota projects, channels, and the uploads, which are schedules and a fenced queue of kind `once`.
-- Times are µs since 1970 UTC; days are dates, of the channel's zone or of the quota's.

CREATE TABLE fencepost_quota_projects (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- Names its buckets too, and so never changes.
  name TEXT NOT NULL UNIQUE CHECK (name <> ''),
  -- classic: all calls draw on the units. current: calls of videos.insert and search.list have days of their
  -- own.
  profile TEXT NOT NULL DEFAULT 'current' CHECK (profile IN ('classic', 'current')),
  -- Of a quota day.
  uploads BIGINT CHECK (uploads >= 0),
  searches BIGINT CHECK (searches >= 0),
  units BIGINT NOT NULL DEFAULT 10000 CHECK (units >= 0),
  -- A percentage, not a ratio.
  warn_percent INTEGER NOT NULL DEFAULT 80 CHECK (warn_percent BETWEEN 1 AND 100),
  version BIGINT NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  updated_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  CHECK ((profile = 'classic') = (uploads IS NULL)),
  CHECK ((profile = 'classic') = (searches IS NULL))
);
-- The one that the live check counts in by default.
INSERT INTO fencepost_quota_projects (name, uploads, searches) VALUES ('default', 100, 100);

-- Days of a bucket that somebody was warned of.
CREATE TABLE fencepost_quota_warnings (
  scope TEXT NOT NULL,
  name TEXT NOT NULL,
  time_window TEXT NOT NULL,
  at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  PRIMARY KEY (time_window, scope, name)
);

CREATE TABLE fencepost_upload_channels (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE CHECK (name <> ''),
  -- Whose credentials its uploads use, always.
  connection_id BIGINT NOT NULL REFERENCES fencepost_connections (id),
  -- YouTube's, whole: UC and 22 characters; NULL: whatever the account's own is.
  youtube_channel TEXT CHECK (length(youtube_channel) = 24 AND youtube_channel GLOB 'UC*'
    AND youtube_channel NOT GLOB '*[^A-Za-z0-9_-]*'),
  zone TEXT NOT NULL DEFAULT 'UTC',
  -- Videos of a type and day: `final=2 short=5`.
  limits TEXT NOT NULL DEFAULT 'final=2 short=5' CHECK (limits <> ''),
  -- Of all types together; NULL: no limit.
  daily_max BIGINT CHECK (daily_max >= 0),
  -- Of the day, in its zone.
  slot_times TEXT NOT NULL DEFAULT '10:00 14:00 18:00' CHECK (slot_times <> ''),
  capacity INTEGER NOT NULL DEFAULT 1 CHECK (capacity BETWEEN 1 AND 100),
  horizon_days INTEGER NOT NULL DEFAULT 14 CHECK (horizon_days BETWEEN 1 AND 366),
  lead_minutes INTEGER NOT NULL DEFAULT 120 CHECK (lead_minutes BETWEEN 0 AND 20160),
  project_id BIGINT NOT NULL REFERENCES fencepost_quota_projects (id),
  -- FALSE: nothing leaves.
  enabled BOOLEAN NOT NULL DEFAULT TRUE,
  version BIGINT NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  updated_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000)
);
-- Who may schedule there, beside operators.
CREATE TABLE fencepost_upload_channel_people (
  channel_id BIGINT NOT NULL REFERENCES fencepost_upload_channels (id),
  person_id BIGINT NOT NULL REFERENCES fencepost_people (id),
  PRIMARY KEY (channel_id, person_id)
);
CREATE INDEX fencepost_upload_channel_people_person ON fencepost_upload_channel_people (person_id);

CREATE TABLE fencepost_uploads (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  video_id BIGINT NOT NULL REFERENCES fencepost_videos (id),
  channel_id BIGINT NOT NULL REFERENCES fencepost_upload_channels (id),
  kind TEXT NOT NULL CHECK (kind <> ''),
  -- When it becomes public, and the days that this and its upload count in.
  slot_at BIGINT NOT NULL,
  publish_day TEXT NOT NULL,
  quota_day TEXT NOT NULL,
  title TEXT NOT NULL DEFAULT '',
  description TEXT NOT NULL DEFAULT '',
  -- A JSON list of texts.
  tags TEXT NOT NULL DEFAULT '[]',
  category TEXT,
  language TEXT NOT NULL DEFAULT '',
  thumbnail_folder TEXT,
  thumbnail_path TEXT,
  made_for_kids BOOLEAN NOT NULL DEFAULT FALSE,
  -- Who scheduled it; NULL: the instance itself.
  person_id BIGINT REFERENCES fencepost_people (id),
  status TEXT NOT NULL DEFAULT 'scheduled' CHECK (status IN
    ('scheduled', 'uploading', 'finishing', 'uploaded', 'failed', 'unknown', 'cancelled')),
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
  -- YouTube's id and address of it.
  post_id TEXT,
  post_url TEXT,
  uploaded_at BIGINT,
  published_at BIGINT,
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  updated_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  CHECK ((thumbnail_folder IS NULL) = (thumbnail_path IS NULL))
);
CREATE INDEX fencepost_uploads_slot ON fencepost_uploads (channel_id, slot_at);
CREATE INDEX fencepost_uploads_list ON fencepost_uploads (status, id);
CREATE INDEX fencepost_uploads_of_video ON fencepost_uploads (video_id);
-- A channel has a video once.
CREATE UNIQUE INDEX fencepost_uploads_video ON fencepost_uploads (channel_id, video_id)
  WHERE status NOT IN ('failed', 'cancelled');

-- As 0011 does for announcements.
CREATE TRIGGER fencepost_uploads_notice AFTER UPDATE ON fencepost_uploads
WHEN NEW.status IN ('failed', 'unknown') AND NEW.status IS NOT OLD.status
BEGIN
  INSERT INTO fencepost_notices (kind, queue, item, person_id, connection_id, detail)
  SELECT CASE NEW.status WHEN 'failed' THEN 'item_failed' ELSE 'item_unknown' END, 'uploads',
    CAST(NEW.id AS TEXT), NEW.person_id, c.connection_id, coalesce(NEW.last_error, '')
  FROM fencepost_upload_channels AS c WHERE c.id = NEW.channel_id;
END;

-- What ends without a video gives back what it took and has not spent, whoever ends it: a person, a
-- settlement, the rescuer, a foreign program. What is uploaded gives back only calls that were not needed.
CREATE TRIGGER fencepost_uploads_release AFTER UPDATE ON fencepost_uploads
WHEN (NEW.status IS NOT OLD.status OR (NEW.effect IS NULL AND OLD.effect IS NOT NULL))
  AND ((NEW.status IN ('failed', 'cancelled') AND NEW.effect IS NULL) OR NEW.status = 'uploaded')
BEGIN
  UPDATE fencepost_buckets SET
    used = used - (SELECT sum(l.amount) FROM fencepost_ledger AS l
      WHERE l.queue = 'uploads' AND l.item = CAST(NEW.id AS TEXT) AND NOT l.spent
        AND l.time_window = fencepost_buckets.time_window AND l.scope = fencepost_buckets.scope
        AND l.name = fencepost_buckets.name),
    overhang = max(0, used - quota - (SELECT sum(l.amount) FROM fencepost_ledger AS l
      WHERE l.queue = 'uploads' AND l.item = CAST(NEW.id AS TEXT) AND NOT l.spent
        AND l.time_window = fencepost_buckets.time_window AND l.scope = fencepost_buckets.scope
        AND l.name = fencepost_buckets.name))
  WHERE (time_window, scope, name) IN (SELECT l.time_window, l.scope, l.name FROM fencepost_ledger AS l
    WHERE l.queue = 'uploads' AND l.item = CAST(NEW.id AS TEXT) AND NOT l.spent
      AND (NEW.status <> 'uploaded' OR l.scope LIKE 'youtube.%'));
  DELETE FROM fencepost_ledger WHERE queue = 'uploads' AND item = CAST(NEW.id AS TEXT) AND NOT spent
    AND (NEW.status <> 'uploaded' OR scope LIKE 'youtube.%');
  DELETE FROM fencepost_slots WHERE queue = 'uploads' AND item = CAST(NEW.id AS TEXT)
    AND NEW.status <> 'uploaded';
END;
