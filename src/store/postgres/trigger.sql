-- The fence trigger (rule 12). Installed as one script over a fenced table; {own} is the schema of our
-- tables, because a foreign session may have another search_path. The functions run with their owner's
-- rights: a foreign program has some on its own table, and none on our tables.

-- name: install
CREATE OR REPLACE FUNCTION {own}{fn_update}() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fencepost$
DECLARE
  changed BOOLEAN;
BEGIN
  -- A statement of the protocol writes fence + 1 itself. Everything else is somebody else's: it may say what
  -- is wanted (status, enabled, run_at, payload), never what has happened.
  IF NEW.{fence} IS DISTINCT FROM OLD.{fence} + 1 THEN
    NEW.{claim_id} := OLD.{claim_id};
    NEW.{attempt} := OLD.{attempt};
    NEW.{effect} := OLD.{effect};                                --! trigger_keeps_effect
    {keep_effect_key}                                            --! trigger_keeps_effect
    NEW.{stop_wanted} := OLD.{stop_wanted} OR NEW.{stop_wanted}; --! trigger_keeps_effect
    changed := NEW.{fence} IS DISTINCT FROM OLD.{fence} OR {tracked_changed};
    NEW.{status} := {kept_status};                               --! trigger_keeps_stopped
    -- A stop by plain SQL while the effect is open is a stop that is wanted: a retry must not forget it.
    IF OLD.{effect} IS NOT NULL AND NEW.{status} = {w_stopped} THEN
      NEW.{stop_wanted} := TRUE;                                 --! stop_wanted => NULL;
    END IF;
    IF OLD.{effect} IS NOT NULL AND NEW.{lease_until} IS NULL THEN
      NEW.{lease_until} := OLD.{lease_until};
    END IF;
    IF changed THEN
      NEW.{fence} := OLD.{fence} + 1;
      INSERT INTO {own}fencepost_events (at, queue, item, kind, from_state, to_state, fence, actor)
      VALUES ({own}fencepost_now(), {queue}, OLD.{key}::text, 'changed', OLD.{status}::text,
              NEW.{status}::text,
              NEW.{fence}, current_setting('application_name'));
    END IF;
  END IF;
  IF NEW.{status} IN ({w_claimed}, {w_sending}) AND NEW.{lease_until} IS NULL THEN
    NEW.{lease_until} := {own}fencepost_now() + 60000000;
  END IF;
  RETURN NEW;
END $fencepost$;

CREATE OR REPLACE FUNCTION {own}{fn_insert}() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fencepost$
BEGIN
  IF NEW.{status} IN ({w_claimed}, {w_sending}) AND NEW.{lease_until} IS NULL THEN
    NEW.{lease_until} := {own}fencepost_now() + 60000000;
  END IF;
  RETURN NEW;
END $fencepost$;

CREATE OR REPLACE FUNCTION {own}{fn_delete}() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fencepost$
BEGIN
  IF OLD.{effect} IS NOT NULL AND EXISTS (SELECT 1 FROM {own}fencepost_effects AS e
      WHERE e.claim = OLD.{effect} AND (e.outcome IS NULL OR e.outcome = 'unknown')) THEN
    RAISE EXCEPTION 'fencepost: item % has an open effect and cannot be deleted', OLD.{key}
      USING ERRCODE = 'FP001', HINT = 'Wait for its outcome, or resolve it.';
  END IF;
  RETURN OLD;
END $fencepost$;

CREATE OR REPLACE FUNCTION {own}{fn_truncate}() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fencepost$
DECLARE
  open_effect BOOLEAN;
BEGIN
  -- By its number: a temporary table of the same name would hide it.
  EXECUTE 'SELECT EXISTS (SELECT 1 FROM ' || TG_RELID::regclass || $sql$ AS t
    JOIN {own}fencepost_effects AS e ON e.claim = t.{effect}
    WHERE e.outcome IS NULL OR e.outcome = 'unknown')$sql$ INTO open_effect;
  IF open_effect THEN
    RAISE EXCEPTION 'fencepost: an item of this table has an open effect; it cannot be truncated'
      USING ERRCODE = 'FP001', HINT = 'Wait for its outcome, or resolve it.';
  END IF;
  RETURN NULL;
END $fencepost$;

DROP TRIGGER IF EXISTS zzz_fencepost_update ON {table};
DROP TRIGGER IF EXISTS zzz_fencepost_insert ON {table};
DROP TRIGGER IF EXISTS zzz_fencepost_delete ON {table};
DROP TRIGGER IF EXISTS zzz_fencepost_truncate ON {table};
-- The protocol's own statements write fence + 1, and a lease with the words that need one: for them the
-- function is not even called, which is most of what the trigger would cost.
CREATE TRIGGER zzz_fencepost_update BEFORE UPDATE ON {table}     --! trigger
  FOR EACH ROW                                                   --! trigger
  WHEN (NEW.{fence} IS DISTINCT FROM OLD.{fence} + 1             --! trigger
    OR (NEW.{lease_until} IS NULL AND NEW.{status} IN ({w_claimed}, {w_sending})))  --! trigger
  EXECUTE FUNCTION {own}{fn_update}();                           --! trigger
CREATE TRIGGER zzz_fencepost_insert BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {own}{fn_insert}();
CREATE TRIGGER zzz_fencepost_delete BEFORE DELETE ON {table}     --! trigger_delete
  FOR EACH ROW EXECUTE FUNCTION {own}{fn_delete}();              --! trigger_delete
CREATE TRIGGER zzz_fencepost_truncate BEFORE TRUNCATE ON {table} --! trigger_delete
  FOR EACH STATEMENT EXECUTE FUNCTION {own}{fn_truncate}();      --! trigger_delete
ALTER TABLE {table} ENABLE ALWAYS TRIGGER zzz_fencepost_update;  --! trigger
ALTER TABLE {table} ENABLE ALWAYS TRIGGER zzz_fencepost_insert;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER zzz_fencepost_delete;  --! trigger_delete
ALTER TABLE {table} ENABLE ALWAYS TRIGGER zzz_fencepost_truncate;  --! trigger_delete

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
DROP TRIGGER IF EXISTS zzz_fencepost_update ON {table};
DROP TRIGGER IF EXISTS zzz_fencepost_insert ON {table};
DROP TRIGGER IF EXISTS zzz_fencepost_delete ON {table};
DROP TRIGGER IF EXISTS zzz_fencepost_truncate ON {table};
DROP FUNCTION IF EXISTS {own}{fn_update}(), {own}{fn_insert}(), {own}{fn_delete}(), {own}{fn_truncate}();

-- name: drop_indexes
-- They live in their table's schema.
DROP INDEX IF EXISTS {table_schema}{ix_due};
DROP INDEX IF EXISTS {table_schema}{ix_next};
DROP INDEX IF EXISTS {table_schema}{ix_lease};
DROP INDEX IF EXISTS {table_schema}{ix_open};
DROP INDEX IF EXISTS {table_schema}{ix_unknown};
