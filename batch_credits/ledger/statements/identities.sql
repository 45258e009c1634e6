-- name: most_staged
-- How many requests a batch brought at most that it has not proposed. Where nobody else staged meanwhile their ids follow
-- each other, and else they are fewer than the first and the last say; what was sent is none of a staged batch's.
SELECT (SELECT request_id FROM credit_request INDEXED BY credit_request_unsettled
        WHERE batch_id = :batch AND state = 'pending' AND state NOT IN ('credited') AND current = 1
        ORDER BY request_id DESC LIMIT 1) -
       (SELECT request_id FROM credit_request INDEXED BY credit_request_unsettled
        WHERE batch_id = :batch AND state = 'pending' AND state NOT IN ('credited') AND current = 1
        ORDER BY request_id ASC LIMIT 1) + 1;

-- name: take_identities
-- Each of them takes its identity if no other request has it. A batch has one site, so this is the order of the
-- identities; SQLite sorts by a text quicker than by a number and it.
INSERT INTO identity
SELECT site_id, customer_id, reference, request_id FROM credit_request INDEXED BY credit_request_unsettled
WHERE batch_id = :batch AND state = 'pending' AND state NOT IN ('credited') AND current = 1
ORDER BY customer_id, reference COLLATE NOCASE, request_id ON CONFLICT DO NOTHING;

-- name: meetings
-- Those that found theirs taken, by what they found, in the order of the file. Sorted within, so that the identities
-- are looked up in their own order; the LIMIT keeps SQLite from leaving it out.
SELECT r.request_id, r.row_number, r.customer_id, r.reference, r.kind, r.credit_type,
       r.amount_minor, r.amount_in_decimal, r.currency_code, o.request_id, o.kind, o.credit_type,
       o.amount_minor, o.amount_in_decimal, o.currency_code, o.reference, o.state, o.generation, b.file_name,
       o.row_number,
       coalesce(
         (SELECT min(w.row_number) FROM row w WHERE w.request_id = o.request_id AND w.batch_id = :batch),
         (SELECT p.row_number FROM credit_request p WHERE p.batch_id = :batch AND p.customer_id = o.customer_id
           AND p.reference = o.reference AND p.current = 0))
FROM (SELECT request_id, site_id, customer_id, reference FROM credit_request INDEXED BY credit_request_unsettled
      WHERE batch_id = :batch AND state = 'pending' AND state NOT IN ('credited') AND current = 1
      ORDER BY customer_id, reference COLLATE NOCASE LIMIT -1) s
CROSS JOIN identity i ON i.site_id = s.site_id AND i.customer_id = s.customer_id AND i.reference = s.reference
 AND i.request_id <> s.request_id
CROSS JOIN credit_request r ON r.request_id = s.request_id
CROSS JOIN credit_request o ON o.request_id = i.request_id
CROSS JOIN batch b ON b.batch_id = o.batch_id
ORDER BY i.request_id, r.row_number;

-- name: propose
-- A request in the place of a failed one, under the next generation.
UPDATE credit_request SET current = 0, generation = :generation WHERE request_id = :request;

-- name: share
-- A row that has the request of another one; or none, and why.
UPDATE row SET request_id = :request, rejected = :rejected WHERE batch_id = :batch AND row_number = :row;
