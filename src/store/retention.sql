-- Retention (retention.hpp): windows over ids, so that each step costs the same however large the tables
-- are.

-- name: effects_window
-- $1 after this id, $2 how many, $3 kept since, in µs before now: whether a row is old enough.
SELECT id, begun < fencepost_now() - CAST($3 AS BIGINT) FROM fencepost_effects
WHERE id > $1 ORDER BY id LIMIT $2

-- name: events_window
SELECT id, at < fencepost_now() - CAST($3 AS BIGINT) FROM fencepost_events
WHERE id > $1 ORDER BY id LIMIT $2

-- name: prune_effects
-- $1 after this id, $2 up to it, $3 µs: with a known outcome, and old; held by no item; of no item with an
-- open effect. A known outcome never changes and is never held again, so an unlocked look at the item is
-- enough.
DELETE FROM fencepost_effects WHERE id IN (
  SELECT e.id FROM fencepost_effects AS e LEFT JOIN {table} AS t ON t.{key} = {k_effect}
  WHERE e.queue = {queue} AND e.id > $1 AND e.id <= $2
    AND e.outcome IN ('done', 'failed') AND e.outcome_at < fencepost_now() - CAST($3 AS BIGINT)
    AND (t.{effect} IS NULL OR t.{effect} <> e.claim)            --! retention_held
    AND NOT EXISTS (SELECT 1 FROM fencepost_effects AS o WHERE o.queue = e.queue AND o.item = e.item
      AND (o.outcome IS NULL OR o.outcome = 'unknown')))

-- name: prune_events
-- $1 after this id, $2 up to it. Of items without effects, whose events before this window are gone: what is
-- left of an item's history has no gap, as `verify` needs it.
DELETE FROM fencepost_events WHERE id IN (
  SELECT v.id FROM fencepost_events AS v
  WHERE v.id > $1 AND v.id <= $2
    AND NOT EXISTS (SELECT 1 FROM fencepost_effects AS e  --! retention_effects => AND NOT EXISTS (SELECT 1
      WHERE e.queue = v.queue AND e.item = v.item)        --! retention_effects => WHERE FALSE)
    AND NOT EXISTS (SELECT 1 FROM fencepost_events AS o
      WHERE o.queue = v.queue AND o.item = v.item AND o.id <= $1))

-- name: finished_due
-- $1 µs, $2 how many
SELECT item FROM fencepost_finished
WHERE queue = {queue} AND at <= (SELECT fencepost_now()) - CAST($1 AS BIGINT) ORDER BY at LIMIT $2
