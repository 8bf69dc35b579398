-- How the attempts of each queue ended, by minute (throughput.hpp). `minute`: its beginning. By minute first,
-- because what is old goes from there, and a chart wants the last minutes of every queue.
CREATE TABLE fencepost_throughput (
  minute BIGINT NOT NULL,
  queue TEXT NOT NULL,
  done BIGINT NOT NULL DEFAULT 0 CHECK (done >= 0),
  failed BIGINT NOT NULL DEFAULT 0 CHECK (failed >= 0),
  retried BIGINT NOT NULL DEFAULT 0 CHECK (retried >= 0),
  unknown BIGINT NOT NULL DEFAULT 0 CHECK (unknown >= 0),
  PRIMARY KEY (minute, queue)
);

-- The number of the last batch of counts that this process has added: one whose commit is in doubt is not
-- added twice.
ALTER TABLE fencepost_workers ADD COLUMN counted BIGINT NOT NULL DEFAULT 0;
