-- name: begin_batch
-- A batch that is being staged; none, if there is one of this key.
INSERT INTO batch (key, site_id, file_name, file_sha256, headers, columns, options, admitted, created_at, kind,
                   reverses, worker_id)
VALUES (:key, :site, :file_name, :file_sha256, :headers, :columns, :options, 0, :now, :kind, :reverses, :worker)
ON CONFLICT (key) DO NOTHING RETURNING batch_id;

-- name: where_to_stage
-- The site and the kind of a batch that a worker stages, and the id of the next request.
SELECT site_id, kind, (SELECT coalesce(max(request_id), 0) + 1 FROM credit_request) FROM batch
WHERE batch_id = :batch AND worker_id = :worker AND admitted = 0;

-- name: finish_staging
-- What the loader counted of a batch.
UPDATE batch SET rows_read = :rows_read, totals = :totals WHERE batch_id = :batch AND worker_id = :worker;

-- name: count_anew
-- What there is now is counted, for whoever plans by it. SQLite does not.
SELECT 1;

-- name: be_alone
-- From here to the end of the transaction nobody else settles what the site of a batch owes. SQLite has one writer anyhow.
SELECT site_id FROM batch WHERE batch_id = :batch;

-- name: proposals
-- Requests that a batch proposes in the place of failed ones, how those stand now, and whether their money is the same.
SELECT new.request_id, old.request_id, old.state, new.amount_minor IS old.amount_minor
       AND new.amount_in_decimal IS old.amount_in_decimal AND new.currency_code IS old.currency_code
       AND new.credit_type = old.credit_type
FROM credit_request new JOIN identity i ON i.site_id = new.site_id
 AND i.customer_id = new.customer_id AND i.reference = new.reference
JOIN credit_request old ON old.request_id = i.request_id
WHERE new.batch_id = :batch AND new.state = 'pending' AND new.current = 0;

-- name: replace_identity
-- Another request stands for the identity of an old one.
UPDATE identity SET request_id = :new
WHERE (site_id, customer_id, reference) = (SELECT site_id, customer_id, reference FROM credit_request
                                           WHERE request_id = :old);

-- name: replace_request
-- It is the one that may be sent, if the old one is failed still; looked at first, and where that one was sent, if that
-- one would be.
UPDATE credit_request SET current = (request_id = :new),
    call = coalesce(call, (SELECT o.call FROM credit_request o WHERE o.request_id = :old AND o.look_first = 1)),
    look_first = max(look_first, (SELECT o.look_first FROM credit_request o WHERE o.request_id = :old))
WHERE request_id IN (:new, :old) AND state = CASE request_id WHEN :new THEN 'pending' ELSE 'failed' END;

-- name: replace_in_rows
-- The rows of the old one follow it.
UPDATE row SET request_id = :new WHERE request_id = :old;

-- name: admit
-- A batch is owed from here on.
UPDATE batch SET admitted = 1 WHERE batch_id = :batch AND worker_id = :worker AND admitted = 0;

-- name: staged_batches
-- Batches that were staged and not admitted by processes that have ended, or whose lease has been over for long. Before
-- version 4 nobody said who stages it, and whoever did has ended.
SELECT batch_id FROM batch WHERE admitted = 0
  AND NOT EXISTS (
    SELECT 1 FROM worker w
    WHERE w.worker_id = batch.worker_id AND w.ended_at IS NULL AND w.until + :grace > lease_now_ms());

-- name: staged_as
-- A batch that is staged and not admitted, and whether whoever stages it says that it lives.
SELECT batch_id, EXISTS (
    SELECT 1 FROM worker w
    WHERE w.worker_id = batch.worker_id AND w.ended_at IS NULL AND w.until > lease_now_ms())
FROM batch WHERE key = :key AND admitted = 0;

-- name: may_share
-- Whether rows of other batches may have met a staged batch's requests: of those that began later, or are staged too.
SELECT EXISTS (SELECT 1 FROM batch WHERE batch_id > :batch OR (admitted = 0 AND batch_id <> :batch));

-- name: hand_over
-- Requests that a staged batch brought, and that rows of other batches share, go over to the first of those.
UPDATE credit_request SET (batch_id, row_number) = (
    SELECT w.batch_id, w.row_number FROM row w
    WHERE w.request_id = credit_request.request_id AND w.batch_id <> :batch ORDER BY w.batch_id, w.row_number LIMIT 1)
WHERE batch_id = :batch AND state = 'pending' AND state NOT IN ('credited') AND EXISTS (
    SELECT 1 FROM row w WHERE w.request_id = credit_request.request_id AND w.batch_id <> :batch);

-- name: discard_respelt
-- The forms of the requests that a batch brought: its rows share others that batches before it brought.
DELETE FROM respelt WHERE request_id IN (
    SELECT r.request_id FROM row w JOIN credit_request r USING (request_id)
    WHERE w.batch_id = :batch AND r.batch_id = :batch);

-- name: identities_of_batch
-- The identities that those requests may stand for, in their order.
SELECT r.site_id, r.customer_id, r.reference, r.request_id
FROM row w JOIN credit_request r USING (request_id) WHERE w.batch_id = :batch AND r.batch_id = :batch
ORDER BY r.site_id, r.customer_id, r.reference;

-- name: discard_requests
-- Those requests. What was sent is never forgotten: the schema refuses it.
DELETE FROM credit_request WHERE request_id IN (
    SELECT r.request_id FROM row w JOIN credit_request r USING (request_id)
    WHERE w.batch_id = :batch AND r.batch_id = :batch);

-- name: discard_rows
-- The rows of a batch.
DELETE FROM row WHERE batch_id = :batch;

-- name: discard_mended
-- Which rows they mend.
DELETE FROM mended WHERE batch_id = :batch;

-- name: discard_batch
-- The batch itself.
DELETE FROM batch WHERE batch_id = :batch;
