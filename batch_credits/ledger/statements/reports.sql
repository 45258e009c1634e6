-- name: report_rows
-- What became of every row of a batch from the one with this number on, of which nothing can have been undone.
SELECT row_number, cells, outcome, rejected, NULL, reference, amount_minor, amount_in_decimal, currency_code,
       credit_type, credit_id, error_code, error_param, error, http_status, attempts, closing_balance, finished_at
FROM row_outcome WHERE batch_id = :batch AND row_number >= :first ORDER BY row_number;

-- name: report_rows_reversed
-- The same, with what undid a row: the key of the batch that deducted (one that was borrowed for a look has more in
-- front) and the id of the deduction. `undone` are the batches whose credits may have been deducted.
SELECT o.row_number, o.cells, o.outcome, o.rejected,
       CASE WHEN o.held_by IN (SELECT value FROM json_each(:undone)) THEN (
           SELECT json_array(substr(b.key, -64), d.credit_id) FROM identity i
           CROSS JOIN credit_request d ON d.request_id = i.request_id CROSS JOIN batch b ON b.batch_id = d.batch_id
           WHERE i.site_id = o.site_id AND i.customer_id = o.customer_id AND i.reference = :prefix || o.reference
             AND d.kind = 'deduct' AND d.state = 'credited' AND o.kind = 'add' AND o.state = 'credited'
             AND d.credit_type = o.credit_type AND same_money(o.amount_minor, o.amount_in_decimal, o.currency_code,
                 d.amount_minor, d.amount_in_decimal, d.currency_code)) END,
       o.reference, o.amount_minor, o.amount_in_decimal, o.currency_code, o.credit_type, o.credit_id, o.error_code,
       o.error_param, o.error, o.http_status, o.attempts, o.closing_balance, o.finished_at
FROM row_outcome o WHERE o.batch_id = :batch AND o.row_number >= :first ORDER BY o.row_number;

-- name: report_rows_of
-- The same of the rows of some requests.
SELECT o.row_number, o.cells, o.outcome, o.rejected,
       CASE WHEN o.held_by IN (SELECT value FROM json_each(:undone)) THEN (
           SELECT json_array(substr(b.key, -64), d.credit_id) FROM identity i
           CROSS JOIN credit_request d ON d.request_id = i.request_id CROSS JOIN batch b ON b.batch_id = d.batch_id
           WHERE i.site_id = o.site_id AND i.customer_id = o.customer_id AND i.reference = :prefix || o.reference
             AND d.kind = 'deduct' AND d.state = 'credited' AND o.kind = 'add' AND o.state = 'credited'
             AND d.credit_type = o.credit_type AND same_money(o.amount_minor, o.amount_in_decimal, o.currency_code,
                 d.amount_minor, d.amount_in_decimal, d.currency_code)) END,
       o.reference, o.amount_minor, o.amount_in_decimal, o.currency_code, o.credit_type, o.credit_id, o.error_code,
       o.error_param, o.error, o.http_status, o.attempts, o.closing_balance, o.finished_at
FROM row_outcome o
WHERE o.batch_id = :batch AND o.request_id IN (SELECT value FROM json_each(:requests)) ORDER BY o.row_number;

-- name: row_number_at
-- The number of the row of a batch that so many others stand before.
SELECT row_number FROM row WHERE batch_id = :batch ORDER BY row_number LIMIT 1 OFFSET :before;

-- name: bodies_of_rows
-- What some rows of a batch ask for; rejected ones ask for nothing.
SELECT w.row_number, r.body FROM row w CROSS JOIN credit_request r ON r.request_id = w.request_id
WHERE w.batch_id = :batch AND w.row_number BETWEEN :first AND :last;

-- name: money_of_row
-- How much a row of a batch asks for; a rejected one asks for nothing.
SELECT r.amount_minor, r.amount_in_decimal, r.currency_code
FROM row w CROSS JOIN credit_request r ON r.request_id = w.request_id
WHERE w.batch_id = :batch AND w.row_number = :row;

-- name: rejected_rows
-- A batch's rejected rows, with their reasons.
SELECT row_number, cells, rejected FROM row WHERE batch_id = :batch AND rejected IS NOT NULL ORDER BY row_number;

-- name: problem_groups
-- A batch's rejected rows by field and code, most frequent first. `min` picks the row that the message is taken from.
SELECT p.value ->> 0, p.value ->> 1, count(*), min(w.row_number), p.value ->> 2
FROM row w, json_each(w.rejected, '$.problems') p WHERE w.batch_id = :batch AND w.rejected IS NOT NULL
GROUP BY 1, 2 ORDER BY 3 DESC, 4;
