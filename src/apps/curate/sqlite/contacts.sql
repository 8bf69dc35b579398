-- Contacts, as pages name them.

-- name: upsert_contacts
INSERT INTO fencepost_contacts AS c (domain_id, host, email, phone, socials, page_url, best, created_at,
  updated_at)
VALUES (?4, ?5, ?1, ?2, ?6, ?7, ?3 <> 0, fencepost_now(), fencepost_now())
ON CONFLICT (domain_id, email) DO UPDATE SET phone = excluded.phone, socials = excluded.socials,
  page_url = excluded.page_url, best = excluded.best, updated_at = fencepost_now()
WHERE excluded.page_url <= c.page_url                            --! contact_lowest
RETURNING id
