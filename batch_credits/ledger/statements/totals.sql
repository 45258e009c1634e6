-- A sum of amounts is given as two halves: a thousand of the largest amounts are more than SQLite's integers hold.

-- name: counted
-- Count and sums by outcome and currency of a batch's rows from one number to before another.
SELECT outcome, coalesce(currency_code, ''), count(*), count(amount_in_decimal),
       coalesce(sum(amount_minor >> 27), 0), coalesce(sum(amount_minor & 134217727), 0)
FROM row_outcome WHERE batch_id = :batch AND row_number >= :first AND row_number < :end GROUP BY 1, 2;

-- name: decimals
-- Their amounts in decimal, which SQLite cannot sum exactly.
SELECT outcome, coalesce(currency_code, ''), amount_in_decimal
FROM row_outcome
WHERE batch_id = :batch AND row_number >= :first AND row_number < :end AND amount_in_decimal IS NOT NULL;

-- name: failed
-- Count and sums by currency of a batch's failed rows that may be tried again.
SELECT coalesce(r.currency_code, ''), count(*), count(r.amount_in_decimal),
       coalesce(sum(r.amount_minor >> 27), 0), coalesce(sum(r.amount_minor & 134217727), 0)
FROM row w JOIN credit_request r ON r.request_id = w.request_id
WHERE w.batch_id = :batch AND r.state = 'failed' AND r.current = 1 GROUP BY 1;

-- name: failed_decimals
-- Their amounts in decimal.
SELECT coalesce(r.currency_code, ''), r.amount_in_decimal
FROM row w JOIN credit_request r ON r.request_id = w.request_id
WHERE w.batch_id = :batch AND r.state = 'failed' AND r.current = 1 AND r.amount_in_decimal IS NOT NULL;

-- name: on_their_way
-- What is sent and not answered of a batch's rows, with the worker that holds its shard: few, whatever the batch's size.
-- The request may be one that another batch answers for.
SELECT s.owner, coalesce(r.currency_code, ''), r.amount_minor, r.amount_in_decimal
FROM credit_request r
JOIN row w ON w.request_id = r.request_id AND w.batch_id = :batch
JOIN request_shard v ON v.request_id = r.request_id
JOIN shard s ON s.site_id = r.site_id AND s.shard = v.shard
WHERE r.state = 'in_flight' AND r.current = 1 AND r.state NOT IN ('credited') AND s.owner IS NOT NULL
  AND r.batch_id IN (SELECT u.batch_id FROM worker l JOIN run u ON u.run_id = l.run_id WHERE l.ended_at IS NULL);

-- name: sealed
-- The blocks of a batch that are sealed, and their totals.
SELECT block, totals FROM sealed WHERE batch_id = :batch ORDER BY block;

-- name: seal
-- A block that is final.
INSERT INTO sealed VALUES (:batch, :block, :totals);

-- name: last_row
-- The last row number of a batch.
SELECT max(row_number) FROM row WHERE batch_id = :batch;

-- name: undone
-- What deductions undid of one batch's credits, or of every batch's, by the batch that deducted (one that was borrowed
-- for a look has more in front of its key) and currency. It goes by the deductions, which are few.
SELECT w.batch_id, substr(b.key, -64), coalesce(r.currency_code, ''), count(*),
       json_group_array(r.amount_in_decimal) FILTER (WHERE r.amount_in_decimal IS NOT NULL),
       coalesce(sum(r.amount_minor >> 27), 0), coalesce(sum(r.amount_minor & 134217727), 0)
FROM credit_request d INDEXED BY credit_request_deduct
CROSS JOIN identity i ON i.site_id = d.site_id AND i.customer_id = d.customer_id
  AND i.reference = substr(d.reference, length(:prefix) + 1) AND d.reference = :prefix || i.reference
CROSS JOIN credit_request r ON r.request_id = i.request_id
CROSS JOIN row w ON w.request_id = r.request_id
CROSS JOIN batch b ON b.batch_id = d.batch_id
WHERE d.site_id IN (SELECT site_id FROM site)
  AND d.kind = 'deduct' AND d.state = 'credited' AND r.kind = 'add' AND r.state = 'credited'
  AND d.credit_type = r.credit_type AND same_money(r.amount_minor, r.amount_in_decimal, r.currency_code,
      d.amount_minor, d.amount_in_decimal, d.currency_code)
  AND (:batch IS NULL OR w.batch_id = :batch)
GROUP BY 1, 2, 3;
