-- What `fencepost verify` looks for: each statement is one moment of the database, and answers (item, what)
-- for every violation. Over one queue: its own table as {table}, its effects and its events. An effect's
-- place in its item's history is its `begun` event: ids of one item's events grow with its commits, because
-- each is written under the item's lock; times may go back with the clock.

-- name: verify_open_effects
-- F1. More than one open effect of an item.
SELECT s.item, count(*) || ' effects are open at once' FROM fencepost_effects AS s
WHERE s.queue = {queue} AND (s.outcome IS NULL OR s.outcome = 'unknown')
GROUP BY s.item HAVING count(*) > 1

-- name: verify_effect_rows
-- F1. An open effect that its item does not hold: another one could begin.
SELECT s.item, CASE
    WHEN t.{key} IS NULL THEN 'the effect of claim ' || s.claim || ' is open, and its item is gone'
    WHEN t.{effect} IS NULL THEN 'the effect of claim ' || s.claim || ' is open, and its item holds none'
    ELSE 'the effect of claim ' || s.claim || ' is open, and its item holds that of claim ' || t.{effect} END
FROM fencepost_effects AS s LEFT JOIN {table} AS t ON t.{key} = {k_item}
WHERE s.queue = {queue} AND (s.outcome IS NULL OR s.outcome = 'unknown')
  AND (t.{key} IS NULL OR t.{effect} IS NULL OR t.{effect} <> s.claim)

-- name: verify_held_effects
-- F1. What an item holds must be an effect of its own, begun and not known to have failed; and only its gate
-- gives it the word for sending.
SELECT CAST(t.{key} AS TEXT), CASE
    WHEN t.{effect} IS NULL THEN 'it has the word for sending and holds no effect'
    WHEN e.claim IS NULL THEN 'it holds the effect of claim ' || t.{effect} || ', which never began'
    WHEN e.outcome = 'failed' THEN 'it holds the effect of claim ' || t.{effect} || ', which failed'
    ELSE 'it holds the effect of claim ' || t.{effect} || ', which belongs to ' || e.queue || ' ' ||
      e.item END
FROM {table} AS t LEFT JOIN fencepost_effects AS e ON e.claim = t.{effect}
WHERE (t.{effect} IS NULL AND t.{status} = {w_sending})
  OR (t.{effect} IS NOT NULL AND (e.claim IS NULL OR e.outcome = 'failed' OR e.queue <> {queue}
    OR e.item <> CAST(t.{key} AS TEXT)))

-- name: verify_unrecorded_effects
-- F1. An effect without the event of its beginning did not come through the gate. Events older than the
-- oldest that is left have been pruned.
SELECT s.item, 'the effect of claim ' || s.claim || ' has no event of its beginning'
FROM fencepost_effects AS s
WHERE s.queue = {queue} AND s.begun >= (SELECT min(o.at) FROM fencepost_events AS o WHERE o.queue = {queue})
  AND NOT EXISTS (SELECT 1 FROM fencepost_events AS v WHERE v.queue = {queue} AND v.item = s.item
    AND v.claim = s.claim AND v.kind IN ('begun', 'restored'))

-- name: verify_stops
-- F2. An effect that began after the item had been stopped, and before a recorded act re-armed it; a foreign
-- program's UPDATE is none. Events of the trigger have the table's own words, those of the protocol the
-- canonical ones. What is deleted and made again under the same key is another item.
WITH marks AS (
  SELECT v.id, v.item, CASE
      WHEN v.kind = 'begun' THEN 'begun'
      WHEN v.kind = 'changed' AND v.to_state = {w_stopped} THEN 'stop'
      WHEN v.kind <> 'changed' AND v.to_state = 'stopped' THEN 'stop'
      WHEN v.kind IN ('rearmed', 'run_now', 'deleted') THEN 'arm' END AS mark
  FROM fencepost_events AS v WHERE v.queue = {queue}
), ordered AS (
  SELECT m.id, m.item, m.mark, lag(m.mark) OVER w AS before, lag(m.id) OVER w AS before_id
  FROM marks AS m WHERE m.mark IS NOT NULL WINDOW w AS (PARTITION BY m.item ORDER BY m.id)
)
SELECT o.item, 'an effect began (event ' || o.id || ') after the item was stopped (event ' || o.before_id ||
  '), and nothing had re-armed it'
FROM ordered AS o WHERE o.mark = 'begun' AND o.before = 'stop'

-- name: verify_second_effects
-- F3. An effect with a later one of the same item, while it had not certainly failed. `done` never has a
-- later one; an outcome that came after the later began came too late, by the clock and by the events' order
-- alike.
WITH pairs AS (
  SELECT s.item, s.claim, s.outcome, s.outcome_at, lead(s.claim) OVER w AS later,
    lead(s.begun) OVER w AS later_begun
  FROM fencepost_effects AS s WHERE s.queue = {queue} WINDOW w AS (PARTITION BY s.item ORDER BY s.id)
)
SELECT p.item,
  'a second effect (claim ' || p.later || ') began after that of claim ' || p.claim || ', which ' || CASE
    WHEN p.outcome IS NULL THEN 'is open' WHEN p.outcome = 'failed' THEN 'was not yet known to have failed'
    ELSE 'is ' || p.outcome END
FROM pairs AS p
WHERE p.later IS NOT NULL
  AND (p.outcome IS NULL OR p.outcome <> 'failed'
    OR (p.outcome_at > p.later_begun AND NOT EXISTS (
      SELECT 1 FROM fencepost_events AS c JOIN fencepost_events AS b
        ON b.queue = c.queue AND b.item = c.item AND b.claim = p.later AND b.kind IN ('begun', 'restored')
      WHERE c.queue = {queue} AND c.item = p.item AND c.claim = p.claim AND c.id < b.id
        AND c.kind IN ('settled', 'resolved', 'reconciled') AND c.to_state <> 'unknown')))
  AND NOT EXISTS (
    SELECT 1 FROM fencepost_events AS d JOIN fencepost_events AS b
      ON b.queue = d.queue AND b.item = d.item AND b.claim = p.later AND b.kind IN ('begun', 'restored')
    WHERE d.queue = {queue} AND d.item = p.item AND d.kind = 'deleted' AND d.id < b.id
      AND d.id > (SELECT max(a.id) FROM fencepost_events AS a
                  WHERE a.queue = {queue} AND a.item = p.item AND a.claim = p.claim
                    AND a.kind IN ('begun', 'restored')))

-- name: verify_leases
-- F5. Claimed or sending without a lease: nobody will ever rescue it.
SELECT CAST(t.{key} AS TEXT), 'it is ' || CAST(t.{status} AS TEXT) || ' and has no lease'
FROM {table} AS t WHERE t.{status} IN ({w_claimed}, {w_sending}) AND t.{lease_until} IS NULL

-- name: verify_stuck
-- F5, `once`. Items that no rule leads out of where they are.
SELECT CAST(t.{key} AS TEXT), CASE
    WHEN t.{status} = {w_unknown} AND t.{effect} IS NULL THEN 'its outcome is unknown, of no effect'
    WHEN t.{status} = {w_unknown} THEN 'its outcome is unknown, and its effect is ' || e.outcome
    WHEN t.{effect} IS NULL THEN 'it is queued and a stop is wanted: it can never pass the gate'
    ELSE 'its effect is open, its word is ' || CAST(t.{status} AS TEXT) || ', and it has no lease' END
FROM {table} AS t LEFT JOIN fencepost_effects AS e ON e.claim = t.{effect}
WHERE (t.{status} = {w_unknown} AND (t.{effect} IS NULL OR e.outcome IN ('done', 'failed')))
  OR (t.{status} = {w_queued} AND t.{effect} IS NULL AND t.{stop_wanted})
  OR (t.{status} NOT IN ({w_unknown}, {w_claimed}, {w_sending}) AND t.{effect} IS NOT NULL
    AND t.{lease_until} IS NULL AND (e.outcome IS NULL OR e.outcome = 'unknown') AND e.claim IS NOT NULL)

-- name: verify_over_quota
-- F4. The CHECK refuses it; this is for a database whose CHECK was taken away.
SELECT b.scope, b.name, b.time_window, b.used, b.quota FROM fencepost_buckets AS b
WHERE b.used < 0 OR b.used > b.quota + b.overhang

-- name: verify_seats
-- F4. As many seats as the slot's bucket has given, each with its row in the ledger. ($1: the scope of
-- slots.)
SELECT s.queue, s.item,
  'seat ' || s.seat || ' of ' || s.channel || ' at ' || s.slot_at || ' is not in the ledger'
FROM fencepost_slots AS s
WHERE NOT EXISTS (SELECT 1 FROM fencepost_ledger AS l
  WHERE l.queue = s.queue AND l.item = s.item AND l.scope = $1 AND l.name = s.channel)
UNION ALL
SELECT l.queue, l.item,
  'the ledger has a seat of ' || l.name || ' at ' || l.time_window || ', and the slot has none'
FROM fencepost_ledger AS l
WHERE l.scope = $1 AND NOT EXISTS (SELECT 1 FROM fencepost_slots AS s
  WHERE s.queue = l.queue AND s.item = l.item AND s.channel = l.name)
