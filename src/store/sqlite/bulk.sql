-- name: items_page
-- ?1 a JSON array of words, ?2 of keys, ?3 a part of the error, ?4 and ?5 run_at from and before, ?6
-- overdue for that long, ?7 how many, ?8 behind this key.
SELECT t.{key}, t.{status}, t.{fence}, t.{claim_id}, t.{effect}, t.{lease_until}, t.{run_at}, t.{attempt},
  t.{stop_wanted}, {enabled_t}, {effect_key_t}, t.{last_error}, e.outcome, e.deadline
FROM {table} AS t LEFT JOIN fencepost_effects AS e ON e.claim = t.{effect}
WHERE (?1 IS NULL OR t.{status} IN (SELECT value FROM json_each(?1)))
  AND (?2 IS NULL OR t.{key} IN (SELECT {k_item} FROM (SELECT value AS item FROM json_each(?2)) AS s))
  AND (?3 IS NULL OR instr(t.{last_error}, ?3) > 0)
  AND (?4 IS NULL OR t.{run_at} >= ?4) AND (?5 IS NULL OR t.{run_at} < ?5)
  AND (?6 IS NULL OR t.{run_at} <= fencepost_now() - ?6)
  AND {after}
ORDER BY t.{key} LIMIT ?7
