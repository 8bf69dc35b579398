-- The session's last piece may have left: written by the gate's transaction. From then on a video may come of
-- it, also when YouTube has lost the session, and no other session begins by itself.
ALTER TABLE fencepost_upload_sessions ADD COLUMN last_piece BOOLEAN NOT NULL DEFAULT FALSE
  CHECK (last_piece IN (0, 1));
UPDATE fencepost_upload_sessions SET last_piece = TRUE
WHERE EXISTS (SELECT 1 FROM fencepost_effects AS e
  WHERE e.queue = 'uploads' AND e.item = CAST(fencepost_upload_sessions.upload_id AS TEXT));
