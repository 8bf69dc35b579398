-- name: reseal_sessions
-- ?1 upload, ?2 sealed as it was read, ?3 sealed anew. Not another session's, which has begun meanwhile.
UPDATE fencepost_upload_sessions SET session = ?3 WHERE upload_id = ?1
  AND session = ?2                                               --! reseal_same_session
