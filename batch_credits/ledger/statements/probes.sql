-- name: begin_probe
-- A probe of a test site begins.
INSERT INTO probe (name, site_id, customer_id, currency_code, "user", version, started_at)
VALUES (:name, :site, :customer, :currency, :user, :version, :now) RETURNING probe_id;

-- name: end_probe
-- All that it credited is taken back.
UPDATE probe SET ended_at = :now WHERE probe_id = :probe;

-- name: note_facts
-- What it learned of the site.
UPDATE probe SET facts = :facts WHERE probe_id = :probe;

-- name: open_probes
-- The probes of a site of which something may be left, the oldest first.
SELECT p.probe_id, p.name, p.customer_id, p.currency_code, p.started_at
FROM probe p JOIN site s USING (site_id) WHERE s.name = :site AND p.ended_at IS NULL ORDER BY p.probe_id;

-- name: facts_of_site
-- What the last probe of a site learned.
SELECT p.facts FROM probe p JOIN site s USING (site_id)
WHERE s.name = :site AND p.facts IS NOT NULL ORDER BY p.probe_id DESC LIMIT 1;

-- name: send_probe_call
-- A call of a probe is about to leave.
INSERT INTO probe_call (probe_id, number, kind, reference, amount_minor, body, key, call, takes_back, state, sent_at)
VALUES (:probe, :number, :kind, :reference, :amount, :body, :key, :call, :takes_back, 'open', :now);

-- name: settle_probe_call
-- What came of it.
UPDATE probe_call SET state = :state, credit_id = :credit, reason = :reason
WHERE probe_id = :probe AND number = :number AND state = 'open';

-- name: probe_calls
-- What a probe sent, in order.
SELECT number, kind, reference, amount_minor, body, key, call, takes_back, state, credit_id, reason
FROM probe_call WHERE probe_id = :probe ORDER BY number;
