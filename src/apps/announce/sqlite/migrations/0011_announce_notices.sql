-- An announcement that failed for good or is unknown leaves a notice, whoever writes it so: settlement,
-- rescue, reconcile, a person, a foreign program. In the transaction that makes it so, and gone with it.
-- It sees no functions of ours, because foreign programs fire it too.
CREATE TRIGGER fencepost_announcements_notice AFTER UPDATE ON fencepost_announcements
WHEN NEW.status IN ('failed', 'unknown') AND NEW.status IS NOT OLD.status
BEGIN
  INSERT INTO fencepost_notices (kind, queue, item, connection_id, detail)
  VALUES (CASE NEW.status WHEN 'failed' THEN 'item_failed' ELSE 'item_unknown' END, 'announcements',
    CAST(NEW.id AS TEXT), NEW.connection_id, coalesce(NEW.last_error, ''));
END;
