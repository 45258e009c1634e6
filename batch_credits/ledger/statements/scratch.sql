-- A ledger to look into: the real one is attached as `known`, as only SQLite can. What it holds of a staged batch is
-- found first, in a temporary table, and then copied.

-- name: borrow_batches
-- The batches of a site, under keys that no file has: their names are what messages need.
INSERT INTO main.batch (batch_id, key, site_id, file_name, file_sha256, headers, columns, options, admitted, created_at,
                        rows_read, totals, kind)
SELECT batch_id, 'known ' || key, :site, file_name, file_sha256, headers, columns, options, 1, created_at,
       rows_read, totals, kind
FROM known.batch WHERE site_id = :known AND admitted = 1;

-- name: begin_finding
-- Requests of the real ledger that are about a staged batch.
CREATE TEMP TABLE found (request_id INTEGER PRIMARY KEY);

-- name: find_by_texts
-- Those with the identities of the batch's rows.
INSERT OR IGNORE INTO temp.found
SELECT i.request_id FROM (SELECT DISTINCT customer_id, reference FROM main.credit_request WHERE batch_id = :batch
                          ORDER BY customer_id, reference LIMIT -1) s
CROSS JOIN known.identity i ON i.site_id = :known AND i.customer_id = s.customer_id AND i.reference = s.reference;

-- name: find_numbers_of_texts
-- Those with the same, numbered.
INSERT OR IGNORE INTO temp.found
SELECT i.request_id FROM (SELECT DISTINCT customer_id, reference FROM main.credit_request WHERE batch_id = :batch
                          ORDER BY customer_id, reference LIMIT -1) s
CROSS JOIN known.identity i ON i.site_id = :known AND i.customer_id = s.customer_id
    AND i.reference > s.reference || ' #' AND i.reference < s.reference || ' #:'
    AND substr(i.reference, length(s.reference) + 3) NOT GLOB '*[^0-9]*';

-- name: find_by_groups
-- Of a file that is numbered: those with the references of its groups, also of rejected rows.
INSERT OR IGNORE INTO temp.found
SELECT i.request_id FROM (SELECT DISTINCT customer_id, reference FROM temp.numbered WHERE batch_id = :batch
                          ORDER BY customer_id, reference LIMIT -1) s
CROSS JOIN known.identity i ON i.site_id = :known AND i.customer_id = s.customer_id AND i.reference = s.reference;

-- name: find_numbers_of_groups
-- And those with the same, numbered.
INSERT OR IGNORE INTO temp.found
SELECT i.request_id FROM (SELECT DISTINCT customer_id, reference FROM temp.numbered WHERE batch_id = :batch
                          ORDER BY customer_id, reference LIMIT -1) s
CROSS JOIN known.identity i ON i.site_id = :known AND i.customer_id = s.customer_id
    AND i.reference > s.reference || ' #' AND i.reference < s.reference || ' #:'
    AND substr(i.reference, length(s.reference) + 3) NOT GLOB '*[^0-9]*';

-- name: find_respelt
-- Those whose form is a row's texts.
INSERT OR IGNORE INTO temp.found
SELECT k.request_id FROM (SELECT DISTINCT customer_id, reference FROM main.credit_request WHERE batch_id = :batch
                          ORDER BY customer_id, reference LIMIT -1) s
CROSS JOIN known.respelt k ON k.site_id = :known AND k.customer_form = s.customer_id AND k.reference_form = s.reference
WHERE EXISTS (SELECT 1 FROM known.respelt);

-- name: find_by_forms
-- Those whose texts are a row's form.
INSERT OR IGNORE INTO temp.found
SELECT i.request_id FROM temp.form f
CROSS JOIN known.identity i ON i.site_id = :known AND i.customer_id = f.customer_form
    AND i.reference = f.reference_form;

-- name: find_respelt_by_forms
-- Those that have a row's form.
INSERT OR IGNORE INTO temp.found
SELECT k.request_id FROM temp.form f
CROSS JOIN known.respelt k ON k.site_id = :known AND k.customer_form = f.customer_form
    AND k.reference_form = f.reference_form;

-- name: find_reversals
-- Those that reverse a row's credit; where nothing was deducted, none is looked for.
INSERT OR IGNORE INTO temp.found
SELECT i.request_id FROM (SELECT DISTINCT customer_id, reference FROM main.credit_request WHERE batch_id = :batch
                          ORDER BY customer_id, reference LIMIT -1) s
CROSS JOIN known.identity i ON i.site_id = :known AND i.customer_id = s.customer_id
    AND i.reference = :prefix || s.reference
WHERE EXISTS (SELECT 1 FROM known.credit_request d
              WHERE d.site_id = :known AND d.kind = 'deduct' AND d.state = 'credited');

-- name: borrow_requests
-- All that were found, as far as they are of admitted batches.
INSERT INTO main.credit_request (site_id, kind, customer_id, reference, amount_minor, amount_in_decimal, currency_code,
    credit_type, body, generation, batch_id, row_number, current, state, look_first, open_attempts, attempts,
    credit_id)
SELECT (SELECT site_id FROM main.batch WHERE batch_id = :batch), r.kind, r.customer_id, r.reference, r.amount_minor,
       r.amount_in_decimal, r.currency_code, r.credit_type, r.body, r.generation, r.batch_id, r.row_number, r.current,
       r.state, r.look_first, r.open_attempts, r.attempts, r.credit_id
FROM temp.found
CROSS JOIN known.credit_request r ON r.request_id = found.request_id
CROSS JOIN known.batch b ON b.batch_id = r.batch_id AND b.admitted = 1;

-- name: borrow_identities
-- They stand for their identities. This ledger began empty: whatever another batch has in it was borrowed.
INSERT INTO main.identity
SELECT site_id, customer_id, reference, request_id FROM main.credit_request WHERE batch_id <> :batch;

-- name: borrow_forms
-- And have the same forms.
INSERT INTO main.respelt
SELECT i.site_id, k.customer_form, k.reference_form, i.request_id
FROM known.respelt k CROSS JOIN known.credit_request r ON r.request_id = k.request_id
CROSS JOIN main.identity i ON i.site_id = (SELECT site_id FROM main.batch WHERE batch_id = :batch)
    AND i.customer_id = r.customer_id AND i.reference = r.reference
WHERE k.site_id = :known;

-- name: forget_found
-- They are copied.
DROP TABLE temp.found;
