-- What a ledger of SQLite's, to look into only, borrows of this one: see lending.py.

-- name: lent_sites
-- All sites, and what of its limit each may still count.
SELECT site_id, name, address, recent FROM site;

-- name: lent_batches
-- All admitted batches.
SELECT batch_id, key, site_id, kind, reverses, file_name, file_sha256, headers, columns, options, admitted, created_at,
       rows_read, totals
FROM batch WHERE admitted = 1;

-- name: lent_of_customers
-- The requests that stand for identities of these customers.
SELECT request_id FROM identity
WHERE site_id = :site AND customer_id IN (SELECT json_array_elements_text(CAST(:customers AS json)));

-- name: lent_forms
-- The forms of requests that are spelt otherwise, of these customers.
SELECT site_id, customer_form, reference_form, request_id FROM respelt
WHERE site_id = :site AND customer_form IN (SELECT json_array_elements_text(CAST(:customers AS json)));

-- name: lent_mended
-- Which rows of which batches the files of a site mend.
SELECT m.batch_id, m.row_number, m.of_batch, m.of_row FROM mended m JOIN batch b USING (batch_id)
WHERE b.site_id = :site AND b.admitted = 1;

-- name: lent_rows
-- Some rows of admitted batches.
SELECT w.batch_id, w.row_number, '[]', w.request_id, w.rejected
FROM json_array_elements(CAST(:places AS json)) place
JOIN batch b ON b.key = place ->> 0 AND b.admitted = 1
JOIN row w ON w.batch_id = b.batch_id AND w.row_number = CAST(place ->> 1 AS bigint);

-- name: lent_rows_of
-- The rows of some requests.
SELECT batch_id, row_number, '[]', request_id, rejected FROM row
WHERE request_id IN (SELECT CAST(json_array_elements_text(CAST(:requests AS json)) AS bigint));

-- name: lent_requests
-- Some requests, and whether each stands for its identity. Their bodies stay here.
SELECT r.request_id, r.site_id, r.kind, r.customer_id, r.reference, r.amount_minor, r.amount_in_decimal, r.currency_code,
       r.credit_type, '', r.generation, r.batch_id, r.row_number, r.current, r.state, r.look_first, r.open_attempts,
       r.attempts, r.credit_id,
       EXISTS (SELECT 1 FROM identity i WHERE i.site_id = r.site_id AND i.customer_id = r.customer_id
               AND i.reference = lower(r.reference) AND i.request_id = r.request_id)
FROM credit_request r WHERE r.request_id IN (SELECT CAST(json_array_elements_text(CAST(:requests AS json)) AS bigint));
