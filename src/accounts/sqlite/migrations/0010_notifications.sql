-- What people and systems are told: notices (what happened), subscriptions (who wants to know), deliveries
-- (a fenced queue). Times are µs since 1970 UTC.

-- Written in the transaction of what happened, by triggers and by raise(); taken and deleted by whoever makes
-- deliveries of them. Nobody reads on from the last id: ids commit out of order.
CREATE TABLE fencepost_notices (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  kind TEXT NOT NULL CHECK (kind <> ''),
  queue TEXT NOT NULL DEFAULT '',
  item TEXT NOT NULL DEFAULT '',
  -- Whose it is: of this person, or of the connection's. Both NULL: an operator's matter.
  person_id BIGINT,
  connection_id BIGINT,
  detail TEXT NOT NULL DEFAULT ''
);

CREATE TABLE fencepost_subscriptions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- NULL: the instance's own.
  person_id BIGINT REFERENCES fencepost_people (id),
  name TEXT NOT NULL CHECK (name <> ''),
  channel TEXT NOT NULL CHECK (channel IN ('webhook', 'email')),
  url TEXT,
  address TEXT,
  -- Sealed: a webhook's signing secret, or the code that confirms an address.
  secret TEXT,
  -- Words with blanks between them; no queues: all.
  kinds TEXT NOT NULL CHECK (kinds <> ''),
  queues TEXT NOT NULL DEFAULT '',
  enabled BOOLEAN NOT NULL DEFAULT TRUE,
  version BIGINT NOT NULL DEFAULT 1,
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  confirmed_at BIGINT,
  deleted_at BIGINT,
  CHECK ((channel = 'webhook') = (url IS NOT NULL)),
  CHECK ((channel = 'email') = (address IS NOT NULL)),
  CHECK (channel = 'webhook' OR person_id IS NOT NULL),
  CHECK (deleted_at IS NULL OR secret IS NULL)
);
CREATE INDEX fencepost_subscriptions_person ON fencepost_subscriptions (person_id, id)
WHERE deleted_at IS NULL;

CREATE TABLE fencepost_deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- The same for every attempt: receivers drop a second arrival by it.
  message_id TEXT NOT NULL UNIQUE,
  subscription_id BIGINT NOT NULL REFERENCES fencepost_subscriptions (id),
  kind TEXT NOT NULL CHECK (kind IN ('digest', 'test', 'confirm')),
  content TEXT NOT NULL,
  notices BIGINT NOT NULL DEFAULT 0 CHECK (notices >= 0),
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  status TEXT NOT NULL DEFAULT 'queued',
  fence BIGINT NOT NULL DEFAULT 0,
  claim_id BIGINT,
  effect BIGINT,
  lease_until BIGINT,
  run_at BIGINT NOT NULL DEFAULT 0,
  attempt INTEGER NOT NULL DEFAULT 0,
  stop_wanted BOOLEAN NOT NULL DEFAULT FALSE,
  last_error TEXT
);
CREATE INDEX fencepost_deliveries_subscription ON fencepost_deliveries (subscription_id, id);
