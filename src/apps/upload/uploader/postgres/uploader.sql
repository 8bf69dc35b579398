-- name: reseal_sessions
-- $1 uploads, $2 sealed as it was read, $3 sealed anew. Not another session's, which has begun meanwhile.
UPDATE fencepost_upload_sessions AS u SET session = s.anew
FROM unnest($1::bigint[], $2::text[], $3::text[]) AS s(upload_id, was, anew)
WHERE u.upload_id = s.upload_id
  AND u.session = s.was                                          --! reseal_same_session
