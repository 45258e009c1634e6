-- The texts of PostgreSQL's where its words differ: see the file of the same name one folder above.

-- name: begin_listed
-- The credits that are listed, each with the requests that it belongs to, and whether it is theirs for certain.
CREATE TEMP TABLE listed (credit_id text COLLATE "C", customer_id text COLLATE "C", request_id bigint,
                          amount_minor bigint, amount_in_decimal text, currency_code text, credit_type text,
                          is_certain boolean, PRIMARY KEY (credit_id, request_id));

-- name: index_listed
-- They are asked for by request.
CREATE INDEX listed_request ON pg_temp.listed (request_id);

-- name: begin_customers
-- The batch's customers by the form of their ids, since the site may keep those in another one.
CREATE TEMP TABLE customer (form text COLLATE "C", customer_id text COLLATE "C");

-- name: index_customers
-- They are asked for by form.
CREATE INDEX customer_form ON pg_temp.customer (form);

-- name: listed_by_texts
-- Which requests of a page of the list have the very texts of a listed credit.
SELECT value ->> 0, i.request_id FROM json_array_elements(CAST(:chunk AS json)) value
JOIN identity i ON i.site_id = :site AND i.customer_id = value ->> 1 AND i.reference = lower((value ->> 2) COLLATE "C");

-- name: listed_by_id
-- Which requests are credited by the id of a listed credit, and their texts.
SELECT value ->> 0, r.request_id, r.customer_id, r.reference
FROM json_array_elements(CAST(:chunk AS json)) value JOIN holder h ON h.credit_id = value ->> 0
JOIN credit_request r ON r.request_id = h.request_id AND r.credit_id = h.credit_id
WHERE r.site_id = :site AND r.state = 'credited';

-- name: listed_by_form
-- Which requests are of the customer of a listed credit, by the form of its id, and their texts.
SELECT value ->> 0, r.request_id, r.customer_id, r.reference
FROM json_array_elements(CAST(:chunk AS json)) value JOIN pg_temp.customer c ON c.form = value ->> 3
JOIN identity i ON i.site_id = :site AND i.customer_id = c.customer_id
JOIN request r ON r.request_id = i.request_id;

-- name: listed_entities
-- For which business entities the batch's rows were sent.
SELECT CAST(call AS json) ->> 'chargebee-business-entity-id' FROM (
    SELECT DISTINCT s.call FROM row w JOIN standing s USING (request_id)
    WHERE w.batch_id = :batch AND s.call IS NOT NULL) sent
GROUP BY 1 ORDER BY 1 NULLS FIRST;

-- name: unrecorded
-- Requests that the ledger does not call credited and for which something is listed: which of it settles them, for
-- certain (the same money, no doubt whose it is, and no answer named the credit for another row that is not settled),
-- and which does not.
SELECT request_id, is_in_review, CAST(coalesce(json_agg(credit_id) FILTER (WHERE is_certain), '[]') AS text),
       CAST(coalesce(json_agg(credit_id) FILTER (WHERE NOT is_certain), '[]') AS text)
FROM (SELECT r.request_id, r.state = 'review' AS is_in_review, l.credit_id,
             coalesce(l.is_certain AND (l.currency_code IS NOT DISTINCT FROM r.currency_code OR r.currency_code IS NULL)
                 AND (l.credit_type = r.credit_type OR l.credit_type IS NULL)
                 AND CASE WHEN r.amount_in_decimal IS NULL THEN l.amount_minor = r.amount_minor
                     ELSE same_decimal(l.amount_in_decimal, r.amount_in_decimal) END
                 AND NOT EXISTS (SELECT 1 FROM holder h JOIN credit_request o ON o.request_id = h.request_id
                     WHERE h.credit_id = l.credit_id AND o.credit_id = l.credit_id AND o.site_id = r.site_id
                       AND o.request_id <> r.request_id AND o.state <> 'credited'), false)
                 AS is_certain
      FROM pg_temp.listed l JOIN credit_request r ON r.request_id = l.request_id
      JOIN row w ON w.request_id = r.request_id
      WHERE w.batch_id = :batch AND r.state <> 'credited' AND r.current = 1 ORDER BY r.request_id, l.credit_id) held
GROUP BY request_id, is_in_review ORDER BY request_id;

-- name: compared
-- Every row's request beside what is listed for it: whether its own credit is, and how many of the same and of other
-- money.
SELECT row_number, customer_id, reference, kind, state, credit_id, coalesce(sum(CAST(listed_id = credit_id AS integer)), 0),
       coalesce(sum(CAST(is_same AS integer)), 0),
       coalesce(sum(CAST(listed_id IS NOT NULL AND NOT coalesce(is_same, false) AS integer)), 0),
       string_agg(listed_id, ', ' ORDER BY listed_id)
FROM (SELECT w.row_number, r.customer_id, r.reference, r.kind, r.state, r.credit_id, l.credit_id AS listed_id,
             (l.currency_code IS NOT DISTINCT FROM r.currency_code OR r.currency_code IS NULL)
                 AND (l.credit_type = r.credit_type OR l.credit_type IS NULL)
                 AND CASE WHEN r.amount_in_decimal IS NULL THEN l.amount_minor = r.amount_minor
                     ELSE same_decimal(l.amount_in_decimal, r.amount_in_decimal) END AS is_same
      FROM row w JOIN credit_request r USING (request_id)
      LEFT JOIN pg_temp.listed l ON l.request_id = r.request_id AND (l.is_certain OR r.state <> 'credited')
      WHERE w.batch_id = :batch) held
GROUP BY row_number, customer_id, reference, kind, state, credit_id ORDER BY row_number;
