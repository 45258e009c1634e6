-- The texts of PostgreSQL's where its words differ: see the file of the same name one folder above.

-- name: standings
-- Every row of a batch, and where it stands if the batch is to be reversed.
SELECT w.row_number,
       CASE
           WHEN w.request_id IS NULL OR s.state = 'failed' THEN 'never'
           WHEN s.state IS DISTINCT FROM 'credited' THEN 'unsettled'
           WHEN s.batch_id <> w.batch_id THEN 'elsewhere'
           WHEN s.attempts = 0 THEN 'before'
           ELSE 'credited' END,
       CASE WHEN s.state = 'credited' AND s.batch_id = w.batch_id THEN s.call END
FROM row w LEFT JOIN standing s USING (request_id) WHERE w.batch_id = :batch ORDER BY w.row_number;

-- name: rows_by_number
-- Some rows of a batch with their cells, and the credit that each has, whichever batch holds it.
SELECT w.row_number, CASE WHEN r.batch_id <> w.batch_id THEN 'elsewhere' WHEN r.attempts = 0 THEN 'before'
       ELSE 'credited' END, w.cells, r.customer_id, r.reference, r.amount_minor, r.amount_in_decimal, r.currency_code,
       r.credit_type, r.body, r.credit_id
FROM json_array_elements_text(CAST(:rows AS json)) n JOIN row w ON w.batch_id = :batch AND w.row_number = CAST(n AS bigint)
LEFT JOIN credit_request r ON r.request_id = w.request_id AND r.state = 'credited';

-- name: held_entities
-- For which business entities a batch's credits were sent.
SELECT CAST(call AS json) ->> 'chargebee-business-entity-id' FROM (
    SELECT DISTINCT call FROM standing WHERE batch_id = :batch AND state = 'credited' AND attempts > 0) sent
GROUP BY 1 ORDER BY 1 NULLS FIRST;
