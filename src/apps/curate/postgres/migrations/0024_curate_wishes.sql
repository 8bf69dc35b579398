-- What other programs say of a record by plain SQL has the effect that it has over the API, in every order
-- with the work on it. While a record is worked on: leaving Selected asks its handler to end; Selected
-- takes that back and means again afterwards; the words `Stopped` and empty ask its handler to end, any other
-- means again afterwards. No word takes the place of Processing: it could be begun twice at once.
-- protocol: people's wishes, as Fence::stop and Fence::rearm write them; `fence + 1` takes a stop back.

CREATE OR REPLACE FUNCTION fencepost_curate_select() RETURNS trigger LANGUAGE plpgsql AS $fencepost$
BEGIN
  IF NEW.curation_status = 'Selected' THEN
    IF TG_OP = 'INSERT' AND NEW.processing_status = '' THEN
      NEW.processing_status := 'Queued';
    ELSIF TG_OP = 'UPDATE' THEN
      NEW.processing_status := 'Queued';
    END IF;
  ELSIF TG_OP = 'UPDATE' AND OLD.processing_status = 'Processing' THEN
    NEW.stop_wanted := TRUE;                                     --! deselect_ends => NULL;
  ELSIF TG_OP = 'UPDATE' AND NEW.processing_status = 'Queued' THEN
    NEW.processing_status := '';
  END IF;
  RETURN NEW;
END $fencepost$;
CREATE OR REPLACE FUNCTION fencepost_curate_again() RETURNS trigger LANGUAGE plpgsql AS $fencepost$
BEGIN
  NEW.stop_wanted := NEW.stop_wanted
    OR NEW.processing_status IN ('Stopped', '')                  --! word_ends
  ;
  NEW.processing_status := OLD.processing_status;
  NEW.again := OLD.again + 1;
  RETURN NEW;
END $fencepost$;

-- The fence trigger keeps a stop that is wanted, whatever another program writes: what takes it back is a
-- statement of its own, after that. With its owner's rights, and the schema of our tables.
CREATE FUNCTION fencepost_curate_withdraw() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fencepost$
BEGIN
  EXECUTE format('UPDATE %I.%I SET stop_wanted = FALSE, fence = fence + 1
    WHERE id = $1 AND processing_status = ''Processing'' AND stop_wanted', TG_TABLE_SCHEMA, TG_TABLE_NAME)
  USING NEW.id;
  RETURN NULL;
END $fencepost$;
CREATE OR REPLACE FUNCTION fencepost_curate_discovery() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $fencepost$
BEGIN
  IF TG_OP = 'INSERT' THEN
    EXECUTE format('INSERT INTO %I.fencepost_discoveries (domain_id, host, processing_status)
      VALUES ($1, $2, $3)', TG_TABLE_SCHEMA)
    USING NEW.id, NEW.host, CASE NEW.curation_status WHEN 'Selected' THEN 'Queued' ELSE '' END;
  ELSIF NEW.curation_status = 'Selected' THEN
    EXECUTE format('UPDATE %I.fencepost_discoveries SET processing_status = ''Queued''
      WHERE domain_id = $1 AND processing_status <> ''Queued''', TG_TABLE_SCHEMA) USING NEW.id;
    EXECUTE format('UPDATE %I.fencepost_discoveries SET stop_wanted = FALSE, fence = fence + 1
      WHERE domain_id = $1 AND processing_status = ''Processing'' AND stop_wanted', TG_TABLE_SCHEMA)
    USING NEW.id;
  ELSE
    -- One statement: where it waits for a claim or a result, it sees which of the two words there is then.
    EXECUTE format('UPDATE %I.fencepost_discoveries SET
        stop_wanted = stop_wanted
          OR processing_status = ''Processing''                  --! discovery_ends
        , processing_status = CASE processing_status WHEN ''Queued'' THEN '''' ELSE processing_status END
      WHERE domain_id = $1 AND processing_status IN (''Queued'', ''Processing'')', TG_TABLE_SCHEMA)
    USING NEW.id;
  END IF;
  RETURN NULL;
END $fencepost$;

DROP TRIGGER b_again ON fencepost_places;
CREATE TRIGGER b_again BEFORE UPDATE ON fencepost_places
  FOR EACH ROW WHEN (NEW.fence <> OLD.fence + 1 AND OLD.processing_status = 'Processing'
    AND NEW.processing_status <> 'Processing'
    AND TRUE                                                     --! word_kept => AND FALSE
  ) EXECUTE FUNCTION fencepost_curate_again();
CREATE TRIGGER c_withdraw AFTER UPDATE OF curation_status ON fencepost_places
  FOR EACH ROW WHEN (NEW.curation_status = 'Selected' AND OLD.curation_status <> 'Selected'
    AND NEW.processing_status = 'Processing' AND NEW.stop_wanted
    AND TRUE                                                     --! select_withdraws => AND FALSE
  ) EXECUTE FUNCTION fencepost_curate_withdraw();

DROP TRIGGER b_again ON fencepost_businesses;
CREATE TRIGGER b_again BEFORE UPDATE ON fencepost_businesses
  FOR EACH ROW WHEN (NEW.fence <> OLD.fence + 1 AND OLD.processing_status = 'Processing'
    AND NEW.processing_status <> 'Processing'
    AND TRUE                                                     --! word_kept => AND FALSE
  ) EXECUTE FUNCTION fencepost_curate_again();
CREATE TRIGGER c_withdraw AFTER UPDATE OF curation_status ON fencepost_businesses
  FOR EACH ROW WHEN (NEW.curation_status = 'Selected' AND OLD.curation_status <> 'Selected'
    AND NEW.processing_status = 'Processing' AND NEW.stop_wanted
    AND TRUE                                                     --! select_withdraws => AND FALSE
  ) EXECUTE FUNCTION fencepost_curate_withdraw();

DROP TRIGGER b_again ON fencepost_domains;
CREATE TRIGGER b_again BEFORE UPDATE ON fencepost_domains
  FOR EACH ROW WHEN (NEW.fence <> OLD.fence + 1 AND OLD.processing_status = 'Processing'
    AND NEW.processing_status <> 'Processing'
    AND TRUE                                                     --! word_kept => AND FALSE
  ) EXECUTE FUNCTION fencepost_curate_again();
CREATE TRIGGER c_withdraw AFTER UPDATE OF curation_status ON fencepost_domains
  FOR EACH ROW WHEN (NEW.curation_status = 'Selected' AND OLD.curation_status <> 'Selected'
    AND NEW.processing_status = 'Processing' AND NEW.stop_wanted
    AND TRUE                                                     --! select_withdraws => AND FALSE
  ) EXECUTE FUNCTION fencepost_curate_withdraw();

DROP TRIGGER b_again ON fencepost_sitemaps;
CREATE TRIGGER b_again BEFORE UPDATE ON fencepost_sitemaps
  FOR EACH ROW WHEN (NEW.fence <> OLD.fence + 1 AND OLD.processing_status = 'Processing'
    AND NEW.processing_status <> 'Processing'
    AND TRUE                                                     --! word_kept => AND FALSE
  ) EXECUTE FUNCTION fencepost_curate_again();
CREATE TRIGGER c_withdraw AFTER UPDATE OF curation_status ON fencepost_sitemaps
  FOR EACH ROW WHEN (NEW.curation_status = 'Selected' AND OLD.curation_status <> 'Selected'
    AND NEW.processing_status = 'Processing' AND NEW.stop_wanted
    AND TRUE                                                     --! select_withdraws => AND FALSE
  ) EXECUTE FUNCTION fencepost_curate_withdraw();

DROP TRIGGER b_again ON fencepost_pages;
CREATE TRIGGER b_again BEFORE UPDATE ON fencepost_pages
  FOR EACH ROW WHEN (NEW.fence <> OLD.fence + 1 AND OLD.processing_status = 'Processing'
    AND NEW.processing_status <> 'Processing'
    AND TRUE                                                     --! word_kept => AND FALSE
  ) EXECUTE FUNCTION fencepost_curate_again();
CREATE TRIGGER c_withdraw AFTER UPDATE OF curation_status ON fencepost_pages
  FOR EACH ROW WHEN (NEW.curation_status = 'Selected' AND OLD.curation_status <> 'Selected'
    AND NEW.processing_status = 'Processing' AND NEW.stop_wanted
    AND TRUE                                                     --! select_withdraws => AND FALSE
  ) EXECUTE FUNCTION fencepost_curate_withdraw();

DROP TRIGGER b_again ON fencepost_discoveries;
CREATE TRIGGER b_again BEFORE UPDATE ON fencepost_discoveries
  FOR EACH ROW WHEN (NEW.fence <> OLD.fence + 1 AND OLD.processing_status = 'Processing'
    AND NEW.processing_status <> 'Processing'
    AND TRUE                                                     --! word_kept => AND FALSE
  ) EXECUTE FUNCTION fencepost_curate_again();
