-- What only a list of the site's told of: the credits of batches that no file asked for.

-- name: learned
-- All of them, in a site's own spelling.
SELECT r.customer_id, r.reference, 'row ' || w.row_number || ' of ' || b.file_name
FROM site s JOIN batch b ON b.site_id = s.site_id JOIN row w ON w.batch_id = b.batch_id
JOIN credit_request r ON r.request_id = w.request_id
WHERE s.name = :site AND b.file_sha256 = '' AND r.state = 'credited' AND r.attempts = 0;

-- name: name_of_site
-- The name of a batch's site.
SELECT s.name FROM batch b JOIN site s USING (site_id) WHERE b.batch_id = :batch;

-- name: staged_page
-- A page of the requests that a staged batch brings.
SELECT request_id, row_number, customer_id, reference, amount_minor, amount_in_decimal, currency_code
FROM credit_request
WHERE batch_id = :batch AND state = 'pending' AND state NOT IN ('credited') AND request_id > :after
ORDER BY request_id LIMIT :limit;

-- name: unsettled_page
-- A page of a site's requests that are not credited.
SELECT request_id, row_number, customer_id, reference, amount_minor, amount_in_decimal, currency_code
FROM credit_request
WHERE site_id = (SELECT site_id FROM site WHERE name = :site) AND state NOT IN ('credited') AND request_id > :after
ORDER BY request_id LIMIT :limit;

-- name: keep_writers_out
-- From here to the end of the transaction nobody else changes requests of the site. SQLite's is held by one alone.
SELECT 1;

-- name: doubt_listed
-- A request that the site's list may show is looked at before it is sent: one that never was where the list has it. What
-- is in doubt, or in review, is looked at in any case.
UPDATE credit_request SET look_first = 1, call = CASE attempts WHEN 0 THEN :call ELSE call END
WHERE request_id = :request AND state IN ('pending', 'failed');
