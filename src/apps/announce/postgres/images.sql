-- name: images_of
-- Batch of announcement; in no order.
SELECT i.announcement_id, i.id, i.position, i.media_type, i.width, i.height, i.size, i.sha256, i.alt
FROM unnest($1::bigint[]) AS s(id) JOIN fencepost_announcement_images AS i ON i.announcement_id = s.id
