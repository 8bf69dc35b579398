-- Many records at once.

-- name: set_curation
-- Batch of id; $2 the curation status. Under the locks of Fence::hold. Asked for again while it is worked on,
-- it is queued again when its handler has ended; what is queued and no longer wanted is taken back.
UPDATE {table} AS t SET curation_status = $2, version = t.version + 1, updated_at = fencepost_now(),
  again = t.again +
    CASE WHEN $2 = 'Selected' AND t.{status} = {w_claimed} THEN 1 ELSE 0 END  --! again => 0
  ,
  {status} = CASE WHEN $2 <> 'Selected' AND t.{status} = {w_queued} THEN '' ELSE t.{status} END
FROM unnest($1::bigint[]) AS s(id)
WHERE t.id = s.id AND t.{fence} >= 0 -- unfenced: hold() has the rows
RETURNING t.id

-- name: ask_discovery
-- Batch of domain; $2 the domain's new curation status. Under the locks of Fence::hold.
UPDATE {table} AS t SET
  again = t.again + CASE WHEN $2 = 'Selected' AND t.{status} = {w_claimed} THEN 1 ELSE 0 END,
  {status} = CASE WHEN $2 <> 'Selected' AND t.{status} = {w_queued} THEN '' ELSE t.{status} END
FROM unnest($1::bigint[]) AS s(id)
WHERE t.domain_id = s.id AND t.{fence} >= 0 -- unfenced: hold() has the rows
RETURNING t.domain_id

-- name: curation_of
-- $1 ids as a JSON array
SELECT t.id, t.curation_status, t.{status} FROM {table} AS t
WHERE t.id IN (SELECT jsonb_array_elements_text($1::jsonb)::bigint)

-- name: add_places
-- Batch of place id, name, curation status; answers those that are new.
INSERT INTO fencepost_places (place_id, name, curation_status, created_at, updated_at)
SELECT s.place_id, s.name, s.curation, fencepost_now(), fencepost_now()
FROM unnest($1::text[], $2::text[], $3::text[]) AS s(place_id, name, curation)
ON CONFLICT (place_id) DO NOTHING RETURNING place_id

-- name: add_businesses
-- Batch of place id or NULL, name, website, phone, address, curation status. One without a place id is there
-- already where name and website are the same.
INSERT INTO fencepost_businesses (place_id, name, website, phone, address, curation_status, created_at,
  updated_at)
SELECT s.place_id, s.name, s.website, s.phone, s.address, s.curation, fencepost_now(), fencepost_now()
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
  AS s(place_id, name, website, phone, address, curation)
WHERE s.place_id IS NOT NULL OR NOT EXISTS (SELECT 1 FROM fencepost_businesses AS b
  WHERE b.place_id IS NULL AND b.name = s.name AND b.website = s.website)
ON CONFLICT (place_id) DO NOTHING RETURNING id

-- name: lock_import
SELECT pg_advisory_xact_lock(hashtext('fencepost curate import'))

-- name: add_sitemaps
-- Batch of url; $2 domain, $3 host, $4 the index that named it or NULL, $5 depth, $6 curation status
INSERT INTO fencepost_sitemaps (domain_id, host, url, parent_id, depth, curation_status, created_at,
  updated_at)
SELECT $2::bigint, $3::text, s.url, $4::bigint, $5::int, $6::text, fencepost_now(), fencepost_now()
FROM unnest($1::text[]) AS s(url)
ON CONFLICT (domain_id, url) DO NOTHING RETURNING id

-- name: add_pages
-- Batch of url, kind, score, curation status, processing status; $6 domain, $7 host
INSERT INTO fencepost_pages (domain_id, host, url, kind, score, curation_status, processing_status,
  created_at, updated_at)
SELECT $6::bigint, $7::text, s.url, s.kind, s.score, s.curation, s.processing, fencepost_now(),
  fencepost_now()
FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[])
  AS s(url, kind, score, curation, processing)
ON CONFLICT (domain_id, url) DO NOTHING RETURNING id
