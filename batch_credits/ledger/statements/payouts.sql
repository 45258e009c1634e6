-- name: mends_any
-- Whether a file says of any of its rows which one it mends, proposes to pay one that failed before, or is mended already.
SELECT EXISTS (SELECT 1 FROM mended WHERE batch_id = :batch)
    OR EXISTS (SELECT 1 FROM credit_request WHERE batch_id = :batch AND current = 0)
    OR EXISTS (SELECT 1 FROM batch b CROSS JOIN mended m ON m.of_batch = b.key WHERE b.batch_id = :batch);

-- name: mended_before
-- Staged rows that would be paid, and that mend what another file has paid or may pay yet under another identity: in the
-- row that they name, in those which that one mends in turn, or in any that mends one of these. A row that failed before
-- under the same identity is one of these, too. A failed one that a list showed may be paid. What was deducted again may
-- be paid again.
WITH RECURSIVE above (row_number, key, at) AS (
    SELECT m.row_number, m.of_batch, m.of_row FROM mended m WHERE m.batch_id = :batch
    UNION
    SELECT m.of_row, b.key, m.of_row FROM batch b CROSS JOIN mended m ON m.of_batch = b.key
    WHERE b.batch_id = :batch
    UNION
    SELECT n.row_number, b.key, w.row_number FROM credit_request n
    CROSS JOIN identity i ON i.site_id = n.site_id AND i.customer_id = n.customer_id AND i.reference = n.reference
    CROSS JOIN row w ON w.request_id = i.request_id CROSS JOIN batch b ON b.batch_id = w.batch_id
    WHERE n.batch_id = :batch AND n.current = 0
    UNION
    SELECT a.row_number, m.of_batch, m.of_row FROM above a
    CROSS JOIN batch b ON b.key = a.key CROSS JOIN mended m ON m.batch_id = b.batch_id AND m.row_number = a.at),
family (row_number, key, at) AS (
    SELECT row_number, key, at FROM above
    UNION
    SELECT f.row_number, b.key, m.row_number FROM family f
    CROSS JOIN mended m ON m.of_batch = f.key AND m.of_row = f.at
    CROSS JOIN batch b ON b.batch_id = m.batch_id AND b.admitted = 1)
SELECT s.row_number, r.request_id, r.site_id, r.customer_id, r.reference, r.amount_minor, r.amount_in_decimal,
       r.currency_code, o.state, o.credit_id, o.reference, f.at, b.file_name, b.key,
       EXISTS (SELECT 1 FROM mended WHERE batch_id = :batch AND row_number = s.row_number)
FROM family f
CROSS JOIN row s ON s.batch_id = :batch AND s.row_number = f.row_number
CROSS JOIN credit_request r ON r.request_id = s.request_id AND r.batch_id = :batch AND r.attempts = 0
CROSS JOIN batch b ON b.key = f.key AND b.admitted = 1 AND b.kind = 'add'
    AND b.site_id = r.site_id
CROSS JOIN row w ON w.batch_id = b.batch_id AND w.row_number = f.at
CROSS JOIN credit_request o ON o.request_id = w.request_id AND o.current = 1
    AND (o.state <> 'failed' OR o.look_first = 1)
    AND (o.customer_id <> r.customer_id OR o.reference <> r.reference)
WHERE NOT EXISTS (
    SELECT 1 FROM identity i CROSS JOIN credit_request d ON d.request_id = i.request_id
    WHERE i.site_id = o.site_id AND i.customer_id = o.customer_id AND i.reference = :prefix || o.reference
      AND d.kind = 'deduct' AND d.state = 'credited' AND o.state = 'credited'
      AND d.credit_type = o.credit_type AND same_money(o.amount_minor, o.amount_in_decimal, o.currency_code,
          d.amount_minor, d.amount_in_decimal, d.currency_code))
GROUP BY s.row_number ORDER BY s.row_number;

-- name: mended_at_once
-- Staged rows that would be paid, and that mend what a row further up in the file does, itself or through others, under
-- another identity. A row that is not there may be named by many: a person filled a column down.
WITH RECURSIVE above (row_number, key, at) AS MATERIALIZED (
    SELECT m.row_number, m.of_batch, m.of_row FROM mended m WHERE m.batch_id = :batch
    UNION
    SELECT a.row_number, m.of_batch, m.of_row FROM above a CROSS JOIN batch b ON b.key = a.key
    CROSS JOIN mended m ON m.batch_id = b.batch_id AND m.row_number = a.at)
SELECT s.row_number, r.request_id, r.site_id, r.customer_id, r.reference, r.amount_minor, r.amount_in_decimal,
       r.currency_code, o.state, o.credit_id, o.reference, w.row_number, b.file_name, b.key, 1
FROM (SELECT first.row_number AS first_row, other.row_number AS other_row
      FROM (SELECT a.key, a.at, min(a.row_number) AS row_number FROM above a
            JOIN row s ON s.batch_id = :batch AND s.row_number = a.row_number AND s.request_id IS NOT NULL
            GROUP BY a.key, a.at HAVING count(*) > 1) several
      JOIN batch known_batch ON known_batch.key = several.key AND known_batch.admitted = 1
      JOIN row named ON named.batch_id = known_batch.batch_id AND named.row_number = several.at
      JOIN above first ON first.key = several.key AND first.at = several.at
          AND first.row_number = several.row_number
      JOIN above other ON other.key = several.key AND other.at = several.at AND other.row_number > first.row_number
     ) pair
CROSS JOIN row s ON s.batch_id = :batch AND s.row_number = pair.other_row
CROSS JOIN credit_request r ON r.request_id = s.request_id AND r.batch_id = :batch AND r.attempts = 0
CROSS JOIN row w ON w.batch_id = :batch AND w.row_number = pair.first_row
CROSS JOIN credit_request o ON o.request_id = w.request_id AND o.state <> 'failed'
    AND (o.customer_id <> r.customer_id OR o.reference <> r.reference)
CROSS JOIN batch b ON b.batch_id = :batch
GROUP BY s.row_number ORDER BY s.row_number;

-- name: mended_elsewhere
-- Failed rows of a batch that a retry would pay, though a row of their family, as above, is paid or may be paid yet under
-- another identity. Whichever rows share the request of one are looked at with it. That failed requests are none that
-- are credited is said for the index of those.
WITH RECURSIVE above (request_id, key, at) AS (
    SELECT r.request_id, b.key, w.row_number
    FROM credit_request r CROSS JOIN row own ON own.request_id = r.request_id AND own.batch_id = :batch
    CROSS JOIN row w ON w.request_id = r.request_id CROSS JOIN batch b ON b.batch_id = w.batch_id
    WHERE r.batch_id IN (SELECT batch_id FROM batch) AND r.state NOT IN ('credited') AND r.state = 'failed'
      AND r.current = 1
    UNION
    SELECT a.request_id, m.of_batch, m.of_row FROM above a
    CROSS JOIN batch b ON b.key = a.key CROSS JOIN mended m ON m.batch_id = b.batch_id AND m.row_number = a.at),
family (request_id, key, at) AS (
    SELECT request_id, key, at FROM above
    UNION
    SELECT f.request_id, b.key, m.row_number FROM family f
    CROSS JOIN mended m ON m.of_batch = f.key AND m.of_row = f.at
    CROSS JOIN batch b ON b.batch_id = m.batch_id AND b.admitted = 1)
SELECT own.row_number, own_batch.file_name, o.state, o.credit_id, o.reference, f.at, b.file_name, b.key
FROM family f
CROSS JOIN credit_request r ON r.request_id = f.request_id
CROSS JOIN row own ON own.request_id = r.request_id AND own.batch_id = :batch
CROSS JOIN batch own_batch ON own_batch.batch_id = own.batch_id
CROSS JOIN batch b ON b.key = f.key AND b.admitted = 1 AND b.kind = 'add' AND b.site_id = r.site_id
CROSS JOIN row w ON w.batch_id = b.batch_id AND w.row_number = f.at
CROSS JOIN credit_request o ON o.request_id = w.request_id AND o.current = 1
    AND (o.state <> 'failed' OR o.look_first = 1)
    AND (o.customer_id <> r.customer_id OR o.reference <> r.reference)
WHERE NOT EXISTS (
    SELECT 1 FROM identity i CROSS JOIN credit_request d ON d.request_id = i.request_id
    WHERE i.site_id = o.site_id AND i.customer_id = o.customer_id AND i.reference = :prefix || o.reference
      AND d.kind = 'deduct' AND d.state = 'credited' AND o.state = 'credited'
      AND d.credit_type = o.credit_type AND same_money(o.amount_minor, o.amount_in_decimal, o.currency_code,
          d.amount_minor, d.amount_in_decimal, d.currency_code))
GROUP BY own.row_number ORDER BY own.row_number;

-- name: owed_though_mended
-- Requests of a batch that are owed, or in doubt, though a row of their family, as above, is paid by now under another
-- identity, or may be (a list shows it, or a person is to say so): it failed when they were admitted. PostgreSQL is told
-- the same.
WITH RECURSIVE beginning (row_number, key, at) AS (
    SELECT m.row_number, m.of_batch, m.of_row FROM mended m WHERE m.batch_id = :batch
    UNION
    SELECT m.of_row, b.key, m.of_row FROM batch b CROSS JOIN mended m ON m.of_batch = b.key WHERE b.batch_id = :batch),
above (row_number, key, at) AS (
    SELECT row_number, key, at FROM beginning
    UNION
    SELECT a.row_number, m.of_batch, m.of_row FROM above a
    CROSS JOIN batch b ON b.key = a.key CROSS JOIN mended m ON m.batch_id = b.batch_id AND m.row_number = a.at),
family (row_number, key, at) AS (
    SELECT row_number, key, at FROM above
    UNION
    SELECT f.row_number, b.key, m.row_number FROM family f
    CROSS JOIN mended m ON m.of_batch = f.key AND m.of_row = f.at
    CROSS JOIN batch b ON b.batch_id = m.batch_id AND b.admitted = 1)
SELECT r.request_id, o.state, o.credit_id, o.reference, f.at, b.file_name, b.key,
       EXISTS (SELECT 1 FROM mended WHERE batch_id = :batch AND row_number = s.row_number)
FROM family f
CROSS JOIN row s ON s.batch_id = :batch AND s.row_number = f.row_number
CROSS JOIN credit_request r ON r.request_id = s.request_id AND r.state IN ('pending', 'in_doubt') AND r.current = 1
CROSS JOIN batch b ON b.key = f.key AND b.admitted = 1 AND b.kind = 'add' AND b.site_id = r.site_id
CROSS JOIN row w ON w.batch_id = b.batch_id AND w.row_number = f.at
CROSS JOIN credit_request o ON o.request_id = w.request_id AND o.current = 1
    AND (o.state IN ('credited', 'review') OR (o.state = 'failed' AND o.look_first = 1))
    AND (o.customer_id <> r.customer_id OR o.reference <> r.reference)
WHERE NOT EXISTS (
    SELECT 1 FROM identity i CROSS JOIN credit_request d ON d.request_id = i.request_id
    WHERE i.site_id = o.site_id AND i.customer_id = o.customer_id AND i.reference = lower(:prefix || o.reference)
      AND d.kind = 'deduct' AND d.state = 'credited' AND o.state = 'credited'
      AND d.credit_type = o.credit_type AND same_money(o.amount_minor, o.amount_in_decimal, o.currency_code,
          d.amount_minor, d.amount_in_decimal, d.currency_code))
ORDER BY r.request_id, b.batch_id, f.at;

-- name: parents
-- The batches whose rows a batch says to mend: how many of its rows, and of how many of them the batch has the row.
SELECT m.of_batch, count(*), count(p.row_number), count(*) - count(DISTINCT m.of_row), b.batch_id, b.file_name, s.name
FROM mended m LEFT JOIN batch b ON b.key = m.of_batch AND b.admitted = 1 AND b.kind = 'add'
LEFT JOIN site s ON s.site_id = b.site_id LEFT JOIN row p ON p.batch_id = b.batch_id AND p.row_number = m.of_row
WHERE m.batch_id = :batch GROUP BY m.of_batch ORDER BY 2 DESC, 1;

-- name: known_parents
-- Those of them that the ledger knows, and that are of the same site.
SELECT DISTINCT b.batch_id FROM mended m CROSS JOIN batch b ON b.key = m.of_batch AND b.admitted = 1 AND b.kind = 'add'
    AND b.site_id = (SELECT site_id FROM batch WHERE batch_id = :batch)
CROSS JOIN row p ON p.batch_id = b.batch_id AND p.row_number = m.of_row
WHERE m.batch_id = :batch;

-- name: mends_counted
-- The files that mend rows of a batch, and those rows by what became of them there.
SELECT b.batch_id, b.key, b.file_name, o.outcome, count(*)
FROM batch a CROSS JOIN mended m ON m.of_batch = a.key
CROSS JOIN row p ON p.batch_id = a.batch_id AND p.row_number = m.of_row
CROSS JOIN batch b ON b.batch_id = m.batch_id AND b.admitted = 1 AND b.site_id = a.site_id
CROSS JOIN row_outcome o ON o.batch_id = m.batch_id AND o.row_number = m.row_number
WHERE a.batch_id = :batch GROUP BY 1, 4 ORDER BY 1;

-- name: mended_rows
-- The rows of a batch that admitted files of its site mend.
SELECT DISTINCT m.of_row FROM batch a
CROSS JOIN mended m ON m.of_batch = a.key
CROSS JOIN batch b ON b.batch_id = m.batch_id AND b.admitted = 1 AND b.site_id = a.site_id
WHERE a.batch_id = :batch ORDER BY m.of_row;

-- name: files_of_payout
-- The admitted batches that mend rows of a batch, those that mend these rows, and so on.
WITH RECURSIVE member (batch_id, row_number) AS (
    SELECT b.batch_id, m.row_number FROM batch a CROSS JOIN mended m ON m.of_batch = a.key
    CROSS JOIN row p ON p.batch_id = a.batch_id AND p.row_number = m.of_row
    CROSS JOIN batch b ON b.batch_id = m.batch_id AND b.admitted = 1 AND b.site_id = a.site_id
    WHERE a.batch_id = :batch
    UNION
    SELECT b.batch_id, m.row_number FROM member n CROSS JOIN batch a ON a.batch_id = n.batch_id
    CROSS JOIN mended m ON m.of_batch = a.key AND m.of_row = n.row_number
    CROSS JOIN batch b ON b.batch_id = m.batch_id AND b.admitted = 1 AND b.site_id = a.site_id)
SELECT DISTINCT batch_id FROM member ORDER BY batch_id;

-- name: mending_rows
-- What became of the rows that mend a batch's, and where `whole` of those that mend these, and so on: by the row of the
-- batch, with what undid them (see `report_rows_reversed`).
WITH RECURSIVE mending (first_row, batch_id, row_number, mends_batch, mends_row) AS (
    SELECT m.of_row, b.batch_id, m.row_number, a.batch_id, m.of_row
    FROM batch a CROSS JOIN mended m ON m.of_batch = a.key
    CROSS JOIN row p ON p.batch_id = a.batch_id AND p.row_number = m.of_row
    CROSS JOIN batch b ON b.batch_id = m.batch_id AND b.admitted = 1 AND b.site_id = a.site_id
    WHERE a.batch_id = :batch
    UNION
    SELECT n.first_row, b.batch_id, m.row_number, a.batch_id, n.row_number
    FROM mending n CROSS JOIN batch a ON a.batch_id = n.batch_id
    CROSS JOIN mended m ON m.of_batch = a.key AND m.of_row = n.row_number
    CROSS JOIN batch b ON b.batch_id = m.batch_id AND b.admitted = 1 AND b.site_id = a.site_id
    WHERE :whole)
SELECT n.first_row, n.batch_id, n.mends_batch, n.mends_row, o.row_number, o.cells, o.outcome, o.rejected,
       CASE WHEN o.held_by IN (SELECT value FROM json_each(:undone)) THEN (
           SELECT json_array(substr(b.key, -64), d.credit_id) FROM identity i
           CROSS JOIN credit_request d ON d.request_id = i.request_id CROSS JOIN batch b ON b.batch_id = d.batch_id
           WHERE i.site_id = o.site_id AND i.customer_id = o.customer_id AND i.reference = :prefix || o.reference
             AND d.kind = 'deduct' AND d.state = 'credited' AND o.kind = 'add' AND o.state = 'credited'
             AND d.credit_type = o.credit_type AND same_money(o.amount_minor, o.amount_in_decimal, o.currency_code,
                 d.amount_minor, d.amount_in_decimal, d.currency_code)) END,
       o.reference, o.amount_minor, o.amount_in_decimal, o.currency_code, o.credit_type, o.credit_id, o.error_code,
       o.error_param, o.error, o.http_status, o.attempts, o.closing_balance, o.finished_at
FROM mending n CROSS JOIN row_outcome o ON o.batch_id = n.batch_id AND o.row_number = n.row_number
ORDER BY n.first_row, n.batch_id, n.row_number;

-- name: credited_in_payout
-- What the rows of a batch are credited with, and those that mend them, each credit once: counted by itself, for the
-- closing page to tie out against.
WITH RECURSIVE member (batch_id, row_number) AS (
    SELECT batch_id, row_number FROM row WHERE batch_id = :batch
    UNION
    SELECT b.batch_id, m.row_number FROM member n CROSS JOIN batch a ON a.batch_id = n.batch_id
    CROSS JOIN mended m ON m.of_batch = a.key AND m.of_row = n.row_number
    CROSS JOIN batch b ON b.batch_id = m.batch_id AND b.admitted = 1 AND b.site_id = a.site_id)
SELECT coalesce(r.currency_code, ''), count(*),
       json_group_array(r.amount_in_decimal) FILTER (WHERE r.amount_in_decimal IS NOT NULL),
       coalesce(sum(r.amount_minor >> 27), 0), coalesce(sum(r.amount_minor & 134217727), 0)
FROM credit_request r
WHERE r.state = 'credited' AND r.request_id IN (
    SELECT w.request_id FROM member n CROSS JOIN row w ON w.batch_id = n.batch_id AND w.row_number = n.row_number
    WHERE w.request_id IS NOT NULL)
GROUP BY 1;
