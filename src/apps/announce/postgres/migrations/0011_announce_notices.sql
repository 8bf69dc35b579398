-- An announcement that failed for good or is unknown leaves a notice, whoever writes it so: settlement,
-- rescue, reconcile, a person, a foreign program. In the transaction that makes it so, and gone with it.
-- The function runs with its owner's rights, and names the schema of our tables, as the fence trigger does.
CREATE FUNCTION fencepost_announcements_notice() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fencepost$
BEGIN
  EXECUTE format('INSERT INTO %I.fencepost_notices (kind, queue, item, connection_id, detail)
    VALUES ($1, $2, $3, $4, $5)', TG_TABLE_SCHEMA)
  USING CASE NEW.status WHEN 'failed' THEN 'item_failed' ELSE 'item_unknown' END, 'announcements',
    NEW.id::text, NEW.connection_id, coalesce(NEW.last_error, '');
  RETURN NULL;
END $fencepost$;
CREATE TRIGGER fencepost_announcements_notice AFTER UPDATE ON fencepost_announcements FOR EACH ROW
WHEN (NEW.status IN ('failed', 'unknown') AND NEW.status IS DISTINCT FROM OLD.status)
EXECUTE FUNCTION fencepost_announcements_notice();
ALTER TABLE fencepost_announcements ENABLE ALWAYS TRIGGER fencepost_announcements_notice;
