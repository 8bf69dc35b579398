-- name: items_page
-- $1 a JSON array of words, $2 of keys, $3 a part of the error, $4 and $5 run_at from and before, $6
-- overdue for that long, $7 how many, $8 behind this key. Without a lock: each is looked at again under
-- its own.
SELECT t.{key}::text, t.{status}::text, t.{fence}, t.{claim_id}, t.{effect}, t.{lease_until}, t.{run_at},
  t.{attempt}, t.{stop_wanted}, {enabled_t}, {effect_key_t}, t.{last_error}, e.outcome, e.deadline
FROM {table} AS t LEFT JOIN fencepost_effects AS e ON e.claim = t.{effect}
WHERE ($1::text IS NULL OR t.{status}::text IN (SELECT jsonb_array_elements_text($1::jsonb)))
  AND ($2::text IS NULL
    OR t.{key} IN (SELECT {k_item} FROM jsonb_array_elements_text($2::jsonb) AS s(item)))
  AND ($3::text IS NULL OR position($3 in t.{last_error}) > 0)
  AND ($4::bigint IS NULL OR t.{run_at} >= $4) AND ($5::bigint IS NULL OR t.{run_at} < $5)
  AND ($6::bigint IS NULL OR t.{run_at} <= (SELECT fencepost_now()) - $6)
  AND {after}
ORDER BY t.{key} LIMIT $7
