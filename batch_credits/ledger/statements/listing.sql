-- What Chargebee lists lies in temporary tables of SQLite's: it is evidence for one comparison, not memory.

-- name: forget_listed
-- The credits of an earlier listing.
DROP TABLE IF EXISTS temp.listed;

-- name: begin_listed
-- The credits that are listed, each with the requests that it belongs to, and whether it is theirs for certain.
CREATE TEMP TABLE listed (credit_id TEXT, customer_id TEXT, request_id INTEGER, amount_minor INTEGER, amount_in_decimal TEXT,
                          currency_code TEXT, credit_type TEXT, is_certain INTEGER, PRIMARY KEY (credit_id, request_id));

-- name: index_listed
-- They are asked for by request.
CREATE INDEX temp.listed_request ON listed (request_id);

-- name: forget_customers
-- The customers of an earlier listing.
DROP TABLE IF EXISTS temp.customer;

-- name: begin_customers
-- The batch's customers by the form of their ids, since the site may keep those in another one.
CREATE TEMP TABLE customer (form TEXT, customer_id TEXT);

-- name: index_customers
-- They are asked for by form.
CREATE INDEX temp.customer_form ON customer (form);

-- name: listed_by_texts
-- Which requests of a page of the list have the very texts of a listed credit.
SELECT value ->> 0, i.request_id FROM json_each(:chunk)
CROSS JOIN identity i ON i.site_id = :site AND i.customer_id = value ->> 1 AND i.reference = value ->> 2;

-- name: listed_by_id
-- Which requests are credited by the id of a listed credit, and their texts.
SELECT value ->> 0, r.request_id, r.customer_id, r.reference FROM json_each(:chunk)
CROSS JOIN credit_request r ON r.site_id = :site AND r.credit_id = value ->> 0 AND r.state = 'credited';

-- name: listed_by_form
-- Which requests are of the customer of a listed credit, by the form of its id, and their texts.
SELECT value ->> 0, i.request_id, i.customer_id, i.reference FROM json_each(:chunk)
CROSS JOIN temp.customer c ON c.form = value ->> 3
CROSS JOIN identity i ON i.site_id = :site AND i.customer_id = c.customer_id;

-- name: add_listed
-- A listed credit, with a request that it belongs to. What comes twice is there; of it the more certain word counts.
INSERT INTO temp.listed
VALUES (:credit_id, :customer, :request, :amount_minor, :amount_in_decimal, :currency_code, :credit_type, :is_certain)
ON CONFLICT (credit_id, request_id) DO UPDATE SET is_certain = listed.is_certain OR excluded.is_certain;

-- name: listed_beside_own
-- What is listed for the customer for whom a row's own credit is listed is that customer's, however its id is spelt.
UPDATE temp.listed SET is_certain = (1 = 1)
WHERE NOT is_certain AND EXISTS (
    SELECT 1 FROM temp.listed o
    JOIN credit_request r ON r.request_id = o.request_id AND r.credit_id = o.credit_id AND r.state = 'credited'
    WHERE o.request_id = listed.request_id AND o.customer_id = listed.customer_id);

-- name: customers
-- The batch's customers.
SELECT DISTINCT r.customer_id FROM row w JOIN credit_request r USING (request_id) WHERE w.batch_id = :batch;

-- name: unlisted_customers
-- Those with a credited request that the listing does not show.
SELECT DISTINCT r.customer_id FROM row w JOIN credit_request r USING (request_id)
WHERE w.batch_id = :batch
  AND r.state = 'credited' AND NOT EXISTS (SELECT 1 FROM temp.listed l WHERE l.credit_id = r.credit_id);

-- name: listed_entities
-- For which business entities the batch's rows were sent.
SELECT DISTINCT r.call ->> '$."chargebee-business-entity-id"'
FROM row w JOIN credit_request r USING (request_id) WHERE w.batch_id = :batch AND r.call IS NOT NULL ORDER BY 1;

-- name: first_attempt
-- When the batch's first attempt was journaled.
SELECT min(a.at) FROM attempt a
WHERE a.request_id IN (SELECT request_id FROM row WHERE batch_id = :batch AND request_id IS NOT NULL);

-- name: sent_since_moment
-- How many requests of the site, of the batch's kind, were sent since a moment and are credited: so many are listed.
SELECT count(*) FROM (SELECT DISTINCT a.request_id FROM attempt a JOIN credit_request r USING (request_id)
JOIN batch b ON b.site_id = r.site_id AND b.kind = r.kind
WHERE b.batch_id = :batch AND a.at >= :since AND r.state = 'credited' LIMIT :most) AS sent;

-- name: pages_by_customer
-- How many pages the lists of the batch's customers have at least.
SELECT coalesce(sum(CASE WHEN credited <= :page THEN 1 ELSE (credited + :page - 1) / :page END), 0)
FROM (SELECT count(CASE WHEN r.state = 'credited' THEN 1 END) AS credited
      FROM row w JOIN credit_request r USING (request_id) WHERE w.batch_id = :batch GROUP BY r.customer_id) AS each_one;

-- name: unrecorded
-- Requests that the ledger does not call credited and for which something is listed: which of it settles them, for
-- certain (the same money, no doubt whose it is, and no answer named the credit for another row that is not settled),
-- and which does not.
SELECT request_id, is_in_review, json_group_array(credit_id) FILTER (WHERE is_certain),
       json_group_array(credit_id) FILTER (WHERE NOT is_certain)
FROM (SELECT r.request_id, r.state = 'review' AS is_in_review, l.credit_id,
             coalesce(l.is_certain AND (l.currency_code IS r.currency_code OR r.currency_code IS NULL)
                 AND (l.credit_type = r.credit_type OR l.credit_type IS NULL)
                 AND CASE WHEN r.amount_in_decimal IS NULL THEN l.amount_minor = r.amount_minor
                     ELSE same_decimal(l.amount_in_decimal, r.amount_in_decimal) END
                 AND NOT EXISTS (SELECT 1 FROM credit_request o WHERE o.site_id = r.site_id
                     AND o.credit_id = l.credit_id AND o.request_id <> r.request_id AND o.state <> 'credited'), 0)
                 AS is_certain
      FROM row w JOIN credit_request r USING (request_id) JOIN temp.listed l ON l.request_id = r.request_id
      WHERE w.batch_id = :batch AND r.state <> 'credited' AND r.current = 1)
GROUP BY request_id;

-- name: listed_money
-- What is listed under the batch's identities, whatever the ledger says: what is listed for a row that names no
-- currency is in the site's. What may be another customer's is not counted beside a row's own credit.
SELECT CASE WHEN r.currency_code IS NULL THEN '' ELSE coalesce(l.currency_code, '') END,
       CASE WHEN r.amount_in_decimal IS NULL THEN l.amount_minor END,
       CASE WHEN r.amount_in_decimal IS NOT NULL THEN l.amount_in_decimal END
FROM row w JOIN credit_request r USING (request_id)
JOIN temp.listed l ON l.request_id = r.request_id AND (l.is_certain OR r.state <> 'credited')
WHERE w.batch_id = :batch;

-- name: compared
-- Every row's request beside what is listed for it: whether its own credit is, and how many of the same and of other
-- money.
SELECT row_number, customer_id, reference, kind, state, credit_id, coalesce(sum(listed_id = credit_id), 0),
       coalesce(sum(is_same), 0), coalesce(sum(listed_id IS NOT NULL AND NOT coalesce(is_same, 0)), 0),
       group_concat(listed_id, ', ')
FROM (SELECT w.row_number, r.customer_id, r.reference, r.kind, r.state, r.credit_id, l.credit_id AS listed_id,
             (l.currency_code IS r.currency_code OR r.currency_code IS NULL)
                 AND (l.credit_type = r.credit_type OR l.credit_type IS NULL)
                 AND CASE WHEN r.amount_in_decimal IS NULL THEN l.amount_minor = r.amount_minor
                     ELSE same_decimal(l.amount_in_decimal, r.amount_in_decimal) END AS is_same
      FROM row w JOIN credit_request r USING (request_id)
      LEFT JOIN temp.listed l ON l.request_id = r.request_id AND (l.is_certain OR r.state <> 'credited')
      WHERE w.batch_id = :batch)
GROUP BY row_number ORDER BY row_number;
