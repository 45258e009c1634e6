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

-- name: request_shard
-- Which of its site's 64 shards the customer of a request is in: by the last six letters of the id, weighted by powers of
-- 37, so that ids that count up, by whatever step, are spread evenly. A generated column would say the same, but SQLite
-- computes it at each change of a row, also where nobody reads it: commits took half as long again.
CREATE TEMP VIEW IF NOT EXISTS request_shard AS
SELECT request_id, coalesce(
    unicode(substr(customer_id, -1)) + 37 * unicode(substr(customer_id, -2)) + 25 * unicode(substr(customer_id, -3))
    + 29 * unicode(substr(customer_id, -4)) + 49 * unicode(substr(customer_id, -5))
    + 21 * unicode(substr(customer_id, -6)), 0) % 64 AS shard
FROM credit_request;
