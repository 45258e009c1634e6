-- name: standings
-- Every row of a batch, and where it stands if the batch is to be reversed. As the reports have it, a credit is this
-- batch's own if the batch answered for it when it was settled. Of such a one also its call.
SELECT w.row_number,
       CASE
           WHEN w.request_id IS NULL OR r.state = 'failed' THEN 'never'
           WHEN r.state IS NOT 'credited' THEN 'unsettled'
           WHEN r.batch_id <> w.batch_id THEN 'elsewhere'
           WHEN r.attempts = 0 THEN 'before'
           ELSE 'credited' END,
       CASE WHEN r.state = 'credited' AND r.batch_id = w.batch_id THEN r.call END
FROM row w LEFT JOIN credit_request r USING (request_id) WHERE w.batch_id = :batch ORDER BY w.row_number;

-- name: rows_by_number
-- Some rows of a batch with their cells, and the credit that each has, whichever batch holds it.
SELECT w.row_number, CASE WHEN r.batch_id <> w.batch_id THEN 'elsewhere' WHEN r.attempts = 0 THEN 'before'
       ELSE 'credited' END, w.cells, r.customer_id, r.reference, r.amount_minor, r.amount_in_decimal, r.currency_code,
       r.credit_type, r.body, r.credit_id
FROM json_each(:rows) n CROSS JOIN row w ON w.batch_id = :batch AND w.row_number = n.value
LEFT JOIN credit_request r ON r.request_id = w.request_id AND r.state = 'credited';

-- name: held_credits
-- The credits that a batch holds, by row number. CROSS JOIN keeps the order, or SQLite would walk all requests of the
-- batch and sort them for each page.
SELECT w.row_number, CASE WHEN r.attempts = 0 THEN 'before' ELSE 'credited' END, w.cells, r.customer_id, r.reference,
       r.amount_minor, r.amount_in_decimal, r.currency_code, r.credit_type, r.body, r.credit_id
FROM row w CROSS JOIN credit_request r ON r.request_id = w.request_id
WHERE w.batch_id = :batch AND w.row_number > :after AND r.batch_id = :batch AND r.state = 'credited'
ORDER BY w.row_number LIMIT :limit;

-- name: held_entities
-- For which business entities a batch's credits were sent.
SELECT DISTINCT call ->> '$."chargebee-business-entity-id"' FROM credit_request
WHERE batch_id = :batch AND state = 'credited' AND attempts > 0 ORDER BY 1;
