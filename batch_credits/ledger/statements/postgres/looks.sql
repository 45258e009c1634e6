-- The texts of PostgreSQL's where its words differ: see the file of the same name one folder above.

-- name: sent_since
-- Witnesses that were sent and proven by their own answers after a moment.
SELECT r.credit_id, r.customer_id FROM finding f JOIN credit_request r USING (request_id)
WHERE f.finding_id >= (SELECT min(first_finding) FROM entry WHERE entry_id > :entry) AND f.state = 'credited'
  AND f.reason IS NULL AND f.request_id IN (
    SELECT request_id FROM attempt
    WHERE attempt_id >= (SELECT min(first_attempt) FROM entry WHERE entry_id > :entry) AND entry_id > :entry)
  AND r.site_id = :site AND r.state = 'credited' AND r.kind = :kind
  AND (CAST(r.call AS json) ->> 'chargebee-business-entity-id')
      IS NOT DISTINCT FROM (CAST(:call AS json) ->> 'chargebee-business-entity-id')
ORDER BY f.finding_id LIMIT :limit;

-- name: answered_last
-- Witnesses by their own answers, the newest first.
SELECT r.credit_id, r.customer_id FROM finding f JOIN credit_request r ON r.request_id = f.request_id
WHERE f.state = 'credited' AND f.reason IS NULL AND r.site_id = :site AND r.state = 'credited' AND r.kind = :kind
  AND (CAST(r.call AS json) ->> 'chargebee-business-entity-id')
      IS NOT DISTINCT FROM (CAST(:call AS json) ->> 'chargebee-business-entity-id')
ORDER BY f.finding_id DESC LIMIT :limit;

-- name: proven_last
-- Witnesses that were proven in whatever way, the newest proof first.
SELECT r.credit_id, r.customer_id FROM finding f JOIN credit_request r ON r.request_id = f.request_id
WHERE f.state = 'credited' AND r.site_id = :site AND r.state = 'credited' AND r.kind = :kind
  AND (CAST(r.call AS json) ->> 'chargebee-business-entity-id')
      IS NOT DISTINCT FROM (CAST(:call AS json) ->> 'chargebee-business-entity-id')
ORDER BY f.finding_id DESC LIMIT :limit;

-- name: taken_over_last
-- Witnesses that `reconcile --since` took over: they were proven by the list alone, and have no findings.
SELECT r.credit_id, r.customer_id FROM credit_request r
WHERE r.site_id = :site AND r.state = 'credited' AND r.kind = :kind
  AND (CAST(r.call AS json) ->> 'chargebee-business-entity-id')
      IS NOT DISTINCT FROM (CAST(:call AS json) ->> 'chargebee-business-entity-id')
ORDER BY r.request_id DESC LIMIT :limit;

-- name: attributed
-- Which requests have these ids of Chargebee's.
SELECT r.credit_id, r.request_id, r.customer_id, r.reference, r.state = 'credited', r.attempts > 0
FROM json_array_elements_text(CAST(:credits AS json)) wanted JOIN holder h ON h.credit_id = wanted
JOIN credit_request r ON r.request_id = h.request_id AND r.credit_id = h.credit_id
WHERE r.site_id = :site ORDER BY r.request_id;

-- name: requests_of
-- Which requests stand for identities of these customers.
SELECT r.request_id, r.customer_id, r.reference, r.state = 'credited', r.credit_id, r.open_attempts > 0
FROM identity i JOIN credit_request r ON r.request_id = i.request_id
WHERE i.site_id = :site AND i.customer_id IN (SELECT json_array_elements_text(CAST(:customers AS json)));
