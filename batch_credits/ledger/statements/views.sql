-- Views that every connection makes for itself, so that one fact has one place. SQLite takes them apart: to ask one is to
-- ask its tables.

-- name: row_outcome
-- Every row with its outcome and its request. A request is this batch's own credit if the batch answered for it when it
-- was settled: `held_by` is the batch that does.
CREATE TEMP VIEW IF NOT EXISTS row_outcome AS
SELECT w.batch_id, w.row_number, w.cells, w.rejected, w.request_id,
       CASE
           WHEN w.request_id IS NULL THEN 'rejected'
           WHEN r.state = 'credited' AND r.batch_id <> w.batch_id THEN 'already_credited'
           WHEN r.state = 'credited' AND r.attempts = 0 THEN 'already_credited'
           WHEN r.state = 'in_flight' THEN 'in_doubt'
           ELSE r.state END AS outcome,
       r.batch_id AS held_by, r.site_id, r.kind, r.state, r.customer_id, r.reference, r.amount_minor,
       r.amount_in_decimal, r.currency_code, r.credit_type, r.attempts, r.credit_id, r.closing_balance, r.http_status,
       r.error_code, r.error_param, r.error, r.finished_at
FROM row w LEFT JOIN credit_request r ON r.request_id = w.request_id;
