-- The highest event id that was ever deleted: a reader who resumes before it must be told that something may
-- be missing. A trigger, so that nobody's DELETE can forget it.

CREATE TABLE fencepost_events_lost (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  last_id BIGINT NOT NULL DEFAULT 0
);
INSERT INTO fencepost_events_lost (id) VALUES (1);

CREATE TRIGGER fencepost_events_deleted AFTER DELETE ON fencepost_events BEGIN
  UPDATE fencepost_events_lost SET last_id = OLD.id WHERE id = 1 AND last_id < OLD.id;
END;
