-- Records that people pick, and the queues that work on them: fenced tables of kind `repeatable`. Times are
-- µs since 1970 UTC. `processing_status` '' is a record that was never queued, or was taken back; `again`
-- grows when somebody asks for a record while it is worked on; `note` says what it waits for; `evidence` is
-- JSON of what was found. Other programs may change a record: what they write to `curation_status` has the
-- effect that it has over the API (the triggers below, and those of 0024).

CREATE TABLE fencepost_places (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  place_id TEXT NOT NULL UNIQUE CHECK (place_id <> ''),
  name TEXT NOT NULL DEFAULT '',
  curation_status TEXT NOT NULL DEFAULT 'New'
    CHECK (curation_status IN ('New', 'Selected', 'Maybe', 'Not a Fit', 'Archived')),
  processing_status TEXT NOT NULL DEFAULT ''
    CHECK (processing_status IN ('', 'Queued', 'Processing', 'Completed', 'Error', 'Stopped')),
  again BIGINT NOT NULL DEFAULT 0,
  fence BIGINT NOT NULL DEFAULT 0,
  claim_id BIGINT,
  effect BIGINT,
  lease_until BIGINT,
  run_at BIGINT NOT NULL DEFAULT 0,
  attempt INTEGER NOT NULL DEFAULT 0,
  stop_wanted BOOLEAN NOT NULL DEFAULT FALSE,
  last_error TEXT,
  note TEXT NOT NULL DEFAULT '',
  evidence TEXT NOT NULL DEFAULT '{}',
  version BIGINT NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  updated_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  -- The provider's last answer and what it was asked for. Open: nothing was made of it yet, and it is used
  -- before another one is paid for. `calls`: how many were paid for.
  answer TEXT,
  answer_of TEXT,
  answer_open BOOLEAN NOT NULL DEFAULT FALSE,
  calls BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE fencepost_domains (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  host TEXT NOT NULL UNIQUE CHECK (host <> ''),
  title TEXT NOT NULL DEFAULT '',
  description TEXT NOT NULL DEFAULT '',
  language TEXT NOT NULL DEFAULT '',
  curation_status TEXT NOT NULL DEFAULT 'New'
    CHECK (curation_status IN ('New', 'Selected', 'Maybe', 'Not a Fit', 'Archived', 'Completed')),
  processing_status TEXT NOT NULL DEFAULT ''
    CHECK (processing_status IN ('', 'Queued', 'Processing', 'Completed', 'Error', 'Stopped')),
  again BIGINT NOT NULL DEFAULT 0,
  fence BIGINT NOT NULL DEFAULT 0,
  claim_id BIGINT,
  effect BIGINT,
  lease_until BIGINT,
  run_at BIGINT NOT NULL DEFAULT 0,
  attempt INTEGER NOT NULL DEFAULT 0,
  stop_wanted BOOLEAN NOT NULL DEFAULT FALSE,
  last_error TEXT,
  note TEXT NOT NULL DEFAULT '',
  evidence TEXT NOT NULL DEFAULT '{}',
  version BIGINT NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  updated_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000)
);

CREATE TABLE fencepost_businesses (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- NULL: imported, and not known to the provider.
  place_id TEXT UNIQUE CHECK (place_id <> ''),
  name TEXT NOT NULL DEFAULT '',
  website TEXT NOT NULL DEFAULT '',
  phone TEXT NOT NULL DEFAULT '',
  address TEXT NOT NULL DEFAULT '',
  domain_id BIGINT REFERENCES fencepost_domains (id) ON DELETE SET NULL,
  curation_status TEXT NOT NULL DEFAULT 'New'
    CHECK (curation_status IN ('New', 'Selected', 'Maybe', 'Not a Fit', 'Archived')),
  processing_status TEXT NOT NULL DEFAULT ''
    CHECK (processing_status IN ('', 'Queued', 'Processing', 'Completed', 'Error', 'Stopped')),
  again BIGINT NOT NULL DEFAULT 0,
  fence BIGINT NOT NULL DEFAULT 0,
  claim_id BIGINT,
  effect BIGINT,
  lease_until BIGINT,
  run_at BIGINT NOT NULL DEFAULT 0,
  attempt INTEGER NOT NULL DEFAULT 0,
  stop_wanted BOOLEAN NOT NULL DEFAULT FALSE,
  last_error TEXT,
  note TEXT NOT NULL DEFAULT '',
  evidence TEXT NOT NULL DEFAULT '{}',
  version BIGINT NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  updated_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000)
);
CREATE INDEX fencepost_businesses_domain ON fencepost_businesses (domain_id);

-- The second queue over a domain: where its sitemaps are. Made with the domain.
CREATE TABLE fencepost_discoveries (
  domain_id INTEGER PRIMARY KEY REFERENCES fencepost_domains (id) ON DELETE CASCADE,
  host TEXT NOT NULL,
  processing_status TEXT NOT NULL DEFAULT ''
    CHECK (processing_status IN ('', 'Queued', 'Processing', 'Completed', 'Error', 'Stopped')),
  again BIGINT NOT NULL DEFAULT 0,
  fence BIGINT NOT NULL DEFAULT 0,
  claim_id BIGINT,
  effect BIGINT,
  lease_until BIGINT,
  run_at BIGINT NOT NULL DEFAULT 0,
  attempt INTEGER NOT NULL DEFAULT 0,
  stop_wanted BOOLEAN NOT NULL DEFAULT FALSE,
  last_error TEXT,
  note TEXT NOT NULL DEFAULT '',
  evidence TEXT NOT NULL DEFAULT '{}',
  version BIGINT NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  updated_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000)
);

CREATE TABLE fencepost_sitemaps (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  domain_id BIGINT NOT NULL REFERENCES fencepost_domains (id) ON DELETE CASCADE,
  host TEXT NOT NULL CHECK (host <> ''),
  url TEXT NOT NULL CHECK (url <> ''),
  -- The index that named it, and how many stand above it.
  parent_id BIGINT REFERENCES fencepost_sitemaps (id) ON DELETE SET NULL,
  depth INTEGER NOT NULL DEFAULT 0,
  urls BIGINT NOT NULL DEFAULT 0,
  curation_status TEXT NOT NULL DEFAULT 'New'
    CHECK (curation_status IN ('New', 'Selected', 'Maybe', 'Not a Fit', 'Archived', 'Completed')),
  processing_status TEXT NOT NULL DEFAULT ''
    CHECK (processing_status IN ('', 'Queued', 'Processing', 'Completed', 'Error', 'Stopped')),
  again BIGINT NOT NULL DEFAULT 0,
  fence BIGINT NOT NULL DEFAULT 0,
  claim_id BIGINT,
  effect BIGINT,
  lease_until BIGINT,
  run_at BIGINT NOT NULL DEFAULT 0,
  attempt INTEGER NOT NULL DEFAULT 0,
  stop_wanted BOOLEAN NOT NULL DEFAULT FALSE,
  last_error TEXT,
  note TEXT NOT NULL DEFAULT '',
  evidence TEXT NOT NULL DEFAULT '{}',
  version BIGINT NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  updated_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  UNIQUE (domain_id, url)
);
CREATE INDEX fencepost_sitemaps_parent ON fencepost_sitemaps (parent_id);

CREATE TABLE fencepost_pages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  domain_id BIGINT NOT NULL REFERENCES fencepost_domains (id) ON DELETE CASCADE,
  host TEXT NOT NULL CHECK (host <> ''),
  url TEXT NOT NULL CHECK (url <> ''),
  kind TEXT NOT NULL DEFAULT '',
  -- Per cent: what promises most is fetched first.
  score INTEGER NOT NULL DEFAULT 0,
  contact TEXT NOT NULL DEFAULT '' CHECK (contact IN ('', 'ContactFound', 'NoContactFound')),
  curation_status TEXT NOT NULL DEFAULT 'New'
    CHECK (curation_status IN ('New', 'Selected', 'Maybe', 'Not a Fit', 'Archived', 'Skipped')),
  processing_status TEXT NOT NULL DEFAULT ''
    CHECK (processing_status IN ('', 'Queued', 'Processing', 'Completed', 'Error', 'Stopped', 'Filtered')),
  again BIGINT NOT NULL DEFAULT 0,
  fence BIGINT NOT NULL DEFAULT 0,
  claim_id BIGINT,
  effect BIGINT,
  lease_until BIGINT,
  run_at BIGINT NOT NULL DEFAULT 0,
  attempt INTEGER NOT NULL DEFAULT 0,
  stop_wanted BOOLEAN NOT NULL DEFAULT FALSE,
  last_error TEXT,
  note TEXT NOT NULL DEFAULT '',
  evidence TEXT NOT NULL DEFAULT '{}',
  version BIGINT NOT NULL DEFAULT 1 CHECK (version >= 1),
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  updated_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  UNIQUE (domain_id, url)
);

-- The page of the lowest URL that names an address speaks for it, whichever was fetched first.
CREATE TABLE fencepost_contacts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  domain_id BIGINT NOT NULL REFERENCES fencepost_domains (id) ON DELETE CASCADE,
  host TEXT NOT NULL,
  email TEXT NOT NULL CHECK (email <> ''),
  phone TEXT NOT NULL DEFAULT '',
  socials TEXT NOT NULL DEFAULT '[]',
  page_url TEXT NOT NULL,
  -- Whether it is the one to write to, of those on its page.
  best BOOLEAN NOT NULL DEFAULT FALSE,
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  updated_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  UNIQUE (domain_id, email)
);

-- One request at a time to a host, from whichever queue and instance; free at `free_at`.
CREATE TABLE fencepost_hosts (
  host TEXT PRIMARY KEY,
  free_at BIGINT NOT NULL,
  holder TEXT NOT NULL DEFAULT ''
);

CREATE INDEX fencepost_places_curation ON fencepost_places (curation_status, id);
CREATE INDEX fencepost_places_processing ON fencepost_places (processing_status, id);

CREATE INDEX fencepost_businesses_curation ON fencepost_businesses (curation_status, id);
CREATE INDEX fencepost_businesses_processing ON fencepost_businesses (processing_status, id);

CREATE INDEX fencepost_domains_curation ON fencepost_domains (curation_status, id);
CREATE INDEX fencepost_domains_processing ON fencepost_domains (processing_status, id);

CREATE INDEX fencepost_sitemaps_curation ON fencepost_sitemaps (curation_status, id);
CREATE INDEX fencepost_sitemaps_processing ON fencepost_sitemaps (processing_status, id);

CREATE INDEX fencepost_pages_curation ON fencepost_pages (curation_status, id);
CREATE INDEX fencepost_pages_processing ON fencepost_pages (processing_status, id);


-- Setting Selected queues; leaving it takes back what is queued. Whoever writes it. A foreign `Queued` over a
-- record that is worked on means: again afterwards; the protocol's own statements write fence + 1. All of it
-- is one transaction, so nobody sees the word in between.

CREATE TRIGGER fencepost_places_select_insert AFTER INSERT ON fencepost_places
WHEN NEW.curation_status = 'Selected' AND NEW.processing_status = ''
BEGIN
  UPDATE fencepost_places SET processing_status = 'Queued' WHERE id = NEW.id AND processing_status = '';
END;
CREATE TRIGGER fencepost_places_select_update AFTER UPDATE OF curation_status ON fencepost_places
WHEN NEW.curation_status <> OLD.curation_status
BEGIN
  UPDATE fencepost_places SET again = again + 1
  WHERE id = NEW.id AND NEW.curation_status = 'Selected' AND processing_status = 'Processing';
  UPDATE fencepost_places SET processing_status = 'Queued'
  WHERE id = NEW.id AND NEW.curation_status = 'Selected'
    AND processing_status NOT IN ('Queued', 'Processing');
  UPDATE fencepost_places SET processing_status = ''
  WHERE id = NEW.id AND NEW.curation_status <> 'Selected' AND processing_status = 'Queued';
END;

CREATE TRIGGER fencepost_businesses_select_insert AFTER INSERT ON fencepost_businesses
WHEN NEW.curation_status = 'Selected' AND NEW.processing_status = ''
BEGIN
  UPDATE fencepost_businesses SET processing_status = 'Queued' WHERE id = NEW.id AND processing_status = '';
END;
CREATE TRIGGER fencepost_businesses_select_update AFTER UPDATE OF curation_status ON fencepost_businesses
WHEN NEW.curation_status <> OLD.curation_status
BEGIN
  UPDATE fencepost_businesses SET again = again + 1
  WHERE id = NEW.id AND NEW.curation_status = 'Selected' AND processing_status = 'Processing';
  UPDATE fencepost_businesses SET processing_status = 'Queued'
  WHERE id = NEW.id AND NEW.curation_status = 'Selected'
    AND processing_status NOT IN ('Queued', 'Processing');
  UPDATE fencepost_businesses SET processing_status = ''
  WHERE id = NEW.id AND NEW.curation_status <> 'Selected' AND processing_status = 'Queued';
END;

CREATE TRIGGER fencepost_domains_select_insert AFTER INSERT ON fencepost_domains
WHEN NEW.curation_status = 'Selected' AND NEW.processing_status = ''
BEGIN
  UPDATE fencepost_domains SET processing_status = 'Queued' WHERE id = NEW.id AND processing_status = '';
END;
CREATE TRIGGER fencepost_domains_select_update AFTER UPDATE OF curation_status ON fencepost_domains
WHEN NEW.curation_status <> OLD.curation_status
BEGIN
  UPDATE fencepost_domains SET again = again + 1
  WHERE id = NEW.id AND NEW.curation_status = 'Selected' AND processing_status = 'Processing';
  UPDATE fencepost_domains SET processing_status = 'Queued'
  WHERE id = NEW.id AND NEW.curation_status = 'Selected'
    AND processing_status NOT IN ('Queued', 'Processing');
  UPDATE fencepost_domains SET processing_status = ''
  WHERE id = NEW.id AND NEW.curation_status <> 'Selected' AND processing_status = 'Queued';
END;

CREATE TRIGGER fencepost_sitemaps_select_insert AFTER INSERT ON fencepost_sitemaps
WHEN NEW.curation_status = 'Selected' AND NEW.processing_status = ''
BEGIN
  UPDATE fencepost_sitemaps SET processing_status = 'Queued' WHERE id = NEW.id AND processing_status = '';
END;
CREATE TRIGGER fencepost_sitemaps_select_update AFTER UPDATE OF curation_status ON fencepost_sitemaps
WHEN NEW.curation_status <> OLD.curation_status
BEGIN
  UPDATE fencepost_sitemaps SET again = again + 1
  WHERE id = NEW.id AND NEW.curation_status = 'Selected' AND processing_status = 'Processing';
  UPDATE fencepost_sitemaps SET processing_status = 'Queued'
  WHERE id = NEW.id AND NEW.curation_status = 'Selected'
    AND processing_status NOT IN ('Queued', 'Processing');
  UPDATE fencepost_sitemaps SET processing_status = ''
  WHERE id = NEW.id AND NEW.curation_status <> 'Selected' AND processing_status = 'Queued';
END;

CREATE TRIGGER fencepost_pages_select_insert AFTER INSERT ON fencepost_pages
WHEN NEW.curation_status = 'Selected' AND NEW.processing_status = ''
BEGIN
  UPDATE fencepost_pages SET processing_status = 'Queued' WHERE id = NEW.id AND processing_status = '';
END;
CREATE TRIGGER fencepost_pages_select_update AFTER UPDATE OF curation_status ON fencepost_pages
WHEN NEW.curation_status <> OLD.curation_status
BEGIN
  UPDATE fencepost_pages SET again = again + 1
  WHERE id = NEW.id AND NEW.curation_status = 'Selected' AND processing_status = 'Processing';
  UPDATE fencepost_pages SET processing_status = 'Queued'
  WHERE id = NEW.id AND NEW.curation_status = 'Selected'
    AND processing_status NOT IN ('Queued', 'Processing');
  UPDATE fencepost_pages SET processing_status = ''
  WHERE id = NEW.id AND NEW.curation_status <> 'Selected' AND processing_status = 'Queued';
END;

CREATE TRIGGER fencepost_places_again AFTER UPDATE OF processing_status ON fencepost_places
WHEN NEW.fence <> OLD.fence + 1 AND OLD.processing_status = 'Processing' AND NEW.processing_status = 'Queued'
BEGIN
  UPDATE fencepost_places SET processing_status = 'Processing', again = again + 1
  WHERE id = NEW.id AND processing_status = 'Queued';
END;

CREATE TRIGGER fencepost_businesses_again AFTER UPDATE OF processing_status ON fencepost_businesses
WHEN NEW.fence <> OLD.fence + 1 AND OLD.processing_status = 'Processing' AND NEW.processing_status = 'Queued'
BEGIN
  UPDATE fencepost_businesses SET processing_status = 'Processing', again = again + 1
  WHERE id = NEW.id AND processing_status = 'Queued';
END;

CREATE TRIGGER fencepost_domains_again AFTER UPDATE OF processing_status ON fencepost_domains
WHEN NEW.fence <> OLD.fence + 1 AND OLD.processing_status = 'Processing' AND NEW.processing_status = 'Queued'
BEGIN
  UPDATE fencepost_domains SET processing_status = 'Processing', again = again + 1
  WHERE id = NEW.id AND processing_status = 'Queued';
END;

CREATE TRIGGER fencepost_sitemaps_again AFTER UPDATE OF processing_status ON fencepost_sitemaps
WHEN NEW.fence <> OLD.fence + 1 AND OLD.processing_status = 'Processing' AND NEW.processing_status = 'Queued'
BEGIN
  UPDATE fencepost_sitemaps SET processing_status = 'Processing', again = again + 1
  WHERE id = NEW.id AND processing_status = 'Queued';
END;

CREATE TRIGGER fencepost_pages_again AFTER UPDATE OF processing_status ON fencepost_pages
WHEN NEW.fence <> OLD.fence + 1 AND OLD.processing_status = 'Processing' AND NEW.processing_status = 'Queued'
BEGIN
  UPDATE fencepost_pages SET processing_status = 'Processing', again = again + 1
  WHERE id = NEW.id AND processing_status = 'Queued';
END;

CREATE TRIGGER fencepost_discoveries_again AFTER UPDATE OF processing_status ON fencepost_discoveries
WHEN NEW.fence <> OLD.fence + 1 AND OLD.processing_status = 'Processing' AND NEW.processing_status = 'Queued'
BEGIN
  UPDATE fencepost_discoveries SET processing_status = 'Processing', again = again + 1
  WHERE domain_id = NEW.domain_id AND processing_status = 'Queued';
END;

CREATE TRIGGER fencepost_discovery_insert AFTER INSERT ON fencepost_domains
BEGIN
  INSERT INTO fencepost_discoveries (domain_id, host, processing_status)
  VALUES (NEW.id, NEW.host, CASE NEW.curation_status WHEN 'Selected' THEN 'Queued' ELSE '' END);
END;
CREATE TRIGGER fencepost_discovery_update AFTER UPDATE OF curation_status ON fencepost_domains
WHEN NEW.curation_status <> OLD.curation_status
BEGIN
  UPDATE fencepost_discoveries SET processing_status = 'Queued'
  WHERE domain_id = NEW.id AND NEW.curation_status = 'Selected' AND processing_status <> 'Queued';
  UPDATE fencepost_discoveries SET processing_status = ''
  WHERE domain_id = NEW.id AND NEW.curation_status <> 'Selected' AND processing_status = 'Queued';
END;
