-- The rows of a batch that is being staged, by group, lie in temporary tables. The identities are in small letters, and
-- so is what they are compared with.

-- name: begin_numbered
-- Rows whose group is known, with what they ask for; without a credit type one is rejected.
CREATE TEMP TABLE IF NOT EXISTS numbered (batch_id bigint, customer_id text COLLATE "C", reference text COLLATE "C",
    number bigint, row_number bigint, credit_type text, amount_minor bigint, amount_in_decimal text, currency_code text,
    PRIMARY KEY (batch_id, customer_id, reference, number));

-- name: begin_unplaced
-- The first row of each kind whose group is not known; "" stands for the customer, or the reference, that it does not
-- tell.
CREATE TEMP TABLE IF NOT EXISTS unplaced (batch_id bigint, customer_id text COLLATE "C", reference text COLLATE "C",
    row_number bigint, PRIMARY KEY (batch_id, customer_id, reference));

-- name: add_numbered
-- A row, under the next number of its group.
INSERT INTO pg_temp.numbered
SELECT :batch, :customer, :reference, coalesce(max(number), 0) + 1, :row, :credit_type, :amount_minor,
       :amount_in_decimal, :currency_code FROM pg_temp.numbered
WHERE batch_id = :batch AND customer_id = :customer AND reference = :reference
RETURNING number;

-- name: is_numbering
-- Whether rows are being numbered.
SELECT to_regclass('pg_temp.numbered') IS NOT NULL;

-- name: how_read
-- What a batch is, and whether its references are numbered, or its own already.
SELECT site_id, kind, coalesce(CAST(CAST(options AS json) ->> 'number_duplicates' AS boolean), false),
       coalesce(CAST(CAST(options AS json) ->> 'failed_csv' AS boolean), false) FROM batch WHERE batch_id = :batch;

-- name: members
-- A batch's rows by group and number, what is known under each number that was not refused, and, of number 1, whether
-- any other number is known.
SELECT n.customer_id, n.reference, n.number, n.row_number, n.credit_type,
       n.amount_minor, n.amount_in_decimal, n.currency_code,
       n.number = 1 AND EXISTS (SELECT 1 FROM identity i WHERE i.site_id = :site AND i.customer_id = n.customer_id
           AND i.reference > lower(n.reference) || ' #' AND i.reference < lower(n.reference) || ' #:'
           AND substr(i.reference, length(n.reference) + 3) !~ '[^0-9]'),
       r.kind, r.credit_type, r.amount_minor, r.amount_in_decimal, r.currency_code,
       'row ' || r.row_number || ' of ' || b.file_name
FROM pg_temp.numbered n
LEFT JOIN identity i ON i.site_id = :site AND i.customer_id = n.customer_id
    AND i.reference = lower(CASE n.number WHEN 1 THEN n.reference ELSE n.reference || ' #' || n.number END)
LEFT JOIN credit_request r ON r.request_id = i.request_id AND (r.state <> 'failed' OR r.look_first = 1)
LEFT JOIN batch b ON b.batch_id = r.batch_id
WHERE n.batch_id = :batch ORDER BY n.customer_id, n.reference, n.number;

-- name: first_gone
-- A known number of a group that is greater than those of the file, and was not refused.
SELECT r.reference, 'row ' || r.row_number || ' of ' || b.file_name
FROM identity i JOIN credit_request r USING (request_id) JOIN batch b ON b.batch_id = r.batch_id
WHERE i.site_id = :site AND i.customer_id = :customer AND (r.state <> 'failed' OR r.look_first = 1)
  AND i.reference > lower(CAST(:group AS text) COLLATE "C") || ' #'
  AND i.reference < lower(CAST(:group AS text) COLLATE "C") || ' #:'
  AND substr(i.reference, length(CAST(:group AS text)) + 3) !~ '[^0-9]'
  AND CAST('0' || substr(i.reference, length(CAST(:group AS text)) + 3) AS numeric) > :numbers
ORDER BY i.reference LIMIT 1;

-- name: was_numbered
-- Whether another batch of the site was numbered, or names its references itself and so may go on with those of such a
-- one.
SELECT EXISTS (SELECT 1 FROM batch b WHERE b.site_id = (SELECT site_id FROM batch WHERE batch_id = :batch)
               AND b.batch_id <> :batch AND (
                   coalesce(CAST(CAST(b.options AS json) ->> 'number_duplicates' AS boolean), false)
                   OR coalesce(CAST(CAST(b.options AS json) ->> 'failed_csv' AS boolean), false)));

-- name: forgotten
-- Rows of a batch that is not numbered, of which nothing is known but numbers beyond the first, each with one of those.
SELECT DISTINCT ON (s.request_id) s.row_number, s.customer_id, s.reference, r.reference,
       'row ' || r.row_number || ' of ' || b.file_name
FROM credit_request s
JOIN identity i ON i.site_id = :site AND i.customer_id = s.customer_id
    AND i.reference > lower(s.reference) || ' #' AND i.reference < lower(s.reference) || ' #:'
    AND substr(i.reference, length(s.reference) + 3) !~ '[^0-9]'
    AND CAST('0' || substr(i.reference, length(s.reference) + 3) AS numeric) > 1
JOIN credit_request r ON r.request_id = i.request_id AND (r.state <> 'failed' OR r.look_first = 1)
JOIN batch b ON b.batch_id = r.batch_id AND (
    coalesce(CAST(CAST(b.options AS json) ->> 'number_duplicates' AS boolean), false)
    OR coalesce(CAST(CAST(b.options AS json) ->> 'failed_csv' AS boolean), false))
WHERE s.batch_id = :batch AND s.state = 'pending' AND NOT EXISTS (
    SELECT 1 FROM identity e JOIN standing k USING (request_id) WHERE e.site_id = :site
    AND e.customer_id = s.customer_id AND e.reference = lower(s.reference) AND (k.state <> 'failed' OR k.look_first = 1))
ORDER BY s.request_id, i.reference;
