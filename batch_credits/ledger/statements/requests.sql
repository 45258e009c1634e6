-- name: planned
-- One request.
SELECT request_id, customer_id, reference, amount_minor, amount_in_decimal, currency_code, credit_type, body,
       generation, key_spoiled, open_attempts, attempts, state, kind, call, credit_id, look_first
FROM credit_request WHERE request_id = :request;

-- name: state_of_row
-- How a row stands, and why.
SELECT r.request_id, r.state, r.error FROM row w LEFT JOIN credit_request r USING (request_id)
WHERE w.batch_id = :batch AND w.row_number = :row;

-- name: other_holders
-- The other requests of a request's site that have an id of Chargebee's, and whether a list alone told of them.
SELECT b.key, r.row_number, r.customer_id, r.reference, r.state = 'credited', b.file_sha256 = '' AND r.attempts = 0
FROM credit_request r JOIN batch b USING (batch_id)
WHERE r.site_id = (SELECT site_id FROM credit_request WHERE request_id = :request) AND r.credit_id = :credit
  AND r.request_id <> :request
ORDER BY r.request_id;

-- name: stands
-- Whether a request stands for its identity, and so may be sent.
SELECT 1 FROM credit_request r JOIN identity i USING (request_id, site_id, customer_id, reference)
WHERE r.request_id = :request;

-- name: lock_shard
-- From here to the end of the transaction nobody claims the shard of a request. SQLite has one writer anyhow.
SELECT request_id FROM credit_request WHERE request_id = :request;

-- name: who_asks
-- Who holds the shard of a request only to ask Chargebee.
SELECT w.worker_id FROM credit_request r JOIN request_shard v USING (request_id)
JOIN shard s ON s.site_id = r.site_id AND s.shard = v.shard JOIN worker w ON w.worker_id = s.owner
WHERE r.request_id = :request AND w.run_id IS NULL AND w.ended_at IS NULL AND w.until > lease_now_ms();

-- name: hold_in_review
-- That a request is in review still, and was not sent since: it stays so until the transaction's end.
UPDATE credit_request SET state = 'review' WHERE request_id = :request AND state = 'review' AND attempts = :attempts;

-- name: look_first
-- A request that a person says is not credited is looked at before it is sent, where it was sent before: a new key may
-- stand for another call, but only once a look has shown that the first one was not carried out.
UPDATE credit_request SET look_first = 1, error = NULL, call = :call WHERE request_id = :request;

-- name: take_over
-- Credits that Chargebee lists and the ledger does not know, once for each identity.
INSERT INTO credit_request (site_id, kind, customer_id, reference, amount_minor, amount_in_decimal, currency_code,
                            credit_type, body, batch_id, row_number, state, credit_id, finished_at, call)
SELECT :site, kind, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, '', batch_id,
       value ->> 7, 'credited', value ->> 6, :now, value ->> 8
FROM json_each(:chunk) c CROSS JOIN batch WHERE batch_id = :batch AND NOT EXISTS (
    SELECT 1 FROM identity WHERE site_id = :site AND customer_id = value ->> 0 AND reference = value ->> 1)
GROUP BY value ->> 0, value ->> 1 COLLATE NOCASE HAVING min(c.key) IS NOT NULL ORDER BY c.key
RETURNING request_id, customer_id, reference;

-- name: take_over_identity
-- One of them stands for its identity.
INSERT INTO identity SELECT site_id, customer_id, reference, request_id FROM credit_request WHERE request_id = :request;

-- name: take_over_row
-- One of them has a row, with the cells that its list would have in a file.
INSERT INTO row (batch_id, row_number, cells, request_id)
SELECT batch_id, row_number, json_array(customer_id, coalesce(CAST(amount_minor AS TEXT), ''),
       coalesce(amount_in_decimal, ''), coalesce(currency_code, ''), credit_type, reference), request_id
FROM credit_request WHERE request_id = :request;
