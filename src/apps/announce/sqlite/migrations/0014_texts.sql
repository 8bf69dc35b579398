-- Texts that a language model writes: one asking a version of an announcement. Times are µs since 1970 UTC.

-- Written by itself ahead of its episode's start.
ALTER TABLE fencepost_announcements ADD COLUMN write_ahead BOOLEAN NOT NULL DEFAULT FALSE;
-- How a host wants to sound, in this show.
ALTER TABLE fencepost_show_members ADD COLUMN style TEXT NOT NULL DEFAULT '';

-- A fenced queue (repeatable). A text is for the version that it was asked for, and for no other.
CREATE TABLE fencepost_texts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  announcement_id BIGINT NOT NULL REFERENCES fencepost_announcements (id) ON DELETE CASCADE,
  announcement_version BIGINT NOT NULL,
  asked_by TEXT NOT NULL,
  -- Nobody asked for it: ahead of a start.
  ahead BOOLEAN NOT NULL DEFAULT FALSE,
  -- The model's answer, once and for good: it was paid for.
  text TEXT CHECK (text <> ''),
  model TEXT,
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  status TEXT NOT NULL DEFAULT 'queued',
  fence BIGINT NOT NULL DEFAULT 0,
  claim_id BIGINT,
  effect BIGINT,
  lease_until BIGINT,
  run_at BIGINT NOT NULL DEFAULT 0,
  attempt INTEGER NOT NULL DEFAULT 0,
  stop_wanted BOOLEAN NOT NULL DEFAULT FALSE,
  last_error TEXT,
  UNIQUE (announcement_id, announcement_version)
);
-- What is looked for ahead of starts.
CREATE INDEX fencepost_announcements_write_ahead ON fencepost_announcements (episode_id)
WHERE write_ahead AND status = 'queued';
