-- Many records at once: one run a row.

-- name: set_curation
UPDATE {table} AS t SET curation_status = ?2, version = t.version + 1, updated_at = fencepost_now(),
  again = t.again +
    CASE WHEN ?2 = 'Selected' AND t.{status} = {w_claimed} THEN 1 ELSE 0 END  --! again => 0
  ,
  {status} = CASE WHEN ?2 <> 'Selected' AND t.{status} = {w_queued} THEN '' ELSE t.{status} END
WHERE t.id = ?1 AND t.{fence} >= 0 -- unfenced: the only writer
RETURNING id

-- name: ask_discovery
UPDATE {table} AS t SET
  again = t.again + CASE WHEN ?2 = 'Selected' AND t.{status} = {w_claimed} THEN 1 ELSE 0 END,
  {status} = CASE WHEN ?2 <> 'Selected' AND t.{status} = {w_queued} THEN '' ELSE t.{status} END
WHERE t.domain_id = ?1 AND t.{fence} >= 0 -- unfenced: the only writer
RETURNING domain_id

-- name: curation_of
SELECT t.id, t.curation_status, t.{status} FROM {table} AS t
WHERE t.id IN (SELECT CAST(value AS INTEGER) FROM json_each(?1))

-- name: add_places
INSERT INTO fencepost_places (place_id, name, curation_status, created_at, updated_at)
VALUES (?1, ?2, ?3, fencepost_now(), fencepost_now())
ON CONFLICT (place_id) DO NOTHING RETURNING place_id

-- name: add_businesses
INSERT INTO fencepost_businesses (place_id, name, website, phone, address, curation_status, created_at,
  updated_at)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, fencepost_now(), fencepost_now()
WHERE ?1 IS NOT NULL OR NOT EXISTS (SELECT 1 FROM fencepost_businesses AS b
  WHERE b.place_id IS NULL AND b.name = ?2 AND b.website = ?3)
ON CONFLICT (place_id) DO NOTHING RETURNING id

-- name: lock_import
SELECT 1

-- name: add_sitemaps
INSERT INTO fencepost_sitemaps (domain_id, host, url, parent_id, depth, curation_status, created_at,
  updated_at)
VALUES (?2, ?3, ?1, ?4, ?5, ?6, fencepost_now(), fencepost_now())
ON CONFLICT (domain_id, url) DO NOTHING RETURNING id

-- name: add_pages
INSERT INTO fencepost_pages (domain_id, host, url, kind, score, curation_status, processing_status,
  created_at, updated_at)
VALUES (?6, ?7, ?1, ?2, ?3, ?4, ?5, fencepost_now(), fencepost_now())
ON CONFLICT (domain_id, url) DO NOTHING RETURNING id
