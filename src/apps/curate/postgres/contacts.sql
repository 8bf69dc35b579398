-- Contacts, as pages name them.

-- name: upsert_contacts
-- Batch of address, phone, best; $4 domain, $5 host, $6 socials, $7 page. The page of the lowest URL speaks.
INSERT INTO fencepost_contacts AS c (domain_id, host, email, phone, socials, page_url, best, created_at,
  updated_at)
SELECT $4::bigint, $5::text, s.email, s.phone, $6::text, $7::text, s.best <> 0, fencepost_now(),
  fencepost_now()
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS s(email, phone, best)
ON CONFLICT (domain_id, email) DO UPDATE SET phone = excluded.phone, socials = excluded.socials,
  page_url = excluded.page_url, best = excluded.best, updated_at = fencepost_now()
WHERE excluded.page_url COLLATE "C" <= c.page_url COLLATE "C"    --! contact_lowest
RETURNING id
