-- TRUE: the database was found to be a past of itself (rule 13), and no program that knows this queue has
-- looked at it since: it is to be paused, and what was due in it unknown.
ALTER TABLE fencepost_queues ADD COLUMN unlooked BOOLEAN NOT NULL DEFAULT FALSE;
