-- Jobs: a fenced table of kind `repeatable`, for programs without a table of their own. Times are µs since
-- 1970 UTC; the default of created_at serves other programs, which do not have our functions.
-- No CHECK of the payload: json_valid() is refused where a schema is not trusted.

CREATE TABLE fencepost_jobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind <> ''),
  payload TEXT NOT NULL DEFAULT '{}',
  priority INTEGER NOT NULL DEFAULT 0,
  unique_key TEXT,
  max_attempts INTEGER NOT NULL DEFAULT 6 CHECK (max_attempts >= 1),
  status TEXT NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'claimed', 'done', 'failed', 'stopped')),
  fence BIGINT NOT NULL DEFAULT 0,
  claim_id BIGINT,
  effect BIGINT,
  lease_until BIGINT,
  run_at BIGINT NOT NULL DEFAULT 0,
  attempt INTEGER NOT NULL DEFAULT 0,
  stop_wanted BOOLEAN NOT NULL DEFAULT FALSE,
  last_error TEXT,
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000)
);
CREATE UNIQUE INDEX fencepost_jobs_unique ON fencepost_jobs (kind, unique_key)
  WHERE unique_key IS NOT NULL AND status IN ('queued', 'claimed');
