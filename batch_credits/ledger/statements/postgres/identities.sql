-- The texts of PostgreSQL's where its words differ: see the file of the same name one folder above.

-- name: most_staged
-- How many requests a batch brought that it has not proposed.
SELECT count(*) FROM standing WHERE batch_id = :batch AND state = 'pending' AND current = 1;

-- name: take_identities
-- Each of them takes its identity if no other request has it. Two that admit at once take them in one order, so that
-- neither waits for what the other has while that one waits for it.
INSERT INTO identity
SELECT r.site_id, r.customer_id, lower(r.reference), r.request_id FROM standing s JOIN request r USING (request_id)
WHERE s.batch_id = :batch AND s.state = 'pending' AND s.current = 1
ORDER BY r.customer_id, lower(r.reference), r.request_id ON CONFLICT DO NOTHING;

-- name: meetings
-- Those that found theirs taken, by what they found, in the order of the file.
SELECT r.request_id, r.row_number, r.customer_id, r.reference, r.kind, r.credit_type,
       r.amount_minor, r.amount_in_decimal, r.currency_code, o.request_id, o.kind, o.credit_type,
       o.amount_minor, o.amount_in_decimal, o.currency_code, o.reference, o.state, o.generation, b.file_name,
       o.row_number,
       coalesce(
         (SELECT min(w.row_number) FROM row w WHERE w.request_id = o.request_id AND w.batch_id = :batch), p.row_number)
FROM standing s JOIN request r USING (request_id)
JOIN identity i ON i.site_id = r.site_id AND i.customer_id = r.customer_id AND i.reference = lower(r.reference)
 AND i.request_id <> r.request_id
JOIN credit_request o ON o.request_id = i.request_id
JOIN batch b ON b.batch_id = o.batch_id
LEFT JOIN (SELECT customer_id, reference, min(row_number) AS row_number FROM credit_request
           WHERE batch_id = :batch AND current = 0 GROUP BY customer_id, reference) p
 ON p.customer_id = o.customer_id AND p.reference = o.reference
WHERE s.batch_id = :batch AND s.state = 'pending' AND s.current = 1
ORDER BY i.request_id, r.row_number;

-- name: propose
-- A request in the place of a failed one, under the next generation.
UPDATE standing SET current = 0, generation = :generation WHERE request_id = :request;

-- name: share
-- A row that has the request of another one; or none, and why.
WITH rows AS (
    UPDATE row SET request_id = :request, rejected = :rejected WHERE batch_id = :batch AND row_number = :row
    RETURNING request_id)
INSERT INTO shared SELECT request_id FROM rows WHERE request_id IS NOT NULL ON CONFLICT DO NOTHING;
