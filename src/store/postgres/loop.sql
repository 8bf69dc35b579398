-- name: loop_row
-- $1 item, $2 claim, $3 fence, $4 a JSON array of columns that are nobody's business. The row as it was
-- claimed, in objects that are one when they are put together; none where somebody has changed it since.
SELECT jsonb_build_array(to_jsonb(t) - ARRAY(SELECT jsonb_array_elements_text($4::jsonb)))::text
FROM {table} AS t WHERE t.{key} = {k1} AND t.{claim_id} = $2 AND t.{fence} = $3
