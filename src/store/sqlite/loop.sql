-- name: loop_row
-- ?1 item, ?2 claim, ?3 fence. [row]: an object for every 40 columns, because a function takes 127 arguments.
SELECT json_array([row]) FROM {table} AS t WHERE t.{key} = {k1} AND t.{claim_id} = ?2 AND t.{fence} = ?3
