-- Videos and how they come in, and the templates of what is said of them. Times are µs since 1970 UTC.

-- A row means certain bytes for ever: where the file has changed, a new row takes its place.
CREATE TABLE fencepost_videos (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- NULL: the instance's, of a media folder.
  person_id BIGINT REFERENCES fencepost_people (id),
  -- A media folder's name, or 'files': what came by tus.
  folder TEXT NOT NULL CHECK (folder <> ''),
  path TEXT NOT NULL CHECK (path <> '' AND path NOT LIKE '/%'),
  -- Of the file, as it was when this was written.
  size BIGINT NOT NULL CHECK (size > 0),
  modified BIGINT NOT NULL,
  inode BIGINT NOT NULL,
  media_type TEXT NOT NULL,
  title TEXT NOT NULL DEFAULT '',
  -- What a look at the file has found; probe_error: why it found nothing, for people.
  sha256 TEXT,
  duration_ms BIGINT CHECK (duration_ms >= 0),
  width BIGINT CHECK (width > 0),
  height BIGINT CHECK (height > 0),
  probed_at BIGINT,
  probe_error TEXT,
  -- Who looks spares the others the work: two who look find the same.
  probe_until BIGINT NOT NULL DEFAULT 0,
  probes BIGINT NOT NULL DEFAULT 0,
  version BIGINT NOT NULL DEFAULT 1,
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  removed_at BIGINT
);
CREATE UNIQUE INDEX fencepost_videos_path ON fencepost_videos (folder, path) WHERE removed_at IS NULL;
CREATE INDEX fencepost_videos_person ON fencepost_videos (person_id, id) WHERE removed_at IS NULL;
CREATE INDEX fencepost_videos_probe ON fencepost_videos (id) WHERE probed_at IS NULL AND removed_at IS NULL;

-- What comes by tus, until it is whole and after.
CREATE TABLE fencepost_media_files (
  -- Random, and the name of the file on disk.
  id TEXT PRIMARY KEY CHECK (id <> ''),
  -- NULL: the instance's.
  person_id BIGINT REFERENCES fencepost_people (id),
  name TEXT NOT NULL DEFAULT '',
  -- Upload-Metadata as it came.
  metadata TEXT NOT NULL DEFAULT '',
  total BIGINT NOT NULL CHECK (total > 0),
  -- So many bytes are on disk, whatever happens. Written by whoever has the file's lock.
  received BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  -- Unfinished by then: deleted.
  expires_at BIGINT NOT NULL,
  finished_at BIGINT,
  media_type TEXT NOT NULL DEFAULT '',
  -- NULL: no video, but a picture.
  video_id BIGINT REFERENCES fencepost_videos (id),
  -- From here on the bytes may be gone.
  removed_at BIGINT,
  CHECK (received >= 0 AND received <= total),
  CHECK (finished_at IS NULL OR received = total)
);
CREATE INDEX fencepost_media_files_person ON fencepost_media_files (person_id, id) WHERE removed_at IS NULL;
CREATE INDEX fencepost_media_files_end ON fencepost_media_files (expires_at) WHERE finished_at IS NULL;
CREATE INDEX fencepost_media_files_removed ON fencepost_media_files (removed_at) WHERE removed_at IS NOT NULL;
CREATE INDEX fencepost_media_files_video ON fencepost_media_files (video_id) WHERE video_id IS NOT NULL;

-- What everybody's files take, or will take when they are whole.
CREATE TABLE fencepost_media_usage (
  -- A person's id; 0: the instance.
  owner BIGINT PRIMARY KEY,
  reserved BIGINT NOT NULL DEFAULT 0 CHECK (reserved >= 0)
);

-- What is said of a channel's videos, by language ('': any).
CREATE TABLE fencepost_upload_templates (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  channel_id BIGINT NOT NULL,
  language TEXT NOT NULL DEFAULT '',
  title TEXT NOT NULL CHECK (title <> ''),
  description TEXT NOT NULL DEFAULT '',
  -- A JSON list of texts.
  tags TEXT NOT NULL DEFAULT '[]',
  category TEXT,
  thumbnail_folder TEXT,
  thumbnail_path TEXT,
  version BIGINT NOT NULL DEFAULT 1,
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  UNIQUE (channel_id, language),
  CHECK ((thumbnail_folder IS NULL) = (thumbnail_path IS NULL))
);
