-- The store's own tables: effects, events, budgets, queues, workers, the epoch. Times are µs since 1970 UTC.

CREATE TABLE fencepost_queues (
  name TEXT PRIMARY KEY,
  table_name TEXT NOT NULL,
  definition TEXT NOT NULL DEFAULT '',
  paused BOOLEAN NOT NULL DEFAULT FALSE,
  paused_why TEXT
);

CREATE TABLE fencepost_effects (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  queue TEXT NOT NULL,
  item TEXT NOT NULL,
  claim BIGINT NOT NULL UNIQUE,
  effect_key TEXT NOT NULL,
  request TEXT NOT NULL,
  destination TEXT NOT NULL,
  deadline BIGINT NOT NULL,
  begun BIGINT NOT NULL,
  outcome TEXT CHECK (outcome IN ('done', 'failed', 'unknown')),
  outcome_at BIGINT,
  remote_id TEXT,
  remote_url TEXT,
  detail TEXT,
  decided_by TEXT
);
CREATE INDEX fencepost_effects_item ON fencepost_effects (queue, item, id);
CREATE INDEX fencepost_effects_open ON fencepost_effects (queue) WHERE outcome IS NULL OR outcome = 'unknown';

CREATE TABLE fencepost_events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at BIGINT NOT NULL,
  queue TEXT NOT NULL,
  item TEXT NOT NULL,
  kind TEXT NOT NULL,
  from_state TEXT,
  to_state TEXT,
  fence BIGINT,
  claim BIGINT,
  actor TEXT,
  detail TEXT
);
CREATE INDEX fencepost_events_item ON fencepost_events (queue, item, id);

-- used never exceeds the limit in force, but by what the limit was lowered below (overhang).
CREATE TABLE fencepost_buckets (
  scope TEXT NOT NULL,
  name TEXT NOT NULL,
  time_window TEXT NOT NULL,
  quota BIGINT NOT NULL CHECK (quota >= 0),
  used BIGINT NOT NULL DEFAULT 0 CHECK (used >= 0),
  overhang BIGINT NOT NULL DEFAULT 0 CHECK (overhang >= 0),
  PRIMARY KEY (time_window, scope, name),
  CHECK (used <= quota + overhang)
);

CREATE TABLE fencepost_ledger (
  queue TEXT NOT NULL,
  item TEXT NOT NULL,
  scope TEXT NOT NULL,
  name TEXT NOT NULL,
  time_window TEXT NOT NULL,
  purpose TEXT NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0,
  amount BIGINT NOT NULL CHECK (amount > 0),
  spent BOOLEAN NOT NULL DEFAULT FALSE,
  at BIGINT NOT NULL,
  PRIMARY KEY (queue, item, time_window, scope, name, purpose, attempt),
  FOREIGN KEY (time_window, scope, name) REFERENCES fencepost_buckets (time_window, scope, name)
);
CREATE INDEX fencepost_ledger_bucket ON fencepost_ledger (time_window, scope, name);

CREATE TABLE fencepost_slots (
  channel TEXT NOT NULL,
  slot_at BIGINT NOT NULL,
  seat INTEGER NOT NULL CHECK (seat >= 1),
  queue TEXT NOT NULL,
  item TEXT NOT NULL,
  PRIMARY KEY (channel, slot_at, seat),
  UNIQUE (queue, item)
);

CREATE TABLE fencepost_workers (
  number BIGINT PRIMARY KEY,
  boot_id TEXT NOT NULL,
  pid BIGINT NOT NULL,
  started BIGINT NOT NULL,
  host TEXT NOT NULL,
  lock_file TEXT NOT NULL,
  seen BIGINT NOT NULL
);

-- One row: grows with every gate, so that a process can tell an older copy of the database from this one.
CREATE TABLE fencepost_epoch (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  epoch BIGINT NOT NULL DEFAULT 0,
  identity TEXT NOT NULL DEFAULT '',
  restored BOOLEAN NOT NULL DEFAULT FALSE
);
INSERT INTO fencepost_epoch (id) VALUES (1);

-- Periodic work (rule 15): a fenced table like any other, whose items never end.
CREATE TABLE fencepost_schedules (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  spec TEXT NOT NULL,
  zone TEXT NOT NULL DEFAULT 'UTC',
  tick BIGINT NOT NULL DEFAULT 0,
  status TEXT NOT NULL DEFAULT 'queued',
  enabled BOOLEAN NOT NULL DEFAULT TRUE,
  fence BIGINT NOT NULL DEFAULT 0,
  claim_id BIGINT,
  effect BIGINT,
  lease_until BIGINT,
  run_at BIGINT NOT NULL DEFAULT 0,
  attempt INTEGER NOT NULL DEFAULT 0,
  stop_wanted BOOLEAN NOT NULL DEFAULT FALSE,
  last_error TEXT
);
