-- The rows of a batch that is being staged, by group, lie in temporary tables of SQLite's. `q3 #2`, `q3 #17` are of a
-- group `q3`: a colon comes next after the digits.

-- name: begin_numbered
-- Rows whose group is known, with what they ask for; without a credit type one is rejected.
CREATE TEMP TABLE IF NOT EXISTS numbered (batch_id INTEGER, customer_id TEXT, reference TEXT, number INTEGER,
    row_number INTEGER, credit_type TEXT, amount_minor INTEGER, amount_in_decimal TEXT, currency_code TEXT,
    PRIMARY KEY (batch_id, customer_id, reference, number)) WITHOUT ROWID;

-- name: begin_unplaced
-- The first row of each kind whose group is not known; "" stands for the customer, or the reference, that it does not
-- tell.
CREATE TEMP TABLE IF NOT EXISTS unplaced (batch_id INTEGER, customer_id TEXT, reference TEXT, row_number INTEGER,
    PRIMARY KEY (batch_id, customer_id, reference)) WITHOUT ROWID;

-- name: add_numbered
-- A row, under the next number of its group.
INSERT INTO temp.numbered
SELECT :batch, :customer, :reference, coalesce(max(number), 0) + 1, :row, :credit_type, :amount_minor,
       :amount_in_decimal, :currency_code FROM temp.numbered
WHERE batch_id = :batch AND customer_id = :customer AND reference = :reference
RETURNING number;

-- name: add_unplaced
-- A row whose group is not known, unless one like it is there: the first is what counts.
INSERT INTO temp.unplaced VALUES (:batch, :customer, :reference, :row) ON CONFLICT DO NOTHING;

-- name: is_numbering
-- Whether rows are being numbered.
SELECT EXISTS (SELECT 1 FROM sqlite_temp_master WHERE name = 'numbered');

-- name: how_read
-- What a batch is, and whether its references are numbered, or its own already.
SELECT site_id, kind, options ->> '$.number_duplicates', options ->> '$.failed_csv' FROM batch WHERE batch_id = :batch;

-- name: knows_any
-- Whether anything is known of a site; the identities of a batch that is being staged are not taken yet.
SELECT EXISTS (SELECT 1 FROM identity WHERE site_id = :site);

-- name: has_unplaced
-- Whether a batch has rows whose group is not known.
SELECT EXISTS (SELECT 1 FROM temp.unplaced WHERE batch_id = :batch);

-- name: members
-- A batch's rows by group and number, what is known under each number that was not refused, and, of number 1, whether
-- any other number is known.
SELECT n.customer_id, n.reference, n.number, n.row_number, n.credit_type,
       n.amount_minor, n.amount_in_decimal, n.currency_code,
       n.number = 1 AND EXISTS (SELECT 1 FROM identity i WHERE i.site_id = :site AND i.customer_id = n.customer_id
           AND i.reference > n.reference || ' #' AND i.reference < n.reference || ' #:'
           AND substr(i.reference, length(n.reference) + 3) NOT GLOB '*[^0-9]*'),
       r.kind, r.credit_type, r.amount_minor, r.amount_in_decimal, r.currency_code,
       'row ' || r.row_number || ' of ' || b.file_name
FROM temp.numbered n
LEFT JOIN identity i ON i.site_id = :site AND i.customer_id = n.customer_id
    AND i.reference = CASE n.number WHEN 1 THEN n.reference ELSE n.reference || ' #' || n.number END
LEFT JOIN credit_request r ON r.request_id = i.request_id AND (r.state <> 'failed' OR r.look_first = 1)
LEFT JOIN batch b ON b.batch_id = r.batch_id
WHERE n.batch_id = :batch ORDER BY n.customer_id, n.reference, n.number;

-- name: beside_respelt
-- The new rows of each group of which another was rejected for its spelling, with the first such one. Each
-- engine has another name for the schema of temporary tables, and looks there first.
SELECT v.row_number, r.request_id, r.customer_id, r.reference, n.reference, n.number, o.row_number, o.number
FROM (SELECT n.customer_id, n.reference, min(n.number) AS number FROM numbered n
      JOIN row w ON w.batch_id = n.batch_id AND w.row_number = n.row_number
      WHERE n.batch_id = :batch AND n.credit_type IS NOT NULL AND w.rejected LIKE '%"reference_resembles"%'
      GROUP BY n.customer_id, n.reference) f
JOIN numbered o ON o.batch_id = :batch AND o.customer_id = f.customer_id AND o.reference = f.reference
    AND o.number = f.number
JOIN numbered n ON n.batch_id = :batch AND n.customer_id = f.customer_id AND n.reference = f.reference
JOIN row v ON v.batch_id = :batch AND v.row_number = n.row_number
JOIN credit_request r ON r.request_id = v.request_id AND r.batch_id = :batch AND r.state = 'pending';

-- name: first_gone
-- A known number of a group that is greater than those of the file, and was not refused.
SELECT i.reference, 'row ' || r.row_number || ' of ' || b.file_name
FROM identity i JOIN credit_request r USING (request_id) JOIN batch b ON b.batch_id = r.batch_id
WHERE i.site_id = :site AND i.customer_id = :customer AND (r.state <> 'failed' OR r.look_first = 1)
  AND i.reference > :group || ' #' AND i.reference < :group || ' #:'
  AND substr(i.reference, length(:group) + 3) NOT GLOB '*[^0-9]*'
  AND CAST(substr(i.reference, length(:group) + 3) AS INTEGER) > :numbers LIMIT 1;

-- name: first_unplaced
-- The first row that cannot be read and may be of a group.
SELECT min(row_number) FROM temp.unplaced
WHERE batch_id = :batch AND customer_id IN ('', :customer) AND reference IN ('', :group);

-- name: was_numbered
-- Whether another batch of the site was numbered, or names its references itself and so may go on with those of such a
-- one.
SELECT EXISTS (SELECT 1 FROM batch b WHERE b.site_id = (SELECT site_id FROM batch WHERE batch_id = :batch)
               AND b.batch_id <> :batch
               AND (b.options ->> '$.number_duplicates' OR b.options ->> '$.failed_csv'));

-- name: forgotten
-- Rows of a batch that is not numbered, of which nothing is known but numbers beyond the first, each with one of those.
SELECT s.row_number, s.customer_id, s.reference, min(i.reference), 'row ' || r.row_number || ' of ' || b.file_name
FROM credit_request s
CROSS JOIN identity i ON i.site_id = :site AND i.customer_id = s.customer_id
    AND i.reference > s.reference || ' #' AND i.reference < s.reference || ' #:'
    AND substr(i.reference, length(s.reference) + 3) NOT GLOB '*[^0-9]*'
    AND CAST(substr(i.reference, length(s.reference) + 3) AS INTEGER) > 1
CROSS JOIN credit_request r ON r.request_id = i.request_id AND (r.state <> 'failed' OR r.look_first = 1)
CROSS JOIN batch b ON b.batch_id = r.batch_id AND (b.options ->> '$.number_duplicates' OR b.options ->> '$.failed_csv')
WHERE s.batch_id = :batch AND s.state = 'pending' AND s.state NOT IN ('credited') AND NOT EXISTS (
    SELECT 1 FROM identity e JOIN credit_request k USING (request_id) WHERE e.site_id = :site
    AND e.customer_id = s.customer_id AND e.reference = s.reference AND (k.state <> 'failed' OR k.look_first = 1))
GROUP BY s.request_id;

-- name: staged_row
-- A staged row's request and money, or why it was rejected.
SELECT w.request_id, w.rejected, r.amount_minor, r.amount_in_decimal, r.currency_code
FROM row w LEFT JOIN credit_request r USING (request_id) WHERE w.batch_id = :batch AND w.row_number = :row;

-- name: forget_numbered
-- The groups of a batch whose staging is over.
DROP TABLE IF EXISTS temp.numbered;

-- name: forget_unplaced
-- And the rows that had none.
DROP TABLE IF EXISTS temp.unplaced;
