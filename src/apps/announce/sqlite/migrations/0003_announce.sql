-- Announcements: a fenced table of kind `once`, born with the protocol's columns. Times are µs since 1970
-- UTC. The defaults of times serve other programs, which do not have our functions; our own statements write
-- µs.

CREATE TABLE fencepost_announcements (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  connection_id BIGINT NOT NULL REFERENCES fencepost_connections (id),
  text TEXT NOT NULL CHECK (text <> ''),
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
  updated_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000)
);
CREATE INDEX fencepost_announcements_list ON fencepost_announcements (status, id);
CREATE INDEX fencepost_announcements_connection ON fencepost_announcements (connection_id);
