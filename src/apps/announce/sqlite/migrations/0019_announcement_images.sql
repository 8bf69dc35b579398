-- Images of announcements: each belongs to one part, which is an item of its own (ADR 13). What can be posted
-- is the fence's matter, whoever writes it, so the part counts the changes of its images in a tracked column.
CREATE TABLE fencepost_announcement_images (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  announcement_id BIGINT NOT NULL REFERENCES fencepost_announcements (id) ON DELETE CASCADE,
  position BIGINT NOT NULL CHECK (position BETWEEN 1 AND 20),
  media_type TEXT NOT NULL CHECK (media_type IN ('image/jpeg', 'image/png', 'image/gif', 'image/webp')),
  width BIGINT NOT NULL CHECK (width > 0),
  height BIGINT NOT NULL CHECK (height > 0),
  size BIGINT NOT NULL CHECK (size BETWEEN 1 AND 16777216),
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
  alt TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER) * 1000000),
  -- Last, so that what stands before it is read without it.
  bytes BLOB NOT NULL CHECK (length(bytes) = size)
);
CREATE INDEX fencepost_announcement_images_of ON fencepost_announcement_images (announcement_id, position);

ALTER TABLE fencepost_announcements ADD COLUMN images BIGINT NOT NULL DEFAULT 0;

-- unfenced: only counted, for the fence to see; whatever the item's state, it becomes another one.
CREATE TRIGGER fencepost_announcement_images_added AFTER INSERT ON fencepost_announcement_images
BEGIN
  UPDATE fencepost_announcements SET images = images + 1 WHERE id = NEW.announcement_id;
END;
CREATE TRIGGER fencepost_announcement_images_changed AFTER UPDATE ON fencepost_announcement_images
BEGIN
  UPDATE fencepost_announcements SET images = images + 1
  WHERE id IN (OLD.announcement_id, NEW.announcement_id);
END;
CREATE TRIGGER fencepost_announcement_images_deleted AFTER DELETE ON fencepost_announcement_images
BEGIN
  UPDATE fencepost_announcements SET images = images + 1 WHERE id = OLD.announcement_id;
END;
