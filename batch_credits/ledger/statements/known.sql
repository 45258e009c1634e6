-- What a ledger to look into asks of the real one, which is attached as `known`: the texts of `slots`, `profiles`,
-- `payouts` and `learned` for another place.

-- name: parents
-- The batches whose rows a staged batch says to mend.
SELECT m.of_batch, count(*), count(p.row_number), count(*) - count(DISTINCT m.of_row), b.batch_id, b.file_name, s.name
FROM main.mended m LEFT JOIN known.batch b ON b.key = m.of_batch AND b.admitted = 1 AND b.kind = 'add'
LEFT JOIN known.site s ON s.site_id = b.site_id
LEFT JOIN known.row p ON p.batch_id = b.batch_id AND p.row_number = m.of_row
WHERE m.batch_id = :batch GROUP BY m.of_batch ORDER BY 2 DESC, 1;

-- name: mends_any
-- Whether a file says of any of its rows which one it mends, proposes to pay one that failed before, or is mended already.
SELECT EXISTS (SELECT 1 FROM main.mended WHERE batch_id = :batch)
    OR EXISTS (SELECT 1 FROM main.credit_request WHERE batch_id = :batch AND current = 0)
    OR EXISTS (SELECT 1 FROM main.batch b CROSS JOIN known.mended m ON m.of_batch = b.key WHERE b.batch_id = :batch);

-- name: mended_before
-- Staged rows that would be paid, and that mend what is paid or may be paid yet.
WITH RECURSIVE above (row_number, key, at) AS (
    SELECT m.row_number, m.of_batch, m.of_row FROM main.mended m WHERE m.batch_id = :batch
    UNION
    SELECT m.of_row, b.key, m.of_row FROM main.batch b CROSS JOIN known.mended m ON m.of_batch = b.key
    WHERE b.batch_id = :batch
    UNION
    SELECT n.row_number, b.key, w.row_number FROM main.credit_request n
    CROSS JOIN known.identity i ON i.site_id = (SELECT site_id FROM known.site
                                                WHERE name = (SELECT name FROM main.site WHERE site_id = n.site_id))
        AND i.customer_id = n.customer_id AND i.reference = n.reference
    CROSS JOIN known.row w ON w.request_id = i.request_id CROSS JOIN known.batch b ON b.batch_id = w.batch_id
    WHERE n.batch_id = :batch AND n.current = 0
    UNION
    SELECT a.row_number, m.of_batch, m.of_row FROM above a CROSS JOIN known.batch b ON b.key = a.key
    CROSS JOIN known.mended m ON m.batch_id = b.batch_id AND m.row_number = a.at),
family (row_number, key, at) AS (
    SELECT row_number, key, at FROM above
    UNION
    SELECT f.row_number, b.key, m.row_number FROM family f
    CROSS JOIN known.mended m ON m.of_batch = f.key AND m.of_row = f.at
    CROSS JOIN known.batch b ON b.batch_id = m.batch_id AND b.admitted = 1)
SELECT s.row_number, r.request_id, r.site_id, r.customer_id, r.reference, r.amount_minor, r.amount_in_decimal,
       r.currency_code, o.state, o.credit_id, o.reference, f.at, b.file_name, b.key,
       EXISTS (SELECT 1 FROM main.mended WHERE batch_id = :batch AND row_number = s.row_number)
FROM family f
CROSS JOIN main.row s ON s.batch_id = :batch AND s.row_number = f.row_number
CROSS JOIN main.credit_request r ON r.request_id = s.request_id AND r.batch_id = :batch AND r.attempts = 0
CROSS JOIN known.batch b ON b.key = f.key AND b.admitted = 1 AND b.kind = 'add'
    AND b.site_id = (SELECT site_id FROM known.site
                     WHERE name = (SELECT name FROM main.site WHERE site_id = r.site_id))
CROSS JOIN known.row w ON w.batch_id = b.batch_id AND w.row_number = f.at
CROSS JOIN known.credit_request o ON o.request_id = w.request_id AND o.current = 1
    AND (o.state <> 'failed' OR o.look_first = 1)
    AND (o.customer_id <> r.customer_id OR o.reference <> r.reference)
WHERE NOT EXISTS (
    SELECT 1 FROM known.identity i CROSS JOIN known.credit_request d ON d.request_id = i.request_id
    WHERE i.site_id = o.site_id AND i.customer_id = o.customer_id AND i.reference = :prefix || o.reference
      AND d.kind = 'deduct' AND d.state = 'credited' AND o.state = 'credited'
      AND d.credit_type = o.credit_type AND same_money(o.amount_minor, o.amount_in_decimal, o.currency_code,
          d.amount_minor, d.amount_in_decimal, d.currency_code))
GROUP BY s.row_number ORDER BY s.row_number;

-- name: noted_slots
-- What of its limit a site may still count.
SELECT recent FROM known.site WHERE name = :site;

-- name: attempts_since
-- How many attempts were journaled for a site after such a note, and when the last one was.
SELECT count(*), coalesce(max(at), 0) FROM (
    SELECT a.at FROM known.attempt a JOIN known.credit_request USING (request_id)
    WHERE attempt_id > :attempt AND site_id = (SELECT site_id FROM known.site WHERE name = :site)
    ORDER BY attempt_id DESC LIMIT :most);

-- name: earlier_amounts
-- How the amounts are spread that the site was credited lately; none of them is of the batch that is looked into.
SELECT coalesce(r.currency_code, ''), length(r.amount_minor), substr(r.amount_minor, 1, 2), count(*),
       coalesce(sum(r.amount_minor >> 27), 0), coalesce(sum(r.amount_minor & 134217727), 0)
FROM (SELECT * FROM known.credit_request
      WHERE site_id = (SELECT site_id FROM known.site WHERE name = :site) AND state = 'credited'
        AND amount_minor IS NOT NULL AND kind = 'add'
      ORDER BY request_id DESC LIMIT :most) r
GROUP BY 1, 2, 3;

-- name: mended_at_once
-- Staged rows that would be paid, and that mend what a row further up in the file does, itself or through others, under
-- another identity.
WITH RECURSIVE above (row_number, key, at) AS MATERIALIZED (
    SELECT m.row_number, m.of_batch, m.of_row FROM main.mended m WHERE m.batch_id = :batch
    UNION
    SELECT a.row_number, m.of_batch, m.of_row FROM above a CROSS JOIN known.batch b ON b.key = a.key
    CROSS JOIN known.mended m ON m.batch_id = b.batch_id AND m.row_number = a.at)
SELECT s.row_number, r.request_id, r.site_id, r.customer_id, r.reference, r.amount_minor, r.amount_in_decimal,
       r.currency_code, o.state, o.credit_id, o.reference, w.row_number, b.file_name, b.key, 1
FROM (SELECT first.row_number AS first_row, other.row_number AS other_row
      FROM (SELECT a.key, a.at, min(a.row_number) AS row_number FROM above a
            JOIN main.row s ON s.batch_id = :batch AND s.row_number = a.row_number AND s.request_id IS NOT NULL
            GROUP BY a.key, a.at HAVING count(*) > 1) several
      JOIN known.batch known_batch ON known_batch.key = several.key AND known_batch.admitted = 1
      JOIN known.row named ON named.batch_id = known_batch.batch_id AND named.row_number = several.at
      JOIN above first ON first.key = several.key AND first.at = several.at
          AND first.row_number = several.row_number
      JOIN above other ON other.key = several.key AND other.at = several.at AND other.row_number > first.row_number
     ) pair
CROSS JOIN main.row s ON s.batch_id = :batch AND s.row_number = pair.other_row
CROSS JOIN main.credit_request r ON r.request_id = s.request_id AND r.batch_id = :batch AND r.attempts = 0
CROSS JOIN main.row w ON w.batch_id = :batch AND w.row_number = pair.first_row
CROSS JOIN main.credit_request o ON o.request_id = w.request_id AND o.state <> 'failed'
    AND (o.customer_id <> r.customer_id OR o.reference <> r.reference)
CROSS JOIN main.batch b ON b.batch_id = :batch
GROUP BY s.row_number ORDER BY s.row_number;

-- name: learned
-- What only a list of the site's told of.
SELECT r.customer_id, r.reference, 'row ' || w.row_number || ' of ' || b.file_name
FROM known.site s JOIN known.batch b ON b.site_id = s.site_id JOIN known.row w ON w.batch_id = b.batch_id
JOIN known.credit_request r ON r.request_id = w.request_id
WHERE s.name = :site AND b.file_sha256 = '' AND r.state = 'credited' AND r.attempts = 0;
