-- Records: what people see of them, and what the pipelines read. {names} are those of a record's queue
-- (Fence::over). The protocol's columns are the store's to write.

-- name: list_places
-- $1 before this id, $2 how many, $3 curation status or NULL, $4 processing status or NULL, $5 a part of its
-- name in lower case or NULL
SELECT t.id, t.curation_status, t.processing_status, t.last_error, t.note, t.evidence, t.attempt, t.run_at,
  t.version, t.created_at, t.updated_at, t.place_id, t.name, t.calls
FROM fencepost_places AS t
WHERE t.id < $1 AND (CAST($3 AS TEXT) IS NULL OR t.curation_status = $3)
  AND (CAST($4 AS TEXT) IS NULL OR t.processing_status = $4)
  AND (CAST($5 AS TEXT) IS NULL OR lower(t.name) LIKE $5 ESCAPE '\' OR lower(t.place_id) LIKE $5 ESCAPE '\')
ORDER BY t.id DESC LIMIT $2

-- name: list_businesses
SELECT t.id, t.curation_status, t.processing_status, t.last_error, t.note, t.evidence, t.attempt, t.run_at,
  t.version, t.created_at, t.updated_at, t.place_id, t.name, t.website, t.phone, t.address, t.domain_id
FROM fencepost_businesses AS t
WHERE t.id < $1 AND (CAST($3 AS TEXT) IS NULL OR t.curation_status = $3)
  AND (CAST($4 AS TEXT) IS NULL OR t.processing_status = $4)
  AND (CAST($5 AS TEXT) IS NULL OR lower(t.name) LIKE $5 ESCAPE '\' OR lower(t.website) LIKE $5 ESCAPE '\')
ORDER BY t.id DESC LIMIT $2

-- name: list_domains
SELECT t.id, t.curation_status, t.processing_status, t.last_error, t.note, t.evidence, t.attempt, t.run_at,
  t.version, t.created_at, t.updated_at, t.host, t.title, t.description, t.language, d.processing_status,
  d.last_error, d.evidence
FROM fencepost_domains AS t LEFT JOIN fencepost_discoveries AS d ON d.domain_id = t.id
WHERE t.id < $1 AND (CAST($3 AS TEXT) IS NULL OR t.curation_status = $3)
  AND (CAST($4 AS TEXT) IS NULL OR t.processing_status = $4)
  AND (CAST($5 AS TEXT) IS NULL OR t.host LIKE $5 ESCAPE '\' OR lower(t.title) LIKE $5 ESCAPE '\')
ORDER BY t.id DESC LIMIT $2

-- name: list_sitemaps
SELECT t.id, t.curation_status, t.processing_status, t.last_error, t.note, t.evidence, t.attempt, t.run_at,
  t.version, t.created_at, t.updated_at, t.domain_id, t.host, t.url, t.parent_id, t.depth, t.urls
FROM fencepost_sitemaps AS t
WHERE t.id < $1 AND (CAST($3 AS TEXT) IS NULL OR t.curation_status = $3)
  AND (CAST($4 AS TEXT) IS NULL OR t.processing_status = $4)
  AND (CAST($5 AS TEXT) IS NULL OR lower(t.url) LIKE $5 ESCAPE '\')
ORDER BY t.id DESC LIMIT $2

-- name: list_pages
SELECT t.id, t.curation_status, t.processing_status, t.last_error, t.note, t.evidence, t.attempt, t.run_at,
  t.version, t.created_at, t.updated_at, t.domain_id, t.host, t.url, t.kind, t.score, t.contact
FROM fencepost_pages AS t
WHERE t.id < $1 AND (CAST($3 AS TEXT) IS NULL OR t.curation_status = $3)
  AND (CAST($4 AS TEXT) IS NULL OR t.processing_status = $4)
  AND (CAST($5 AS TEXT) IS NULL OR lower(t.url) LIKE $5 ESCAPE '\')
ORDER BY t.id DESC LIMIT $2

-- name: list_contacts
-- $1 before this id, $2 how many, $3 a part of address or host in lower case or NULL
SELECT id, domain_id, host, email, phone, socials, page_url, best, created_at, updated_at
FROM fencepost_contacts
WHERE id < $1 AND (CAST($3 AS TEXT) IS NULL OR email LIKE $3 ESCAPE '\' OR host LIKE $3 ESCAPE '\')
ORDER BY id DESC LIMIT $2

-- name: lock_claim
-- $1 item, $2 claim, $3 fence: whether the claim still counts, and nobody ends it before this transaction
-- does: the write changes nothing, but takes the row.
UPDATE {table} SET note = note
WHERE {key} = {k1} AND {claim_id} = $2 AND {fence} = $3 AND {status} = {w_claimed}   --! results_claim
RETURNING again

-- name: set_outcome
-- $1 item, $2 evidence, $3 note. In the transaction that settles, after the item was written.
-- unfenced: under the settlement's lock
UPDATE {table} SET evidence = $2, note = $3, updated_at = fencepost_now() WHERE {key} = {k1}

-- name: set_note
-- $1 item, $2 what it waits for
-- unfenced: under the settlement's lock
UPDATE {table} SET note = $2, updated_at = fencepost_now() WHERE {key} = {k1}

-- name: take_back
-- $1 item. In the transaction that settled it: somebody had said no before it began.
UPDATE {table} SET {status} = '', note = '', updated_at = fencepost_now()
WHERE {key} = {k1} AND {status} = {w_done}

-- name: place
-- $1 id
SELECT place_id, curation_status, answer, answer_of, answer_open FROM fencepost_places WHERE id = $1

-- name: count_call
-- $1 id, $2 claim, $3 fence, $4 the place id that is asked for. The number of the call names its take.
UPDATE fencepost_places SET calls = calls + 1
WHERE id = $1 AND place_id = $4 AND processing_status = 'Processing'
  AND claim_id = $2 AND fence = $3  --! call_claim => AND CAST($2 AS BIGINT) + CAST($3 AS BIGINT) > 0
RETURNING calls

-- name: keep_answer
-- $1 id, $2 answer, $3 what was asked for.
-- unfenced: what was paid for is kept, whatever has become of the claim
UPDATE fencepost_places SET answer = $2, answer_of = $3, answer_open = TRUE WHERE id = $1

-- name: close_answer
-- $1 id, $2 the place's name. In the transaction that settles, after the item was written.
UPDATE fencepost_places SET answer_open = FALSE, name = CASE WHEN $2 = '' THEN name ELSE $2 END
WHERE id = $1 AND processing_status IN ('Completed', 'Error')

-- name: upsert_business
-- $1 place id, $2 name, $3 website, $4 phone, $5 address. What people have decided about it stays.
INSERT INTO fencepost_businesses AS b (place_id, name, website, phone, address, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, fencepost_now(), fencepost_now())
ON CONFLICT (place_id) DO UPDATE SET name = excluded.name, website = excluded.website,
  phone = excluded.phone, address = excluded.address, updated_at = fencepost_now()
WHERE b.fence >= 0 RETURNING id

-- name: business
SELECT website, curation_status, domain_id FROM fencepost_businesses WHERE id = $1

-- name: add_domain
-- $1 host
INSERT INTO fencepost_domains (host, created_at, updated_at) VALUES ($1, fencepost_now(), fencepost_now())
ON CONFLICT (host) DO NOTHING

-- name: set_business_domain
-- $1 id, $2 host. In the transaction that settles, after the item was written.
UPDATE fencepost_businesses SET domain_id = (SELECT d.id FROM fencepost_domains AS d WHERE d.host = $2)
WHERE id = $1 AND processing_status = 'Completed'

-- name: domain
SELECT host, curation_status FROM fencepost_domains WHERE id = $1

-- name: set_domain_facts
-- $1 id, $2 title, $3 description, $4 language. In the transaction that settles, after the item was written.
UPDATE fencepost_domains SET title = $2, description = $3, language = $4
WHERE id = $1 AND processing_status = 'Completed'

-- name: sitemap
SELECT domain_id, host, url, depth, curation_status FROM fencepost_sitemaps WHERE id = $1

-- name: set_sitemap_urls
-- $1 id, $2 how many. In the transaction that settles, after the item was written.
UPDATE fencepost_sitemaps SET urls = $2 WHERE id = $1 AND processing_status = 'Completed'

-- name: page
SELECT domain_id, host, url, curation_status FROM fencepost_pages WHERE id = $1

-- name: set_page_contact
-- $1 id, $2 ContactFound or NoContactFound. In the transaction that settles, after the item was written.
UPDATE fencepost_pages SET contact = $2 WHERE id = $1 AND processing_status = 'Completed'
