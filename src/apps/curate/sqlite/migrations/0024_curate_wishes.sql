-- What other programs say of a record by plain SQL has the effect that it has over the API, in every order
-- with the work on it. While a record is worked on: leaving Selected asks its handler to end; Selected
-- takes that back and means again afterwards; the words `Stopped` and empty ask its handler to end, any other
-- means again afterwards. No word takes the place of Processing: it could be begun twice at once.
-- One trigger a table, since SQLite promises no order of several.
-- protocol: people's wishes, as Fence::stop and Fence::rearm write them; `fence + 1` takes a stop back.

DROP TRIGGER fencepost_places_select_update;
DROP TRIGGER fencepost_places_again;
CREATE TRIGGER fencepost_places_wish AFTER UPDATE OF curation_status, processing_status
ON fencepost_places
WHEN NEW.curation_status <> OLD.curation_status
  OR (NEW.fence <> OLD.fence + 1 AND OLD.processing_status = 'Processing'
    AND NEW.processing_status <> 'Processing'
    AND TRUE)                                                    --! word_kept => AND FALSE)
BEGIN
  UPDATE fencepost_places SET processing_status = 'Processing', again = again + 1,
    stop_wanted = stop_wanted
      OR NEW.processing_status IN ('Stopped', '')                --! word_ends
  WHERE id = NEW.id AND processing_status <> 'Processing'
    AND OLD.processing_status = 'Processing' AND NEW.fence <> OLD.fence + 1;
  UPDATE fencepost_places SET again = again + 1
  WHERE id = NEW.id AND processing_status = 'Processing'
    AND NEW.curation_status = 'Selected' AND NEW.curation_status <> OLD.curation_status;
  UPDATE fencepost_places SET stop_wanted = FALSE, fence = fence + 1
  WHERE id = NEW.id AND processing_status = 'Processing' AND stop_wanted
    AND TRUE                                                     --! select_withdraws => AND FALSE
    AND NEW.curation_status = 'Selected' AND NEW.curation_status <> OLD.curation_status;
  UPDATE fencepost_places SET processing_status = 'Queued'
  WHERE id = NEW.id AND processing_status NOT IN ('Queued', 'Processing')
    AND NEW.curation_status = 'Selected' AND NEW.curation_status <> OLD.curation_status;
  UPDATE fencepost_places SET processing_status = ''
  WHERE id = NEW.id AND processing_status = 'Queued'
    AND NEW.curation_status <> 'Selected' AND NEW.curation_status <> OLD.curation_status;
  UPDATE fencepost_places SET stop_wanted = TRUE
  WHERE id = NEW.id AND processing_status = 'Processing'
    AND TRUE                                                     --! deselect_ends => AND FALSE
    AND NEW.curation_status <> 'Selected' AND NEW.curation_status <> OLD.curation_status;
END;

DROP TRIGGER fencepost_businesses_select_update;
DROP TRIGGER fencepost_businesses_again;
CREATE TRIGGER fencepost_businesses_wish AFTER UPDATE OF curation_status, processing_status
ON fencepost_businesses
WHEN NEW.curation_status <> OLD.curation_status
  OR (NEW.fence <> OLD.fence + 1 AND OLD.processing_status = 'Processing'
    AND NEW.processing_status <> 'Processing'
    AND TRUE)                                                    --! word_kept => AND FALSE)
BEGIN
  UPDATE fencepost_businesses SET processing_status = 'Processing', again = again + 1,
    stop_wanted = stop_wanted
      OR NEW.processing_status IN ('Stopped', '')                --! word_ends
  WHERE id = NEW.id AND processing_status <> 'Processing'
    AND OLD.processing_status = 'Processing' AND NEW.fence <> OLD.fence + 1;
  UPDATE fencepost_businesses SET again = again + 1
  WHERE id = NEW.id AND processing_status = 'Processing'
    AND NEW.curation_status = 'Selected' AND NEW.curation_status <> OLD.curation_status;
  UPDATE fencepost_businesses SET stop_wanted = FALSE, fence = fence + 1
  WHERE id = NEW.id AND processing_status = 'Processing' AND stop_wanted
    AND TRUE                                                     --! select_withdraws => AND FALSE
    AND NEW.curation_status = 'Selected' AND NEW.curation_status <> OLD.curation_status;
  UPDATE fencepost_businesses SET processing_status = 'Queued'
  WHERE id = NEW.id AND processing_status NOT IN ('Queued', 'Processing')
    AND NEW.curation_status = 'Selected' AND NEW.curation_status <> OLD.curation_status;
  UPDATE fencepost_businesses SET processing_status = ''
  WHERE id = NEW.id AND processing_status = 'Queued'
    AND NEW.curation_status <> 'Selected' AND NEW.curation_status <> OLD.curation_status;
  UPDATE fencepost_businesses SET stop_wanted = TRUE
  WHERE id = NEW.id AND processing_status = 'Processing'
    AND TRUE                                                     --! deselect_ends => AND FALSE
    AND NEW.curation_status <> 'Selected' AND NEW.curation_status <> OLD.curation_status;
END;

DROP TRIGGER fencepost_domains_select_update;
DROP TRIGGER fencepost_domains_again;
CREATE TRIGGER fencepost_domains_wish AFTER UPDATE OF curation_status, processing_status
ON fencepost_domains
WHEN NEW.curation_status <> OLD.curation_status
  OR (NEW.fence <> OLD.fence + 1 AND OLD.processing_status = 'Processing'
    AND NEW.processing_status <> 'Processing'
    AND TRUE)                                                    --! word_kept => AND FALSE)
BEGIN
  UPDATE fencepost_domains SET processing_status = 'Processing', again = again + 1,
    stop_wanted = stop_wanted
      OR NEW.processing_status IN ('Stopped', '')                --! word_ends
  WHERE id = NEW.id AND processing_status <> 'Processing'
    AND OLD.processing_status = 'Processing' AND NEW.fence <> OLD.fence + 1;
  UPDATE fencepost_domains SET again = again + 1
  WHERE id = NEW.id AND processing_status = 'Processing'
    AND NEW.curation_status = 'Selected' AND NEW.curation_status <> OLD.curation_status;
  UPDATE fencepost_domains SET stop_wanted = FALSE, fence = fence + 1
  WHERE id = NEW.id AND processing_status = 'Processing' AND stop_wanted
    AND TRUE                                                     --! select_withdraws => AND FALSE
    AND NEW.curation_status = 'Selected' AND NEW.curation_status <> OLD.curation_status;
  UPDATE fencepost_domains SET processing_status = 'Queued'
  WHERE id = NEW.id AND processing_status NOT IN ('Queued', 'Processing')
    AND NEW.curation_status = 'Selected' AND NEW.curation_status <> OLD.curation_status;
  UPDATE fencepost_domains SET processing_status = ''
  WHERE id = NEW.id AND processing_status = 'Queued'
    AND NEW.curation_status <> 'Selected' AND NEW.curation_status <> OLD.curation_status;
  UPDATE fencepost_domains SET stop_wanted = TRUE
  WHERE id = NEW.id AND processing_status = 'Processing'
    AND TRUE                                                     --! deselect_ends => AND FALSE
    AND NEW.curation_status <> 'Selected' AND NEW.curation_status <> OLD.curation_status;
END;

DROP TRIGGER fencepost_sitemaps_select_update;
DROP TRIGGER fencepost_sitemaps_again;
CREATE TRIGGER fencepost_sitemaps_wish AFTER UPDATE OF curation_status, processing_status
ON fencepost_sitemaps
WHEN NEW.curation_status <> OLD.curation_status
  OR (NEW.fence <> OLD.fence + 1 AND OLD.processing_status = 'Processing'
    AND NEW.processing_status <> 'Processing'
    AND TRUE)                                                    --! word_kept => AND FALSE)
BEGIN
  UPDATE fencepost_sitemaps SET processing_status = 'Processing', again = again + 1,
    stop_wanted = stop_wanted
      OR NEW.processing_status IN ('Stopped', '')                --! word_ends
  WHERE id = NEW.id AND processing_status <> 'Processing'
    AND OLD.processing_status = 'Processing' AND NEW.fence <> OLD.fence + 1;
  UPDATE fencepost_sitemaps SET again = again + 1
  WHERE id = NEW.id AND processing_status = 'Processing'
    AND NEW.curation_status = 'Selected' AND NEW.curation_status <> OLD.curation_status;
  UPDATE fencepost_sitemaps SET stop_wanted = FALSE, fence = fence + 1
  WHERE id = NEW.id AND processing_status = 'Processing' AND stop_wanted
    AND TRUE                                                     --! select_withdraws => AND FALSE
    AND NEW.curation_status = 'Selected' AND NEW.curation_status <> OLD.curation_status;
  UPDATE fencepost_sitemaps SET processing_status = 'Queued'
  WHERE id = NEW.id AND processing_status NOT IN ('Queued', 'Processing')
    AND NEW.curation_status = 'Selected' AND NEW.curation_status <> OLD.curation_status;
  UPDATE fencepost_sitemaps SET processing_status = ''
  WHERE id = NEW.id AND processing_status = 'Queued'
    AND NEW.curation_status <> 'Selected' AND NEW.curation_status <> OLD.curation_status;
  UPDATE fencepost_sitemaps SET stop_wanted = TRUE
  WHERE id = NEW.id AND processing_status = 'Processing'
    AND TRUE                                                     --! deselect_ends => AND FALSE
    AND NEW.curation_status <> 'Selected' AND NEW.curation_status <> OLD.curation_status;
END;

DROP TRIGGER fencepost_pages_select_update;
DROP TRIGGER fencepost_pages_again;
CREATE TRIGGER fencepost_pages_wish AFTER UPDATE OF curation_status, processing_status
ON fencepost_pages
WHEN NEW.curation_status <> OLD.curation_status
  OR (NEW.fence <> OLD.fence + 1 AND OLD.processing_status = 'Processing'
    AND NEW.processing_status <> 'Processing'
    AND TRUE)                                                    --! word_kept => AND FALSE)
BEGIN
  UPDATE fencepost_pages SET processing_status = 'Processing', again = again + 1,
    stop_wanted = stop_wanted
      OR NEW.processing_status IN ('Stopped', '')                --! word_ends
  WHERE id = NEW.id AND processing_status <> 'Processing'
    AND OLD.processing_status = 'Processing' AND NEW.fence <> OLD.fence + 1;
  UPDATE fencepost_pages SET again = again + 1
  WHERE id = NEW.id AND processing_status = 'Processing'
    AND NEW.curation_status = 'Selected' AND NEW.curation_status <> OLD.curation_status;
  UPDATE fencepost_pages SET stop_wanted = FALSE, fence = fence + 1
  WHERE id = NEW.id AND processing_status = 'Processing' AND stop_wanted
    AND TRUE                                                     --! select_withdraws => AND FALSE
    AND NEW.curation_status = 'Selected' AND NEW.curation_status <> OLD.curation_status;
  UPDATE fencepost_pages SET processing_status = 'Queued'
  WHERE id = NEW.id AND processing_status NOT IN ('Queued', 'Processing')
    AND NEW.curation_status = 'Selected' AND NEW.curation_status <> OLD.curation_status;
  UPDATE fencepost_pages SET processing_status = ''
  WHERE id = NEW.id AND processing_status = 'Queued'
    AND NEW.curation_status <> 'Selected' AND NEW.curation_status <> OLD.curation_status;
  UPDATE fencepost_pages SET stop_wanted = TRUE
  WHERE id = NEW.id AND processing_status = 'Processing'
    AND TRUE                                                     --! deselect_ends => AND FALSE
    AND NEW.curation_status <> 'Selected' AND NEW.curation_status <> OLD.curation_status;
END;

DROP TRIGGER fencepost_discoveries_again;
CREATE TRIGGER fencepost_discoveries_wish AFTER UPDATE OF processing_status ON fencepost_discoveries
WHEN NEW.fence <> OLD.fence + 1 AND OLD.processing_status = 'Processing'
  AND NEW.processing_status <> 'Processing'
BEGIN
  UPDATE fencepost_discoveries SET processing_status = 'Processing', again = again + 1,
    stop_wanted = stop_wanted OR NEW.processing_status IN ('Stopped', '')
  WHERE domain_id = NEW.domain_id AND processing_status <> 'Processing';
END;

DROP TRIGGER fencepost_discovery_update;
CREATE TRIGGER fencepost_discovery_update AFTER UPDATE OF curation_status ON fencepost_domains
WHEN NEW.curation_status <> OLD.curation_status
BEGIN
  UPDATE fencepost_discoveries SET processing_status = 'Queued'
  WHERE domain_id = NEW.id AND processing_status <> 'Queued' AND NEW.curation_status = 'Selected';
  UPDATE fencepost_discoveries SET stop_wanted = FALSE, fence = fence + 1
  WHERE domain_id = NEW.id AND processing_status = 'Processing' AND stop_wanted
    AND NEW.curation_status = 'Selected';
  UPDATE fencepost_discoveries SET processing_status = ''
  WHERE domain_id = NEW.id AND processing_status = 'Queued' AND NEW.curation_status <> 'Selected';
  UPDATE fencepost_discoveries SET stop_wanted = TRUE
  WHERE domain_id = NEW.id AND processing_status = 'Processing' AND NEW.curation_status <> 'Selected'
    AND TRUE;                                                    --! discovery_ends => AND FALSE;
END;
