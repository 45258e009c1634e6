-- A request in flight is found by the runs that may have left one: no index says which they are, or each send would write
-- it. So a walk over the batch of such a run finds them, and batches of runs that left none are passed by. The few that
-- are in doubt, failed or in review are found by the index of `aside`.
-- States change faster than anybody counts them. What is asked often joins them with what else is asked by CASE, so that
-- the planner guesses nothing from them, and goes by an index whatever it last counted.
-- A chunk is read once, as jsonb: of json each field that is taken reads it from the beginning again.

-- name: note_left_in_flight
-- A finding for each request that whoever held these shards before has left in flight, in every batch of the site.
INSERT INTO finding (request_id, run_id, state, reason, at)
SELECT s.request_id, NULL, 'in_doubt', 'the process that sent it ended without recording an answer', :now
FROM standing s JOIN request r USING (request_id)
WHERE s.batch_id IN (SELECT b.batch_id FROM batch b JOIN run n USING (batch_id)
                     WHERE b.site_id = :site AND n.left_none = 0)
  AND s.state = 'in_flight' AND r.shard IN (SELECT h.shard FROM shard h WHERE h.site_id = :site AND h.owner = :worker);

-- name: doubt_left_in_flight
-- Those requests are in doubt from here on.
UPDATE standing s SET state = 'in_doubt' FROM request r
WHERE s.batch_id IN (SELECT b.batch_id FROM batch b JOIN run n USING (batch_id)
                     WHERE b.site_id = :site AND n.left_none = 0)
  AND s.state = 'in_flight' AND r.request_id = s.request_id
  AND r.shard IN (SELECT h.shard FROM shard h WHERE h.site_id = :site AND h.owner = :worker);

-- name: adopt
-- The batch answers for every unsettled request of its rows that nobody else has in hand: of those that rows of several
-- batches share. One in flight stays where it is until whoever claims its shard has doubted it.
UPDATE standing s SET batch_id = :batch
FROM shared h JOIN row w ON w.request_id = h.request_id AND w.batch_id = :batch
JOIN request r ON r.request_id = h.request_id
WHERE s.request_id = h.request_id AND s.batch_id <> :batch AND s.state IN ('pending', 'in_doubt', 'review')
  AND s.current = 1
  AND r.shard NOT IN (
    SELECT o.shard FROM shard o JOIN worker k ON k.worker_id = o.owner
    WHERE o.site_id = :site AND k.ended_at IS NULL AND k.until > lease_now_ms() AND k.worker_id <> :worker);

-- name: reopen_failed
-- The batch's failed rows are owed again, under the next generation. One that is to be looked at first
-- is looked for where it was sent.
UPDATE standing s SET state = 'pending', generation = s.generation + 1, batch_id = :batch, key_spoiled = 0,
    call = CASE s.look_first WHEN 1 THEN s.call END, error_code = NULL, error_param = NULL, error = NULL, http_status = NULL,
    finished_at = NULL
WHERE s.current = 1 AND s.aside = 'failed'
  AND (s.batch_id = :batch
       OR s.request_id IN (SELECT h.request_id FROM shared h JOIN row w USING (request_id) WHERE w.batch_id = :batch));

-- name: planned_page
-- A page of what the batch has in one state, of customers whose shard a worker holds, or of all.
SELECT request_id, customer_id, reference, amount_minor, amount_in_decimal, currency_code, credit_type, body, generation,
       key_spoiled, open_attempts, attempts, state, kind, call, credit_id, look_first
FROM (
    (SELECT * FROM standing s JOIN request r USING (request_id)
     WHERE CAST(:state AS text) IN ('pending', 'in_flight') AND s.batch_id = :batch AND s.request_id > :after
       AND r.request_id > :after AND CASE WHEN s.current = 1 THEN s.state END = :state
       AND (CAST(:worker AS bigint) IS NULL OR r.shard IN (SELECT h.shard FROM shard h WHERE h.owner = :worker))
     ORDER BY s.request_id LIMIT :limit)
    UNION ALL
    (SELECT * FROM standing s JOIN request r USING (request_id)
     WHERE s.batch_id = :batch AND s.aside = :state AND s.request_id > :after AND r.request_id > :after
       AND s.current = 1
       AND (CAST(:worker AS bigint) IS NULL OR r.shard IN (SELECT h.shard FROM shard h WHERE h.owner = :worker))
     ORDER BY s.request_id LIMIT :limit)) page;

-- name: unsettled
-- How many requests of the batch are in each state, the credited ones left out.
SELECT state, count(*) FROM standing WHERE batch_id = :batch AND state NOT IN ('credited') GROUP BY state;

-- name: open_entities
-- For which business entities rows of the batch were sent that are not settled, whichever batch answers for them now.
SELECT DISTINCT CAST(call AS json) ->> 'chargebee-business-entity-id'
FROM (
    SELECT call FROM standing
    WHERE NOT CAST(CAST(:is_new AS integer) AS boolean) AND batch_id = :batch AND call IS NOT NULL
      AND state IN ('in_flight', 'in_doubt', 'review', 'pending')
      AND EXISTS (SELECT 1 FROM row w WHERE w.request_id = standing.request_id AND w.batch_id = :batch)
    UNION ALL
    SELECT s.call FROM shared h JOIN row w ON w.request_id = h.request_id AND w.batch_id = :batch
    JOIN standing s ON s.request_id = h.request_id
    WHERE s.batch_id <> :batch AND s.call IS NOT NULL AND s.state IN ('in_flight', 'in_doubt', 'review', 'pending')) sent
ORDER BY 1 NULLS FIRST;

-- name: open_requests
-- One more attempt for each of these requests that may be sent. The first of a generation freezes the call; one before the
-- first of all said only where to look. In the same statement, so that the chunk is sent and read once: each attempt in the history, whether or not its request may be sent,
-- and between which ids of it they are. Who wrote more attempts than requests takes all of it back.
WITH c AS MATERIALIZED (
    SELECT CAST(value ->> 0 AS bigint) AS request_id, CAST(value ->> 1 AS integer) AS generation,
           CAST(value ->> 2 AS integer) AS open_attempts, CAST(value ->> 3 AS integer) AS attempts
    FROM jsonb_array_elements(CAST(:chunk AS jsonb)) value),
added AS (
    INSERT INTO attempt (request_id, run_id, generation, at, entry_id)
    SELECT request_id, :run, generation, :at, :entry FROM c RETURNING attempt_id),
noted AS (
    UPDATE entry SET first_attempt = ids.first, last_attempt = ids.last
    FROM (SELECT min(attempt_id) AS first, max(attempt_id) AS last FROM added) ids WHERE entry_id = :entry)
UPDATE standing s
SET state = 'in_flight', open_attempts = c.open_attempts, attempts = c.attempts,
    call = coalesce(CASE WHEN s.attempts > 0 THEN s.call END, :call), look_first = 0
FROM c
WHERE s.request_id = c.request_id
  AND CASE WHEN s.current = 1 AND s.state IN ('pending', 'in_doubt') THEN s.generation END = c.generation
  AND (CAST(:worker AS bigint) IS NULL
       OR (SELECT r.shard FROM request r WHERE r.request_id = s.request_id)
           IN (SELECT h.shard FROM shard h WHERE h.owner = :worker));

-- name: open_attempts
-- `open_requests` has done it.
;

-- name: record_requests
-- How requests stand from now on. The places of a finding's fields are those in `Finding`; one that has more of them is
-- followed by another about the same request. One that was failed, and in whose place another stands meanwhile, stays what
-- it is. In the same statement: each finding in the history, and between which ids of it they are.
WITH found AS MATERIALIZED (
    SELECT CAST(value ->> 0 AS bigint) AS request_id, value ->> 1 AS state, CAST(value ->> 2 AS integer) AS generation,
           CAST(CAST(value ->> 3 AS boolean) AS integer) AS key_spoiled, CAST(value ->> 4 AS integer) AS open_attempts,
           value ->> 5 AS reason, CAST(value ->> 6 AS integer) AS http_status, value ->> 7 AS error_code,
           value ->> 8 AS error_param, value ->> 9 AS credit_id, value ->> 10 AS closing_balance,
           value -> 11 IS NULL AS is_newest
    FROM jsonb_array_elements(CAST(:chunk AS jsonb)) value),
held AS (
    INSERT INTO holder SELECT credit_id, request_id FROM found WHERE credit_id IS NOT NULL AND is_newest
    ON CONFLICT DO NOTHING),
added AS (
    INSERT INTO finding (run_id, at, request_id, state, reason, http_status)
    SELECT :run, :at, request_id, state, reason, http_status FROM found RETURNING finding_id),
noted AS (
    UPDATE entry SET first_finding = ids.first, last_finding = ids.last
    FROM (SELECT min(finding_id) AS first, max(finding_id) AS last FROM added) ids WHERE entry_id = :entry)
UPDATE standing s
SET state = f.state, generation = f.generation, call = CASE WHEN s.generation = f.generation THEN s.call END,
    key_spoiled = f.key_spoiled, open_attempts = f.open_attempts, http_status = f.http_status,
    error_code = f.error_code, error_param = f.error_param, credit_id = f.credit_id,
    closing_balance = f.closing_balance, error = CASE WHEN f.state <> 'credited' THEN f.reason END,
    finished_at = CASE WHEN f.state IN ('credited', 'failed', 'review') THEN CAST(:at AS bigint) END
FROM found f WHERE s.request_id = f.request_id AND f.is_newest AND (s.current = 1 OR s.state <> 'failed');

-- name: record_findings
-- `record_requests` has done it.
;

-- name: begin_entry
-- A commit of the journal; between which ids it lies is said once those are given. Its number is drawn while nobody else is
-- between the drawing and the end of a commit, so that higher numbers were committed later: what can witness rests on it.
WITH alone AS MATERIALIZED (SELECT pg_advisory_xact_lock(1650680114) AS it)
INSERT INTO entry (worker_id, at, number) SELECT :worker, :at, :number FROM alone RETURNING entry_id;

-- name: left_by_the_lost
-- Of these requests, those in shards where a holder was lost, and how long its lease and timeout were.
SELECT r.request_id, s.lost_ms
FROM json_array_elements_text(CAST(:requests AS json)) c(value) JOIN request r ON r.request_id = CAST(c.value AS bigint)
JOIN shard s ON s.site_id = r.site_id AND s.shard = r.shard
WHERE s.lost_ms > 0;
