-- The texts of PostgreSQL's where its words differ: see the file of the same name one folder above.

-- name: other_holders
-- The other requests of a request's site that have an id of Chargebee's, and whether a list alone told of them.
SELECT b.key, r.row_number, r.customer_id, r.reference, r.state = 'credited', b.file_sha256 = '' AND r.attempts = 0
FROM holder h JOIN credit_request r ON r.request_id = h.request_id AND r.credit_id = h.credit_id
JOIN batch b ON b.batch_id = r.batch_id
WHERE h.credit_id = :credit AND r.site_id = (SELECT site_id FROM request WHERE request_id = :request)
  AND r.request_id <> :request
ORDER BY r.request_id;

-- name: stands
-- Whether a request stands for its identity, and so may be sent.
SELECT 1 FROM request r JOIN identity i ON i.site_id = r.site_id AND i.customer_id = r.customer_id
 AND i.reference = lower(r.reference) AND i.request_id = r.request_id
WHERE r.request_id = :request;

-- name: lock_shard
-- From here to the end of the transaction nobody claims the shard of a request. It is a statement of its own, since one
-- that waits still sees what there was before.
SELECT s.shard FROM request r JOIN shard s ON s.site_id = r.site_id AND s.shard = r.shard
WHERE r.request_id = :request FOR SHARE OF s;

-- name: who_asks
-- Who holds the shard of a request only to ask Chargebee.
SELECT w.worker_id FROM request r JOIN shard s ON s.site_id = r.site_id AND s.shard = r.shard
JOIN worker w ON w.worker_id = s.owner
WHERE r.request_id = :request AND w.run_id IS NULL AND w.ended_at IS NULL AND w.until > lease_now_ms();

-- name: hold_in_review
-- That a request is in review still, and was not sent since: it stays so until the transaction's end.
UPDATE standing SET state = 'review' WHERE request_id = :request AND state = 'review' AND attempts = :attempts;

-- name: look_first
-- A request that a person says is not credited is looked at before it is sent, where it was sent before: a new key may
-- stand for another call, but only once a look has shown that the first one was not carried out.
UPDATE standing SET look_first = 1, error = NULL, call = :call WHERE request_id = :request;

-- name: take_over
-- Credits that Chargebee lists and the ledger does not know, once for each identity.
WITH listed AS (
    SELECT DISTINCT ON (value ->> 0, lower((value ->> 1) COLLATE "C"))
           place, value ->> 0 AS customer_id, value ->> 1 AS reference, CAST(value ->> 2 AS bigint) AS amount_minor,
           value ->> 3 AS amount_in_decimal, value ->> 4 AS currency_code, value ->> 5 AS credit_type,
           value ->> 6 AS credit_id, CAST(value ->> 7 AS bigint) AS row_number, value ->> 8 AS call
    FROM json_array_elements(CAST(:chunk AS json)) WITH ORDINALITY c (value, place)
    WHERE NOT EXISTS (SELECT 1 FROM identity i WHERE i.site_id = :site AND i.customer_id = value ->> 0
                      AND i.reference = lower((value ->> 1) COLLATE "C"))
    ORDER BY value ->> 0, lower((value ->> 1) COLLATE "C"), place),
new AS (SELECT nextval('request_request_id_seq') AS request_id, l.* FROM (SELECT * FROM listed ORDER BY place) l),
asked AS (
    INSERT INTO request (request_id, site_id, kind, customer_id, reference, amount_minor, amount_in_decimal,
                         currency_code, credit_type, body, row_number)
    SELECT n.request_id, :site, b.kind, n.customer_id, n.reference, n.amount_minor, n.amount_in_decimal,
           n.currency_code, n.credit_type, '', n.row_number FROM new n JOIN batch b ON b.batch_id = :batch),
standing_so AS (
    INSERT INTO standing (request_id, batch_id, state, credit_id, finished_at, call)
    SELECT request_id, :batch, 'credited', credit_id, :now, call FROM new),
held AS (INSERT INTO holder SELECT credit_id, request_id FROM new)
SELECT request_id, customer_id, reference FROM new ORDER BY request_id;

-- name: take_over_identity
-- One of them stands for its identity.
INSERT INTO identity SELECT site_id, customer_id, lower(reference), request_id FROM request WHERE request_id = :request;

-- name: take_over_row
-- One of them has a row, with the cells that its list would have in a file.
INSERT INTO row (batch_id, row_number, cells, request_id)
SELECT batch_id, row_number, CAST(json_build_array(customer_id, coalesce(CAST(amount_minor AS text), ''),
       coalesce(amount_in_decimal, ''), coalesce(currency_code, ''), credit_type, reference) AS text), request_id
FROM credit_request WHERE request_id = :request;
