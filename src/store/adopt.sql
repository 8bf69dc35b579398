-- Adoption of a table that somebody else has made: what is the same in both dialects.

-- name: descriptors
SELECT name, descriptor FROM fencepost_queues WHERE descriptor <> '' ORDER BY name

-- name: descriptor
SELECT descriptor FROM fencepost_queues WHERE name = $1

-- name: set_descriptor
UPDATE fencepost_queues SET descriptor = $2 WHERE name = $1

-- name: schema_is_there
-- Answers nothing: whether it runs is the answer.
SELECT q.descriptor FROM fencepost_queues AS q WHERE 1 = 0
