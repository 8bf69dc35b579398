-- What happened, for apps/notify to tell.

-- name: add_notice
-- $1 kind, $2 queue, $3 item, $4 person or NULL, $5 connection or NULL, $6 detail
INSERT INTO fencepost_notices (at, kind, queue, item, person_id, connection_id, detail)
VALUES (fencepost_now(), $1, $2, $3, $4, $5, $6)
