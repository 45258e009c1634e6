-- What of a ledger elsewhere is copied beside one to look into, as `known`: as far as it is about the staged file.

-- name: begin_wanting
-- The requests of the other ledger that are wanted here.
CREATE TEMP TABLE wanted (request_id INTEGER PRIMARY KEY);

-- name: want
-- Some of them.
INSERT OR IGNORE INTO temp.wanted SELECT value FROM json_each(:requests);

-- name: wanted
-- A page of those that are not copied yet.
SELECT request_id FROM temp.wanted
WHERE request_id > :after AND NOT EXISTS (SELECT 1 FROM known.credit_request r WHERE r.request_id = wanted.request_id)
ORDER BY request_id LIMIT :limit;

-- name: all_wanted
-- All of them.
SELECT request_id FROM temp.wanted;

-- name: forget_wanted
-- They are copied.
DROP TABLE temp.wanted;

-- name: customers_of_file
-- For whom a staged batch is, also in the form of their ids.
SELECT customer_id FROM main.credit_request WHERE batch_id = :batch
UNION SELECT customer_form FROM temp.form;

-- name: customers_of_groups
-- The same of a file that is numbered, also of its rejected rows.
SELECT customer_id FROM temp.numbered WHERE batch_id = :batch
UNION SELECT customer_id FROM main.credit_request WHERE batch_id = :batch
UNION SELECT customer_form FROM temp.form;

-- name: places_mended
-- The rows that mend, and those that are mended, here and there: by the keys of their batches.
SELECT of_batch, of_row FROM main.mended WHERE batch_id = :batch
UNION SELECT of_batch, of_row FROM known.mended
UNION SELECT b.key, m.row_number FROM known.mended m JOIN known.batch b USING (batch_id);

-- name: keep_rows
-- Rows of the other ledger.
INSERT OR IGNORE INTO known.row (batch_id, row_number, cells, request_id, rejected)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(:rows);

-- name: customers_of_rows
-- Whose those rows are.
SELECT DISTINCT r.customer_id FROM known.row w JOIN known.credit_request r USING (request_id);
