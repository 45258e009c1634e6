-- name: note_left_in_flight
-- A finding for each request that whoever held these shards before has left in flight, in every batch of the site: batch
-- by batch, so that the index finds the few among millions.
INSERT INTO finding (request_id, run_id, state, reason, at)
SELECT request_id, NULL, 'in_doubt', 'the process that sent it ended without recording an answer', :now
FROM credit_request
WHERE batch_id IN (SELECT batch_id FROM batch WHERE site_id = :site) AND state = 'in_flight'
  AND state NOT IN ('credited')
  AND (SELECT v.shard FROM request_shard v WHERE v.request_id = credit_request.request_id) IN (
    SELECT s.shard FROM shard s WHERE s.site_id = :site AND s.owner = :worker);

-- name: doubt_left_in_flight
-- Those requests are in doubt from here on.
UPDATE credit_request SET state = 'in_doubt'
WHERE batch_id IN (SELECT batch_id FROM batch WHERE site_id = :site) AND state = 'in_flight'
  AND state NOT IN ('credited')
  AND (SELECT v.shard FROM request_shard v WHERE v.request_id = credit_request.request_id) IN (
    SELECT s.shard FROM shard s WHERE s.site_id = :site AND s.owner = :worker);

-- name: adopt
-- The batch answers for every unsettled request of its rows that nobody else has in hand. Asked of the unsettled
-- requests, which are few: to walk over the rows of the batch would take as long as it is.
UPDATE credit_request SET batch_id = :batch
WHERE batch_id IN (SELECT batch_id FROM batch WHERE batch_id <> :batch) AND state NOT IN ('credited')
  AND state IN ('pending', 'in_flight', 'in_doubt', 'review') AND current = 1
  AND EXISTS (SELECT 1 FROM row w WHERE w.request_id = credit_request.request_id AND w.batch_id = :batch)
  AND (SELECT v.shard FROM request_shard v WHERE v.request_id = credit_request.request_id) NOT IN (
    SELECT s.shard FROM shard s JOIN worker w ON w.worker_id = s.owner
    WHERE s.site_id = :site AND w.ended_at IS NULL AND w.until > lease_now_ms() AND w.worker_id IS NOT :worker);

-- name: site_of_batch
-- For which site a batch is.
SELECT site_id FROM batch WHERE batch_id = :batch;

-- name: reopen_failed
-- The batch's failed rows are owed again, under the next generation. One that is to be looked at first
-- is looked for where it was sent.
UPDATE credit_request SET state = 'pending', generation = generation + 1, batch_id = :batch, key_spoiled = 0,
    call = CASE look_first WHEN 1 THEN call END, error_code = NULL, error_param = NULL, error = NULL, http_status = NULL,
    finished_at = NULL
WHERE batch_id IN (SELECT batch_id FROM batch) AND state NOT IN ('credited') AND state = 'failed' AND current = 1
  AND EXISTS (SELECT 1 FROM row w WHERE w.request_id = credit_request.request_id AND w.batch_id = :batch);

-- name: planned_page
-- A page of what the batch has in one state, of customers whose shard a worker holds, or of all.
SELECT json_group_array(json_array(
    request_id, customer_id, reference, amount_minor, amount_in_decimal, currency_code, credit_type, body, generation,
    key_spoiled, open_attempts, attempts, state, kind, call, credit_id, look_first))
FROM (
    SELECT request_id, customer_id, reference, amount_minor, amount_in_decimal, currency_code, credit_type, body,
           generation, key_spoiled, open_attempts, attempts, state, kind, call, credit_id, look_first
    FROM credit_request INDEXED BY credit_request_unsettled
    WHERE batch_id = :batch AND state = :state AND request_id > :after AND current = 1 AND state NOT IN ('credited')
      AND (:worker IS NULL OR (SELECT v.shard FROM request_shard v WHERE v.request_id = credit_request.request_id)
           IN (SELECT s.shard FROM shard s WHERE s.owner = :worker))
    ORDER BY request_id LIMIT :limit);

-- name: left_by_the_lost
-- Of these requests, those in shards where a holder was lost, and how long its lease and timeout were.
SELECT r.request_id, s.lost_ms
FROM json_each(:requests) c JOIN credit_request r ON r.request_id = c.value
JOIN request_shard v ON v.request_id = r.request_id
JOIN shard s ON s.site_id = r.site_id AND s.shard = v.shard
WHERE s.lost_ms > 0;

-- name: first_owed
-- The first requests that are pending, in the order of the file, which ids need not follow. CROSS JOIN keeps SQLite
-- walking the rows in that order, so that it may end at the last one wanted.
SELECT r.request_id, r.customer_id, r.reference, r.amount_minor, r.amount_in_decimal, r.currency_code, r.credit_type,
       r.body, r.generation, r.key_spoiled, r.open_attempts, r.attempts, r.state, r.kind, r.call, r.credit_id,
       r.look_first
FROM row w CROSS JOIN credit_request r ON r.request_id = w.request_id
WHERE w.batch_id = :batch AND r.batch_id = w.batch_id AND r.state = 'pending' AND r.current = 1
ORDER BY w.row_number LIMIT :most;

-- name: unsettled
-- How many requests of the batch are in each state, the credited ones left out.
SELECT state, count(*) FROM credit_request INDEXED BY credit_request_unsettled
WHERE batch_id = :batch AND state NOT IN ('credited') GROUP BY state;

-- name: open_entities
-- For which business entities rows of the batch were sent that are not settled, whichever batch answers for them now.
-- Of what a new batch brought nothing was sent, and it may be a million rows.
SELECT DISTINCT call ->> '$."chargebee-business-entity-id"'
FROM credit_request INDEXED BY credit_request_unsettled
WHERE batch_id IN (SELECT batch_id FROM batch WHERE batch_id <> :batch OR NOT :is_new)
  AND state IN ('in_flight', 'in_doubt', 'review', 'pending') AND state NOT IN ('credited') AND call IS NOT NULL
  AND EXISTS (SELECT 1 FROM row w WHERE w.request_id = credit_request.request_id AND w.batch_id = :batch)
ORDER BY 1;

-- name: open_requests
-- One more attempt for each of these requests that may be sent. The first of a generation freezes the call; one before the
-- first of all said only where to look.
UPDATE credit_request
SET state = 'in_flight', open_attempts = c.value ->> 2, attempts = c.value ->> 3,
    call = coalesce(CASE WHEN attempts > 0 THEN call END, :call), look_first = 0
FROM json_each(:chunk) c
WHERE request_id = c.value ->> 0 AND generation = c.value ->> 1 AND state IN ('pending', 'in_doubt') AND current = 1
  AND (:worker IS NULL OR (SELECT v.shard FROM request_shard v WHERE v.request_id = credit_request.request_id)
           IN (SELECT s.shard FROM shard s WHERE s.owner = :worker));

-- name: open_attempts
-- The same in the history.
INSERT INTO attempt (request_id, run_id, generation, at, entry_id)
SELECT value ->> 0, :run, value ->> 1, :at, :entry FROM json_each(:chunk);

-- name: record_requests
-- How requests stand from now on. The places of a finding's fields are those in `Finding`; one that has more of them is
-- followed by another about the same request. One that was failed, and in whose place another stands meanwhile, stays what
-- it is.
UPDATE credit_request
SET state = c.value ->> 1, generation = c.value ->> 2, call = CASE generation WHEN c.value ->> 2 THEN call END,
    key_spoiled = c.value ->> 3, open_attempts = c.value ->> 4, http_status = c.value ->> 6, error_code = c.value ->> 7,
    error_param = c.value ->> 8, credit_id = c.value ->> 9, closing_balance = c.value ->> 10,
    error = CASE c.value ->> 1 WHEN 'credited' THEN NULL ELSE c.value ->> 5 END,
    finished_at = CASE WHEN c.value ->> 1 IN ('credited', 'failed', 'review') THEN :at END
FROM json_each(:chunk) c
WHERE request_id = c.value ->> 0 AND c.value ->> 11 IS NULL AND (current = 1 OR state <> 'failed');

-- name: record_findings
-- The same in the history.
INSERT INTO finding (run_id, at, request_id, state, reason, http_status)
SELECT :run, :at, value ->> 0, value ->> 1, value ->> 5, value ->> 6 FROM json_each(:chunk);

-- name: begin_entry
-- A commit of the journal, numbered under the lock of whoever writes, and between which ids its attempts and findings
-- will lie: SQLite goes on from the highest.
INSERT INTO entry (worker_id, at, number, first_attempt, last_attempt, first_finding, last_finding)
SELECT :worker, :at, :number, attempts + 1, attempts + :attempts, findings + 1, findings + :findings
FROM (SELECT (SELECT coalesce(max(attempt_id), 0) FROM attempt) AS attempts,
             (SELECT coalesce(max(finding_id), 0) FROM finding) AS findings)
RETURNING entry_id;

-- name: was_entered
-- Whether a life has made the commit of this number.
SELECT entry_id FROM entry WHERE worker_id = :worker AND number = :number;
