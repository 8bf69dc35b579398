-- The fence trigger (rule 12). SQLite's triggers cannot change NEW, so this one writes the row again; they
-- see no functions of ours, because foreign programs fire them too; and REPLACE fires no delete trigger, so
-- an insert over a row with an open effect is refused as well.

-- name: install
DROP TRIGGER IF EXISTS {fn_update};
DROP TRIGGER IF EXISTS {fn_update_lease};
DROP TRIGGER IF EXISTS {fn_insert};
DROP TRIGGER IF EXISTS {fn_insert_lease};
DROP TRIGGER IF EXISTS {fn_delete};
CREATE TRIGGER {fn_update} AFTER UPDATE ON {table}
WHEN NEW.{fence} IS NOT OLD.{fence} + 1
  AND TRUE                                                       --! trigger => AND FALSE
  AND (NEW.{fence} IS NOT OLD.{fence} OR {tracked_changed}
    OR NEW.{effect} IS NOT OLD.{effect} OR NEW.{claim_id} IS NOT OLD.{claim_id}
    OR NEW.{attempt} IS NOT OLD.{attempt}
    OR {effect_key_changed} OR (OLD.{stop_wanted} AND NOT NEW.{stop_wanted})
    OR (OLD.{effect} IS NOT NULL AND NEW.{lease_until} IS NULL AND OLD.{lease_until} IS NOT NULL))
BEGIN
  UPDATE {table} SET
    {fence} = OLD.{fence} + (NEW.{fence} IS NOT OLD.{fence} OR {tracked_changed}),
    {claim_id} = OLD.{claim_id},
    {effect} = OLD.{effect},                                     --! trigger_keeps_effect
    {keep_effect_key}                                            --! trigger_keeps_effect
    -- A stop by plain SQL while the effect is open is a stop that is wanted: a retry must not forget it.
    {stop_wanted} = max(OLD.{stop_wanted}, NEW.{stop_wanted},    --! trigger_keeps_effect,stop_wanted
      OLD.{effect} IS NOT NULL AND NEW.{status} = {w_stopped}),  --! trigger_keeps_effect,stop_wanted
    {status} = {kept_status},                                    --! trigger_keeps_stopped
    {lease_until} = CASE WHEN OLD.{effect} IS NOT NULL THEN coalesce(NEW.{lease_until}, OLD.{lease_until})
      ELSE NEW.{lease_until} END,
    {attempt} = OLD.{attempt}
  WHERE {key} IS NEW.{key} AND {fence} IS NEW.{fence};
  INSERT INTO fencepost_events (at, queue, item, kind, from_state, to_state, fence)
  SELECT CAST(strftime('%s', 'now') AS INTEGER) * 1000000
      + CAST(substr(strftime('%f', 'now'), 4) AS INTEGER) * 1000,
    {queue}, CAST(OLD.{key} AS TEXT), 'changed', OLD.{status}, {kept_status}, OLD.{fence} + 1
  WHERE NEW.{fence} IS NOT OLD.{fence} OR {tracked_changed};
END;
CREATE TRIGGER {fn_update_lease} AFTER UPDATE ON {table}
WHEN NEW.{status} IN ({w_claimed}, {w_sending}) AND NEW.{lease_until} IS NULL
BEGIN
  UPDATE {table} SET {lease_until} = CAST(strftime('%s', 'now') AS INTEGER) * 1000000 + 60000000
  WHERE {key} IS NEW.{key} AND {lease_until} IS NULL AND {status} IN ({w_claimed}, {w_sending});
END;
CREATE TRIGGER {fn_insert_lease} AFTER INSERT ON {table}
WHEN NEW.{status} IN ({w_claimed}, {w_sending}) AND NEW.{lease_until} IS NULL
BEGIN
  UPDATE {table} SET {lease_until} = CAST(strftime('%s', 'now') AS INTEGER) * 1000000 + 60000000
  WHERE {key} IS NEW.{key} AND {lease_until} IS NULL AND {status} IN ({w_claimed}, {w_sending});
END;
CREATE TRIGGER {fn_insert} BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} AS t JOIN fencepost_effects AS e ON e.claim = t.{effect}
             WHERE t.{key} = NEW.{key} AND (e.outcome IS NULL OR e.outcome = 'unknown'))
BEGIN
  SELECT RAISE(ABORT,
    'fencepost: an item has an open effect and cannot be replaced: wait for its outcome, or resolve it');
END;
CREATE TRIGGER {fn_delete} BEFORE DELETE ON {table}
WHEN OLD.{effect} IS NOT NULL
  AND TRUE                                                       --! trigger_delete => AND FALSE
  AND EXISTS (SELECT 1 FROM fencepost_effects AS e
     WHERE e.claim = OLD.{effect} AND (e.outcome IS NULL OR e.outcome = 'unknown'))
BEGIN
  SELECT RAISE(ABORT,
    'fencepost: an item has an open effect and cannot be deleted: wait for its outcome, or resolve it');
END;

-- name: install_indexes
-- What finished rows would slow down, they do not stand in.
CREATE INDEX IF NOT EXISTS {ix_due} ON {table} ({order_index}{run_at}, {key})
  WHERE {status} = {w_queued} AND {effect} IS NULL;
CREATE INDEX IF NOT EXISTS {ix_lease} ON {table} ({lease_until}) WHERE {lease_until} IS NOT NULL;

-- name: install_priority_index
CREATE INDEX IF NOT EXISTS {ix_next} ON {table} ({run_at}) WHERE {status} = {w_queued} AND {effect} IS NULL;

-- name: install_once_indexes
CREATE INDEX IF NOT EXISTS {ix_open} ON {table} ({key}) WHERE {effect} IS NOT NULL AND {status} <> {w_done};
CREATE INDEX IF NOT EXISTS {ix_unknown} ON {table} ({run_at}) WHERE {status} = {w_unknown};

-- name: uninstall
DROP TRIGGER IF EXISTS {fn_update};
DROP TRIGGER IF EXISTS {fn_update_lease};
DROP TRIGGER IF EXISTS {fn_insert};
DROP TRIGGER IF EXISTS {fn_insert_lease};
DROP TRIGGER IF EXISTS {fn_delete};

-- name: drop_indexes
DROP INDEX IF EXISTS {ix_due};
DROP INDEX IF EXISTS {ix_next};
DROP INDEX IF EXISTS {ix_lease};
DROP INDEX IF EXISTS {ix_open};
DROP INDEX IF EXISTS {ix_unknown};
