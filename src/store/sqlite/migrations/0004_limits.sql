-- Limits over all instances: seats, token buckets; and when items were finished, for retention.

-- One row for each seat that is taken. No counter: what is lost with a crash is a row that somebody can find
-- and judge.
CREATE TABLE fencepost_seats (
  queue TEXT NOT NULL,
  scope TEXT NOT NULL CHECK (scope IN ('queue', 'key')),
  key TEXT NOT NULL,
  seat INTEGER NOT NULL CHECK (seat >= 1),
  item TEXT NOT NULL,
  claim BIGINT NOT NULL,
  worker BIGINT NOT NULL,
  taken BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  PRIMARY KEY (queue, scope, key, seat)
);
CREATE INDEX fencepost_seats_claim ON fencepost_seats (claim);
CREATE INDEX fencepost_seats_worker ON fencepost_seats (worker);
CREATE INDEX fencepost_seats_until ON fencepost_seats (queue, until_at);

-- GCRA: `next` is the theoretical arrival time, the moment at which the bucket will be full again. A row
-- whose moment has passed says as much as none. `granted`: what the last take got.
CREATE TABLE fencepost_token_buckets (
  queue TEXT NOT NULL,
  key TEXT NOT NULL,
  next BIGINT NOT NULL,
  granted INTEGER NOT NULL CHECK (granted >= 0),
  PRIMARY KEY (queue, key)
);
CREATE INDEX fencepost_token_buckets_next ON fencepost_token_buckets (queue, next);

-- Written by a trigger of the queues that ask for retention of their own rows.
CREATE TABLE fencepost_finished (
  queue TEXT NOT NULL,
  item TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (queue, item)
);
CREATE INDEX fencepost_finished_at ON fencepost_finished (queue, at);
