-- What all applications share: tokens, connections, idempotency keys. Times are µs since 1970 UTC.
-- The defaults of times serve other programs, which do not have our functions; our own statements write µs.

CREATE TABLE fencepost_tokens (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL CHECK (name <> ''),
  hash TEXT NOT NULL UNIQUE,
  is_first BOOLEAN NOT NULL DEFAULT FALSE,
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  revoked_at BIGINT
);
-- The token that a new database begins with is made once.
CREATE UNIQUE INDEX fencepost_tokens_first ON fencepost_tokens (is_first) WHERE is_first;

CREATE TABLE fencepost_connections (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL CHECK (name <> ''),
  platform TEXT NOT NULL CHECK (platform <> ''),
  target TEXT NOT NULL,
  secret TEXT,
  last_error TEXT,
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  disconnected_at BIGINT,
  -- A disconnected one has forgotten its secret.
  CHECK (disconnected_at IS NULL OR secret IS NULL)
);
CREATE UNIQUE INDEX fencepost_connections_name ON fencepost_connections (name) WHERE disconnected_at IS NULL;

CREATE TABLE fencepost_idempotency (
  principal BIGINT NOT NULL,
  idempotency_key TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  route TEXT NOT NULL,
  owner BIGINT NOT NULL,
  held_until BIGINT NOT NULL,
  status INTEGER,
  body TEXT,
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  PRIMARY KEY (principal, idempotency_key),
  CHECK ((status IS NULL) = (body IS NULL))
);
CREATE INDEX fencepost_idempotency_age ON fencepost_idempotency (created_at);
