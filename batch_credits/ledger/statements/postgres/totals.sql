-- The texts of PostgreSQL's where its words differ: see the file of the same name one folder above.

-- name: undone
-- What deductions undid of one batch's credits, or of every batch's, by the batch that deducted and currency. It goes by
-- the deductions, which are few.
SELECT w.batch_id, b.key, coalesce(r.currency_code, ''), count(*),
       CAST(coalesce(json_agg(r.amount_in_decimal) FILTER (WHERE r.amount_in_decimal IS NOT NULL), '[]') AS text),
       coalesce(sum(r.amount_minor >> 27), 0), coalesce(sum(r.amount_minor & 134217727), 0)
FROM credit_request d
JOIN identity i ON i.site_id = d.site_id AND i.customer_id = d.customer_id
  AND i.reference = lower(substr(d.reference, length(CAST(:prefix AS text)) + 1))
JOIN credit_request r ON r.request_id = i.request_id AND d.reference = :prefix || r.reference
JOIN row w ON w.request_id = r.request_id
JOIN batch b ON b.batch_id = d.batch_id
WHERE d.kind = 'deduct' AND d.state = 'credited' AND r.kind = 'add' AND r.state = 'credited'
  AND d.credit_type = r.credit_type AND same_money(r.amount_minor, r.amount_in_decimal, r.currency_code,
      d.amount_minor, d.amount_in_decimal, d.currency_code)
  AND (CAST(:batch AS bigint) IS NULL OR w.batch_id = :batch)
GROUP BY 1, 2, 3;

-- name: on_their_way
-- What is sent and not answered of a batch's rows, with the worker that holds its shard.
SELECT h.owner, coalesce(r.currency_code, ''), r.amount_minor, r.amount_in_decimal
FROM standing s
JOIN request r ON r.request_id = s.request_id
JOIN row w ON w.request_id = s.request_id AND w.batch_id = :batch
JOIN shard h ON h.site_id = r.site_id AND h.shard = r.shard
WHERE s.state = 'in_flight' AND s.current = 1 AND h.owner IS NOT NULL
  AND s.batch_id IN (SELECT u.batch_id FROM worker l JOIN run u ON u.run_id = l.run_id WHERE l.ended_at IS NULL);
