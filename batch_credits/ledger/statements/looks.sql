-- name: moment
-- Now, as a place in the history.
SELECT coalesce(max(entry_id), 0) FROM entry;

-- name: has_no_deduction
-- Whether nothing was deducted on the site: said by an index, where the others would walk back through all the history.
SELECT NOT EXISTS (SELECT 1 FROM credit_request WHERE kind = 'deduct' AND site_id = :site AND state = 'credited');

-- name: sent_since
-- Witnesses that were sent and proven by their own answers after a moment: whose attempts are of later entries, which the
-- ids only help to find. The oldest come first, as far as ids tell; any of them is a witness. A request has one call
-- under way, and what is credited is never sent, so an answer of its own belongs to its last attempt.
SELECT r.credit_id, r.customer_id FROM finding f JOIN credit_request r USING (request_id)
WHERE f.finding_id >= (SELECT min(first_finding) FROM entry WHERE entry_id > :entry) AND f.state = 'credited' AND f.reason IS NULL
  AND f.request_id IN (
    SELECT request_id FROM attempt
    WHERE attempt_id >= (SELECT min(first_attempt) FROM entry WHERE entry_id > :entry) AND entry_id > :entry)
  AND r.site_id = :site AND r.state = 'credited' AND r.kind = :kind
  AND (r.call ->> '$."chargebee-business-entity-id"') IS (:call ->> '$."chargebee-business-entity-id"')
ORDER BY f.finding_id LIMIT :limit;

-- name: answered_last
-- Witnesses by their own answers, the newest first. Backwards through the history: CROSS JOIN keeps SQLite from walking
-- the whole site instead.
SELECT r.credit_id, r.customer_id FROM finding f CROSS JOIN credit_request r ON r.request_id = f.request_id
WHERE f.state = 'credited' AND f.reason IS NULL AND r.site_id = :site AND r.state = 'credited' AND r.kind = :kind
  AND (r.call ->> '$."chargebee-business-entity-id"') IS (:call ->> '$."chargebee-business-entity-id"')
ORDER BY f.finding_id DESC LIMIT :limit;

-- name: proven_last
-- Witnesses that were proven in whatever way, the newest proof first.
SELECT r.credit_id, r.customer_id FROM finding f CROSS JOIN credit_request r ON r.request_id = f.request_id
WHERE f.state = 'credited' AND r.site_id = :site AND r.state = 'credited' AND r.kind = :kind
  AND (r.call ->> '$."chargebee-business-entity-id"') IS (:call ->> '$."chargebee-business-entity-id"')
ORDER BY f.finding_id DESC LIMIT :limit;

-- name: taken_over_last
-- Witnesses that `reconcile --since` took over: they were proven by the list alone, and have no findings.
SELECT r.credit_id, r.customer_id FROM credit_request r
WHERE r.site_id = :site AND r.state = 'credited' AND r.kind = :kind
  AND (r.call ->> '$."chargebee-business-entity-id"') IS (:call ->> '$."chargebee-business-entity-id"')
ORDER BY r.request_id DESC LIMIT :limit;

-- name: attributed
-- Which requests have these ids of Chargebee's.
SELECT credit_id, request_id, customer_id, reference, state = 'credited', attempts > 0 FROM credit_request
WHERE site_id = :site AND credit_id IN (SELECT value FROM json_each(:credits));

-- name: requests_of
-- Which requests stand for identities of these customers.
SELECT i.request_id, i.customer_id, i.reference, r.state = 'credited', r.credit_id, r.open_attempts > 0
FROM identity i CROSS JOIN credit_request r ON r.request_id = i.request_id
WHERE i.site_id = :site AND i.customer_id IN (SELECT value FROM json_each(:customers));

-- name: first_sent
-- When the run began that sent a request first, by the site's clock. Before version 4 ids were in order.
SELECT r.site_began_ms FROM attempt a JOIN run r USING (run_id) WHERE a.request_id = :request
ORDER BY a.entry_id NULLS FIRST, a.attempt_id LIMIT 1;
