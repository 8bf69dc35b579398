-- Threads: an announcement may go out as several posts, each an answer to the one before. Every part is an
-- item of its own; part 1 is the announcement itself, and what is said of that (episode, host, approval,
-- deadline) holds for all of them.

ALTER TABLE fencepost_announcements
  ADD COLUMN thread_id BIGINT REFERENCES fencepost_announcements (id) ON DELETE CASCADE,
  ADD COLUMN part BIGINT NOT NULL DEFAULT 1
    CHECK (part BETWEEN 1 AND 25 AND (part = 1) = (thread_id IS NULL));
CREATE UNIQUE INDEX fencepost_announcements_thread ON fencepost_announcements (thread_id, part)
  WHERE thread_id IS NOT NULL;
