-- The highest event id that was ever deleted: a reader who resumes before it must be told that something may
-- be missing. A trigger, so that nobody's DELETE or TRUNCATE can forget it.

CREATE TABLE fencepost_events_lost (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  last_id BIGINT NOT NULL DEFAULT 0
);
INSERT INTO fencepost_events_lost (id) VALUES (1);

CREATE FUNCTION fencepost_events_deleted() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $fencepost$
BEGIN
  UPDATE fencepost_events_lost SET last_id = (SELECT max(gone.id) FROM gone)
  WHERE id = 1 AND last_id < (SELECT max(gone.id) FROM gone);
  RETURN NULL;
END $fencepost$;

CREATE FUNCTION fencepost_events_truncated() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $fencepost$
BEGIN
  UPDATE fencepost_events_lost SET last_id = (SELECT max(id) FROM fencepost_events)
  WHERE id = 1 AND last_id < (SELECT max(id) FROM fencepost_events);
  RETURN NULL;
END $fencepost$;

CREATE TRIGGER fencepost_events_deleted AFTER DELETE ON fencepost_events
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION fencepost_events_deleted();
CREATE TRIGGER fencepost_events_truncated BEFORE TRUNCATE ON fencepost_events
  FOR EACH STATEMENT EXECUTE FUNCTION fencepost_events_truncated();
