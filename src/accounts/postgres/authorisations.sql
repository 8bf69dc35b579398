-- name: reseal_authorisations
-- $1 hashes, $2 sealed as it was read, $3 sealed anew. A hash is of one authorisation; nothing changes it.
UPDATE fencepost_authorisations AS a SET secret = s.anew
FROM unnest($1::text[], $2::text[], $3::text[]) AS s(state_hash, was, anew)
WHERE a.state_hash = s.state_hash AND a.secret = s.was
