-- The forms of a batch that is being staged lie in a temporary table. The forms of references are in small letters, as
-- those of identities are.

-- name: begin_forms
-- Forms that are not plainly the texts themselves.
CREATE TEMP TABLE IF NOT EXISTS form
(request_id bigint PRIMARY KEY, customer_form text COLLATE "C", reference_form text COLLATE "C");

-- name: note_form
-- The form of a staged request.
INSERT INTO pg_temp.form VALUES (:request, :customer_form, lower(CAST(:reference_form AS text) COLLATE "C"));

-- name: resembling
-- Staged requests that are another one in another spelling, and that other one. A request is called by its own form and
-- by its texts; the first one in the file stands.
WITH formed AS (
    SELECT customer_form, reference_form, request_id FROM pg_temp.form
    UNION SELECT customer_form, reference_form, request_id FROM respelt
          WHERE site_id = (SELECT site_id FROM batch WHERE batch_id = :batch)),
called AS MATERIALIZED (
    SELECT * FROM formed
    UNION SELECT f.customer_form, f.reference_form, i.request_id FROM formed f JOIN identity i
          ON i.site_id = (SELECT site_id FROM batch WHERE batch_id = :batch) AND i.customer_id = f.customer_form
             AND i.reference = f.reference_form)
SELECT * FROM (
    SELECT DISTINCT ON (r.request_id)
           r.request_id, r.row_number, r.site_id, r.customer_id, r.reference, o.customer_id AS other_customer,
           o.reference AS other, 'row ' || o.row_number || ' of ' || b.file_name, r.amount_minor, r.amount_in_decimal,
           r.currency_code
    FROM called c JOIN credit_request r ON r.request_id = c.request_id AND r.batch_id = :batch AND r.attempts = 0
    JOIN called d ON d.customer_form = c.customer_form AND d.reference_form = c.reference_form
    JOIN credit_request o ON o.request_id = d.request_id AND o.request_id <> r.request_id
        AND (o.customer_id <> r.customer_id OR o.reference <> r.reference)
        AND (o.batch_id <> :batch OR o.row_number < r.row_number)
    JOIN batch b ON b.batch_id = o.batch_id
    ORDER BY r.request_id, o.request_id) found
ORDER BY row_number;
