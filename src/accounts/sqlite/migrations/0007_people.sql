-- People and what they may do. Times are µs since 1970 UTC.
-- The defaults of times serve other programs, which do not have our functions; our own statements write µs.

CREATE TABLE fencepost_people (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  email TEXT UNIQUE,
  name TEXT NOT NULL CHECK (name <> ''),
  password TEXT,
  role TEXT NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'operator', 'member')),
  -- The owner whom the first-run link made: there is one.
  is_first BOOLEAN NOT NULL DEFAULT FALSE,
  version BIGINT NOT NULL DEFAULT 1,
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  disabled_at BIGINT,
  removed_at BIGINT,
  CHECK (email = lower(email)),
  -- A removed one has forgotten both; nobody else has.
  CHECK ((removed_at IS NULL) = (email IS NOT NULL)),
  CHECK (removed_at IS NULL OR password IS NULL)
);
CREATE UNIQUE INDEX fencepost_people_first ON fencepost_people (is_first) WHERE is_first;
CREATE INDEX fencepost_people_owners ON fencepost_people (id) WHERE role = 'owner';

CREATE TABLE fencepost_sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  hash TEXT NOT NULL UNIQUE,
  person_id BIGINT NOT NULL REFERENCES fencepost_people (id),
  address TEXT NOT NULL DEFAULT '',
  agent TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  seen_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  expires_at BIGINT NOT NULL
);
CREATE INDEX fencepost_sessions_person ON fencepost_sessions (person_id);
CREATE INDEX fencepost_sessions_seen ON fencepost_sessions (seen_at);

CREATE TABLE fencepost_shows (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL CHECK (name <> ''),
  slug TEXT NOT NULL UNIQUE CHECK (slug <> ''),
  version BIGINT NOT NULL DEFAULT 1,
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000)
);

CREATE TABLE fencepost_show_members (
  show_id BIGINT NOT NULL REFERENCES fencepost_shows (id) ON DELETE CASCADE,
  person_id BIGINT NOT NULL REFERENCES fencepost_people (id),
  role TEXT NOT NULL DEFAULT 'host' CHECK (role IN ('admin', 'host')),
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  PRIMARY KEY (show_id, person_id)
);
CREATE INDEX fencepost_show_members_person ON fencepost_show_members (person_id);

CREATE TABLE fencepost_invitations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  hash TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL DEFAULT 'member' CHECK (role IN ('owner', 'operator', 'member')),
  show_id BIGINT REFERENCES fencepost_shows (id) ON DELETE CASCADE,
  show_role TEXT CHECK (show_role IN ('admin', 'host')),
  note TEXT NOT NULL DEFAULT '',
  -- NULL: the instance itself.
  inviter_id BIGINT REFERENCES fencepost_people (id),
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  expires_at BIGINT NOT NULL,
  accepted_at BIGINT,
  accepted_by BIGINT REFERENCES fencepost_people (id),
  revoked_at BIGINT,
  CHECK ((show_id IS NULL) = (show_role IS NULL)),
  CHECK ((accepted_at IS NULL) = (accepted_by IS NULL)),
  CHECK (accepted_at IS NULL OR revoked_at IS NULL)
);
CREATE INDEX fencepost_invitations_show ON fencepost_invitations (show_id);
CREATE INDEX fencepost_invitations_inviter ON fencepost_invitations (inviter_id);
CREATE INDEX fencepost_invitations_age ON fencepost_invitations (expires_at);

CREATE TABLE fencepost_first_run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  hash TEXT NOT NULL UNIQUE,
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000)
);

-- Failed sign-ins: of an account, of an address, or of an account from an address that it is used from.
CREATE TABLE fencepost_attempts (
  name TEXT PRIMARY KEY,
  failures BIGINT NOT NULL DEFAULT 0 CHECK (failures >= 0),
  -- Never a time to come, but for clocks that go back.
  tried_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  locked_until BIGINT NOT NULL DEFAULT 0,
  -- When a right password last came from this address; NULL: never.
  known_at BIGINT
);
CREATE INDEX fencepost_attempts_age ON fencepost_attempts (tried_at);

-- Token buckets, each as the time at which it will be full again.
CREATE TABLE fencepost_rate_limits (
  name TEXT PRIMARY KEY,
  full_at BIGINT NOT NULL
);

-- Tokens and connections of people. NULL: of the instance itself.
ALTER TABLE fencepost_tokens ADD COLUMN person_id BIGINT REFERENCES fencepost_people (id);
-- A token that some program inserts without saying what for opens nothing.
ALTER TABLE fencepost_tokens ADD COLUMN scopes TEXT NOT NULL DEFAULT '';
ALTER TABLE fencepost_tokens ADD COLUMN prefix TEXT NOT NULL DEFAULT '';
ALTER TABLE fencepost_tokens ADD COLUMN expires_at BIGINT;
ALTER TABLE fencepost_tokens ADD COLUMN last_used_at BIGINT;
UPDATE fencepost_tokens SET scopes = 'read announce upload curate queues admin';
CREATE INDEX fencepost_tokens_person ON fencepost_tokens (person_id);

ALTER TABLE fencepost_connections ADD COLUMN person_id BIGINT REFERENCES fencepost_people (id);
CREATE INDEX fencepost_connections_person ON fencepost_connections (person_id);
