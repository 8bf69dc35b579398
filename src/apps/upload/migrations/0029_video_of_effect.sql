-- An effect keeps its video, whatever a foreign program has written as the word: what has begun, and is not
-- known to have failed, makes a video of its own. (0021's index went by the word alone.)
--
-- Where such a video was scheduled once more, and that has not left, it does not. Where it has left too, the
-- index says which rows they are.
UPDATE fencepost_uploads SET status = 'cancelled'
WHERE status NOT IN ('failed', 'cancelled') AND effect IS NULL
  AND EXISTS (SELECT 1 FROM fencepost_uploads AS o
    WHERE o.channel_id = fencepost_uploads.channel_id AND o.video_id = fencepost_uploads.video_id
      AND o.status IN ('failed', 'cancelled') AND o.effect IS NOT NULL);
DROP INDEX fencepost_uploads_video;
CREATE UNIQUE INDEX fencepost_uploads_video ON fencepost_uploads (channel_id, video_id)
  WHERE status NOT IN ('failed', 'cancelled') OR effect IS NOT NULL;
