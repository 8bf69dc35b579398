-- Which announcement it was that somebody has deleted, for those who may still hear that it is gone. NULL: of
-- before this column.
ALTER TABLE fencepost_announcements_deleted ADD COLUMN announcement_id BIGINT;
CREATE UNIQUE INDEX fencepost_announcements_deleted_id ON fencepost_announcements_deleted (announcement_id);
