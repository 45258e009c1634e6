-- The texts of PostgreSQL's where its words differ: see the file of the same name one folder above.

-- name: report_rows_reversed
-- What became of every row of a batch from the one with this number on, with what undid it.
SELECT o.row_number, o.cells, o.outcome, o.rejected,
       CASE WHEN o.held_by IN (SELECT CAST(json_array_elements_text(CAST(:undone AS json)) AS bigint)) THEN (
           SELECT CAST(json_build_array(substr(b.key, -64), d.credit_id) AS text) FROM identity i
           JOIN credit_request d ON d.request_id = i.request_id JOIN batch b ON b.batch_id = d.batch_id
           WHERE i.site_id = o.site_id AND i.customer_id = o.customer_id AND i.reference = lower(:prefix || o.reference)
             AND d.kind = 'deduct' AND d.state = 'credited' AND o.kind = 'add' AND o.state = 'credited'
             AND d.credit_type = o.credit_type AND same_money(o.amount_minor, o.amount_in_decimal, o.currency_code,
                 d.amount_minor, d.amount_in_decimal, d.currency_code)) END,
       o.reference, o.amount_minor, o.amount_in_decimal, o.currency_code, o.credit_type, o.credit_id, o.error_code,
       o.error_param, o.error, o.http_status, o.attempts, o.closing_balance, o.finished_at
FROM row_outcome o WHERE o.batch_id = :batch AND o.row_number >= :first ORDER BY o.row_number;

-- name: report_rows_of
-- The same of the rows of some requests.
SELECT o.row_number, o.cells, o.outcome, o.rejected,
       CASE WHEN o.held_by IN (SELECT CAST(json_array_elements_text(CAST(:undone AS json)) AS bigint)) THEN (
           SELECT CAST(json_build_array(substr(b.key, -64), d.credit_id) AS text) FROM identity i
           JOIN credit_request d ON d.request_id = i.request_id JOIN batch b ON b.batch_id = d.batch_id
           WHERE i.site_id = o.site_id AND i.customer_id = o.customer_id AND i.reference = lower(:prefix || o.reference)
             AND d.kind = 'deduct' AND d.state = 'credited' AND o.kind = 'add' AND o.state = 'credited'
             AND d.credit_type = o.credit_type AND same_money(o.amount_minor, o.amount_in_decimal, o.currency_code,
                 d.amount_minor, d.amount_in_decimal, d.currency_code)) END,
       o.reference, o.amount_minor, o.amount_in_decimal, o.currency_code, o.credit_type, o.credit_id, o.error_code,
       o.error_param, o.error, o.http_status, o.attempts, o.closing_balance, o.finished_at
FROM row_outcome o
WHERE o.batch_id = :batch AND o.request_id IN (SELECT CAST(json_array_elements_text(CAST(:requests AS json)) AS bigint))
ORDER BY o.row_number;

-- name: problem_groups
-- A batch's rejected rows by field and code, most frequent first, with the message of the first.
SELECT p.value ->> 0, p.value ->> 1, count(*), min(w.row_number),
       (array_agg(p.value ->> 2 ORDER BY w.row_number))[1]
FROM row w, json_array_elements(CAST(w.rejected AS json) -> 'problems') p (value)
WHERE w.batch_id = :batch AND w.rejected IS NOT NULL
GROUP BY 1, 2 ORDER BY 3 DESC, 4, 1, 2;
