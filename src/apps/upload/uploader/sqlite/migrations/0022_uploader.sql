-- What becomes of uploads: their sessions at YouTube, and the watch over them until they are public.

-- How much YouTube has, as it said last. Nobody decides by it: a process that goes on asks YouTube.
ALTER TABLE fencepost_uploads ADD COLUMN bytes_sent BIGINT NOT NULL DEFAULT 0 CHECK (bytes_sent >= 0);

-- The one session that an upload goes on with.
CREATE TABLE fencepost_upload_sessions (
  upload_id BIGINT PRIMARY KEY REFERENCES fencepost_uploads (id) ON DELETE CASCADE,
  -- Which one of the upload's it is.
  number BIGINT NOT NULL CHECK (number >= 1),
  -- What it was opened for (a digest of what YouTube was told and of the file): for anything else there is
  -- another one.
  draft TEXT NOT NULL CHECK (draft <> ''),
  -- Its address, sealed: whoever has it can upload. NULL: it is being opened, or its answer never came.
  session TEXT,
  opened_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000)
);

-- The queue `publications` (repeatable): what is still to be done for, and seen of, an uploaded video.
CREATE TABLE fencepost_publications (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  upload_id BIGINT NOT NULL UNIQUE REFERENCES fencepost_uploads (id) ON DELETE CASCADE,
  -- The thumbnail was set; or why it was not, and how often that was tried.
  thumbnail_at BIGINT,
  thumbnail_error TEXT,
  thumbnail_tries BIGINT NOT NULL DEFAULT 0 CHECK (thumbnail_tries >= 0),
  -- As YouTube said last: public, private, unlisted.
  seen TEXT,
  -- People were told that it is late.
  told_at BIGINT,
  status TEXT NOT NULL DEFAULT 'waiting'
    CHECK (status IN ('waiting', 'looking', 'done', 'failed', 'stopped')),
  fence BIGINT NOT NULL DEFAULT 0,
  claim_id BIGINT,
  effect BIGINT,
  lease_until BIGINT,
  run_at BIGINT NOT NULL DEFAULT 0,
  attempt INTEGER NOT NULL DEFAULT 0,
  stop_wanted BOOLEAN NOT NULL DEFAULT FALSE,
  last_error TEXT
);
