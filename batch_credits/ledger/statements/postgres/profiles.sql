-- The texts of PostgreSQL's where its words differ: see the file of the same name one folder above.

-- name: amount_groups
-- A batch's rows by outcome, currency and type, and by the first two digits of their amounts.
SELECT outcome, coalesce(currency_code, ''), credit_type, length(CAST(amount_minor AS text)),
       left(CAST(amount_minor AS text), 2), count(*), max(amount_minor), coalesce(sum(amount_minor >> 27), 0),
       coalesce(sum(amount_minor & 134217727), 0)
FROM row_outcome WHERE batch_id = :batch GROUP BY 1, 2, 3, 4, 5;

-- name: largest_rows
-- The largest amounts of one currency; "" stands for that of rows that name none.
SELECT w.row_number, CAST(:currency AS text), r.amount_minor FROM row w JOIN request r USING (request_id)
WHERE w.batch_id = :batch AND r.currency_code IS NOT DISTINCT FROM nullif(CAST(:currency AS text), '')
  AND r.amount_minor IS NOT NULL
ORDER BY r.amount_minor DESC, w.row_number LIMIT :most;

-- name: owed_by_customer
-- What a run would send, summed by customer and currency.
SELECT r.customer_id, min(w.row_number), r.currency_code, count(r.amount_minor),
       coalesce(sum(r.amount_minor >> 27), 0), coalesce(sum(r.amount_minor & 134217727), 0), count(r.amount_in_decimal)
FROM row w JOIN credit_request r USING (request_id)
WHERE w.batch_id = :batch
  AND (r.state = 'pending' OR (r.state = 'failed' AND CAST(CAST(:with_failed AS integer) AS boolean)))
GROUP BY r.customer_id, r.currency_code ORDER BY r.customer_id, 2;

-- name: earlier_amounts
-- How the amounts are spread that other batches of the site were credited lately.
SELECT coalesce(r.currency_code, ''), length(CAST(r.amount_minor AS text)), left(CAST(r.amount_minor AS text), 2),
       count(*), coalesce(sum(r.amount_minor >> 27), 0), coalesce(sum(r.amount_minor & 134217727), 0)
FROM (SELECT amount_minor, currency_code FROM credit_request
      WHERE site_id = (SELECT site_id FROM site WHERE name = :site) AND batch_id <> :batch AND state = 'credited'
        AND amount_minor IS NOT NULL AND kind = 'add'
      ORDER BY request_id DESC LIMIT :most) r
GROUP BY 1, 2, 3;
