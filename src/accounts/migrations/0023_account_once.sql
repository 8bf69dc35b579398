-- An account of a platform is connected once: two connections would post everything twice there. NULL: the
-- platform names no account, it is disconnected, or it was connected twice before this was refused.
ALTER TABLE fencepost_connections ADD COLUMN account_key TEXT;
UPDATE fencepost_connections SET account_key = platform || ' ' || target || ' ' || account_id
WHERE id IN (
  SELECT min(id) FROM fencepost_connections WHERE account_id <> '' AND disconnected_at IS NULL
  GROUP BY platform, target, account_id);
CREATE UNIQUE INDEX fencepost_connections_account ON fencepost_connections (account_key)
WHERE account_key IS NOT NULL;
