-- A row that another program deletes gives back what it held and has not spent, as one that it cancels does;
-- what is uploaded keeps its place. (A row with an open effect is not deleted: rule 12.)
CREATE TRIGGER fencepost_uploads_deleted AFTER DELETE ON fencepost_uploads WHEN OLD.status <> 'uploaded'
BEGIN
  UPDATE fencepost_buckets SET
    used = used - (SELECT sum(l.amount) FROM fencepost_ledger AS l
      WHERE l.queue = 'uploads' AND l.item = CAST(OLD.id AS TEXT) AND NOT l.spent
        AND l.time_window = fencepost_buckets.time_window AND l.scope = fencepost_buckets.scope
        AND l.name = fencepost_buckets.name),
    overhang = max(0, used - quota - (SELECT sum(l.amount) FROM fencepost_ledger AS l
      WHERE l.queue = 'uploads' AND l.item = CAST(OLD.id AS TEXT) AND NOT l.spent
        AND l.time_window = fencepost_buckets.time_window AND l.scope = fencepost_buckets.scope
        AND l.name = fencepost_buckets.name))
  WHERE (time_window, scope, name) IN (SELECT l.time_window, l.scope, l.name FROM fencepost_ledger AS l
    WHERE l.queue = 'uploads' AND l.item = CAST(OLD.id AS TEXT) AND NOT l.spent);
  DELETE FROM fencepost_ledger WHERE queue = 'uploads' AND item = CAST(OLD.id AS TEXT) AND NOT spent;
  DELETE FROM fencepost_slots WHERE queue = 'uploads' AND item = CAST(OLD.id AS TEXT);
END;
