-- name: reseal_authorisations
-- ?1 hash, ?2 sealed as it was read, ?3 sealed anew. A hash is of one authorisation; nothing changes it.
UPDATE fencepost_authorisations SET secret = ?3 WHERE state_hash = ?1 AND secret = ?2
