-- A row that another program deletes gives back what it held and has not spent, as one that it cancels does;
-- what is uploaded keeps its place. (A row with an open effect is not deleted: rule 12.)
CREATE OR REPLACE FUNCTION fencepost_uploads_release() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fencepost$
DECLARE
  ended TEXT[];
  sent TEXT[];
BEGIN
  IF TG_OP = 'DELETE' THEN
    SELECT array_agg(o.id::text) INTO ended FROM fencepost_uploads_old AS o WHERE o.status <> 'uploaded';
  ELSE
    SELECT array_agg(n.id::text) FILTER (WHERE n.status IN ('failed', 'cancelled') AND n.effect IS NULL),
      array_agg(n.id::text) FILTER (WHERE n.status = 'uploaded')
    INTO ended, sent
    FROM fencepost_uploads_new AS n JOIN fencepost_uploads_old AS o ON o.id = n.id
    WHERE n.status <> o.status OR (n.effect IS NULL AND o.effect IS NOT NULL);
  END IF;
  IF ended IS NULL AND sent IS NULL THEN
    RETURN NULL;
  END IF;
  EXECUTE format('SELECT count(*) FROM (SELECT 1 FROM %1$I.fencepost_buckets AS b
    WHERE (b.time_window, b.scope, b.name) IN (
      SELECT l.time_window, l.scope, l.name FROM %1$I.fencepost_ledger AS l
      WHERE l.queue = ''uploads'' AND NOT l.spent
        AND (l.item = ANY ($1) OR (l.item = ANY ($2) AND l.scope LIKE ''youtube.%%'')))
    ORDER BY b.time_window COLLATE "C", b.scope COLLATE "C", b.name COLLATE "C" FOR NO KEY UPDATE) AS locked',
    TG_TABLE_SCHEMA) USING ended, sent;
  EXECUTE format('WITH gone AS (DELETE FROM %1$I.fencepost_ledger AS l
      WHERE l.queue = ''uploads'' AND NOT l.spent
        AND (l.item = ANY ($1) OR (l.item = ANY ($2) AND l.scope LIKE ''youtube.%%''))
      RETURNING l.time_window, l.scope, l.name, l.amount),
    sums AS (SELECT time_window, scope, name, sum(amount)::bigint AS amount FROM gone GROUP BY 1, 2, 3)
    UPDATE %1$I.fencepost_buckets AS b
    SET used = b.used - s.amount, overhang = greatest(0, b.used - s.amount - b.quota)
    FROM sums AS s WHERE b.time_window = s.time_window AND b.scope = s.scope AND b.name = s.name',
    TG_TABLE_SCHEMA) USING ended, sent;
  EXECUTE format('DELETE FROM %1$I.fencepost_slots WHERE queue = ''uploads'' AND item = ANY ($1)',
    TG_TABLE_SCHEMA) USING ended;
  RETURN NULL;
END $fencepost$;
CREATE TRIGGER fencepost_uploads_deleted AFTER DELETE ON fencepost_uploads
REFERENCING OLD TABLE AS fencepost_uploads_old
FOR EACH STATEMENT EXECUTE FUNCTION fencepost_uploads_release();
ALTER TABLE fencepost_uploads ENABLE ALWAYS TRIGGER fencepost_uploads_deleted;
