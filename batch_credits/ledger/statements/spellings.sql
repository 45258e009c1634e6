-- The forms of a batch that is being staged lie in a temporary table of SQLite's.

-- name: begin_forms
-- Forms that are not plainly the texts themselves.
CREATE TEMP TABLE IF NOT EXISTS form
(request_id INTEGER PRIMARY KEY, customer_form TEXT, reference_form TEXT COLLATE NOCASE);

-- name: note_form
-- The form of a staged request.
INSERT INTO temp.form VALUES (:request, :customer_form, :reference_form);

-- name: has_any_form
-- Whether anything of a batch, or of its site, is spelt in another form.
SELECT EXISTS (SELECT 1 FROM temp.form)
    OR EXISTS (SELECT 1 FROM respelt WHERE site_id = (SELECT site_id FROM batch WHERE batch_id = :batch));

-- name: resembling
-- Staged requests that are another one in another spelling, and that other one. A request is called by its own form and
-- by its texts; the first one in the file stands.
WITH formed AS (
    SELECT customer_form, reference_form, request_id FROM temp.form
    UNION SELECT customer_form, reference_form, request_id FROM respelt
          WHERE site_id = (SELECT site_id FROM batch WHERE batch_id = :batch)),
called AS MATERIALIZED (
    SELECT * FROM formed
    UNION SELECT f.customer_form, f.reference_form, i.request_id FROM formed f CROSS JOIN identity i
          ON i.site_id = (SELECT site_id FROM batch WHERE batch_id = :batch) AND i.customer_id = f.customer_form
             AND i.reference = f.reference_form)
SELECT r.request_id, r.row_number, r.site_id, r.customer_id, r.reference, o.customer_id, o.reference,
       'row ' || o.row_number || ' of ' || b.file_name, r.amount_minor, r.amount_in_decimal, r.currency_code
FROM called c CROSS JOIN credit_request r ON r.request_id = c.request_id AND r.batch_id = :batch AND r.attempts = 0
CROSS JOIN called d ON d.customer_form = c.customer_form AND d.reference_form = c.reference_form
CROSS JOIN credit_request o ON o.request_id = d.request_id AND o.request_id <> r.request_id
    AND (o.customer_id <> r.customer_id OR o.reference <> r.reference)
    AND (o.batch_id <> :batch OR o.row_number < r.row_number)
CROSS JOIN batch b ON b.batch_id = o.batch_id
GROUP BY r.request_id ORDER BY r.row_number;

-- name: keep_forms
-- The forms of those that stand.
INSERT INTO respelt SELECT r.site_id, f.customer_form, f.reference_form, f.request_id
FROM temp.form f CROSS JOIN credit_request r ON r.request_id = f.request_id;

-- name: forget_forms
-- Those of a batch whose staging is over.
DROP TABLE IF EXISTS temp.form;
