-- A sum of amounts is given as two halves: a thousand of the largest amounts are more than SQLite's integers hold.

-- name: amount_groups
-- A batch's rows by outcome, currency and type, and by the first two digits of their amounts.
SELECT outcome, coalesce(currency_code, ''), credit_type, length(amount_minor), substr(amount_minor, 1, 2), count(*),
       max(amount_minor), coalesce(sum(amount_minor >> 27), 0), coalesce(sum(amount_minor & 134217727), 0)
FROM row_outcome WHERE batch_id = :batch GROUP BY 1, 2, 3, 4, 5;

-- name: decimal_amounts
-- A batch's amounts in decimal, which SQLite cannot sum exactly.
SELECT outcome, coalesce(currency_code, ''), credit_type, amount_in_decimal
FROM row_outcome WHERE batch_id = :batch AND amount_in_decimal IS NOT NULL;

-- name: largest_rows
-- The largest amounts of one currency; "" stands for that of rows that name none.
SELECT w.row_number, :currency, r.amount_minor FROM row w JOIN credit_request r USING (request_id)
WHERE w.batch_id = :batch AND r.currency_code IS nullif(:currency, '') AND r.amount_minor IS NOT NULL
ORDER BY r.amount_minor DESC, w.row_number LIMIT :most;

-- name: customer_rows
-- Every row that may be credited, by customer.
SELECT r.customer_id, w.row_number, r.currency_code FROM row w JOIN credit_request r USING (request_id)
WHERE w.batch_id = :batch AND r.state <> 'credited' ORDER BY r.customer_id, w.row_number;

-- name: owed_by_customer
-- What a run would send, summed by customer and currency.
SELECT r.customer_id, min(w.row_number), r.currency_code, count(r.amount_minor),
       coalesce(sum(r.amount_minor >> 27), 0), coalesce(sum(r.amount_minor & 134217727), 0), count(r.amount_in_decimal)
FROM row w JOIN credit_request r USING (request_id)
WHERE w.batch_id = :batch AND (r.state = 'pending' OR (r.state = 'failed' AND :with_failed))
GROUP BY r.customer_id, r.currency_code ORDER BY r.customer_id, 2;

-- name: earlier_amounts
-- How the amounts are spread that other batches of the site were credited lately.
SELECT coalesce(r.currency_code, ''), length(r.amount_minor), substr(r.amount_minor, 1, 2), count(*),
       coalesce(sum(r.amount_minor >> 27), 0), coalesce(sum(r.amount_minor & 134217727), 0)
FROM (SELECT * FROM credit_request
      WHERE site_id = (SELECT site_id FROM site WHERE name = :site) AND batch_id <> :batch AND state = 'credited'
        AND amount_minor IS NOT NULL AND kind = 'add'
      ORDER BY request_id DESC LIMIT :most) r
GROUP BY 1, 2, 3;
