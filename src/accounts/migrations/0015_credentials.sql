-- The life of credentials: whose they are, when they end, who refreshes them, and what people have to do.
-- Times are µs since 1970 UTC; a refresh's lease is the database's time.

-- What the platform said of the account: nothing secret.
ALTER TABLE fencepost_connections ADD COLUMN account_id TEXT NOT NULL DEFAULT '';
ALTER TABLE fencepost_connections ADD COLUMN account_name TEXT NOT NULL DEFAULT '';
ALTER TABLE fencepost_connections ADD COLUMN facts TEXT NOT NULL DEFAULT '{}';
-- Grows with each change of the secret, also when it is forgotten: what was learnt of an older one counts no
-- more.
ALTER TABLE fencepost_connections ADD COLUMN secret_version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE fencepost_connections ADD COLUMN secret_at BIGINT;
ALTER TABLE fencepost_connections ADD COLUMN expires_at BIGINT;
ALTER TABLE fencepost_connections ADD COLUMN refreshable BOOLEAN NOT NULL DEFAULT FALSE;
-- The platform refused it: refresh before it is used again. Its successor is on trial until it was accepted.
ALTER TABLE fencepost_connections ADD COLUMN refresh_wanted BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE fencepost_connections ADD COLUMN on_trial BOOLEAN NOT NULL DEFAULT FALSE;
-- Who refreshes (id and end of the lease), or, without an id, until when nobody does. Behind a refresh the id
-- stays.
ALTER TABLE fencepost_connections ADD COLUMN refresh_id BIGINT;
ALTER TABLE fencepost_connections ADD COLUMN refresh_until BIGINT;
-- The answer of a refresh was lost: the refresh token may be used up.
ALTER TABLE fencepost_connections ADD COLUMN refresh_in_doubt BOOLEAN NOT NULL DEFAULT FALSE;
-- The platform wants nothing of this account before.
ALTER TABLE fencepost_connections ADD COLUMN resting_until BIGINT;
-- A person has to connect anew.
ALTER TABLE fencepost_connections ADD COLUMN broken_since BIGINT;
ALTER TABLE fencepost_connections ADD COLUMN broken_reason TEXT;
-- The end that people were told of, so that they are told once.
ALTER TABLE fencepost_connections ADD COLUMN expiry_told BIGINT;
-- In millionths of a US dollar, per UTC day and month; NULL: no limit.
ALTER TABLE fencepost_connections ADD COLUMN spend_daily BIGINT CHECK (spend_daily >= 0);
ALTER TABLE fencepost_connections ADD COLUMN spend_monthly BIGINT CHECK (spend_monthly >= 0);

-- What the upkeep looks for.
CREATE INDEX fencepost_connections_expiry ON fencepost_connections (expires_at)
WHERE disconnected_at IS NULL AND broken_since IS NULL;

-- Authorisations that people have begun on a platform's pages. Each is taken once, by whoever began it.
CREATE TABLE fencepost_authorisations (
  state_hash TEXT PRIMARY KEY,
  -- The session, or else the person, or else (both NULL: the instance's token) an operator.
  session_id BIGINT,
  person_id BIGINT,
  -- The connection that gets new credentials; NULL: a new one.
  connection_id BIGINT,
  name TEXT NOT NULL,
  platform TEXT NOT NULL CHECK (platform <> ''),
  target TEXT NOT NULL,
  -- Sealed, bound to the state: the verifier and the client.
  secret TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX fencepost_authorisations_end ON fencepost_authorisations (expires_at);
