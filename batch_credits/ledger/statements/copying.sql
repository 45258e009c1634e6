-- A ledger read whole, table by table in the order of its keys, to be written to another one. What is staged is not copied.
-- `:shared` says whether the other one is PostgreSQL's. The columns are in the order of `TABLES` in copying.py.

-- name: keep_others_out
-- From here to the end of the transaction nobody begins to use the ledger. SQLite's is held already.
SELECT 1;

-- name: who_lives
-- Who uses the ledger, or may still have something on its way.
SELECT host, pid FROM worker WHERE ended_at IS NULL AND until + timeout_ms > lease_now_ms() ORDER BY worker_id LIMIT 1;

-- name: holds_anything
-- Whether a ledger holds a batch, any history, or a probe.
SELECT EXISTS (SELECT 1 FROM batch) OR EXISTS (SELECT 1 FROM entry) OR EXISTS (SELECT 1 FROM identity)
       OR EXISTS (SELECT 1 FROM probe);

-- name: clear_slot
-- What lives have left behind that paid nothing: the limit that they used.
DELETE FROM slot;

-- name: clear_shard
-- The customers that they held.
DELETE FROM shard;

-- name: clear_tied_out
-- What was said of their sites.
DELETE FROM tied_out;

-- name: clear_restored
-- And of what they may have forgotten, which was nothing.
DELETE FROM restored;

-- name: clear_worker
-- Themselves.
DELETE FROM worker;

-- name: clear_pseudonym
-- What packs of their sites would have hidden ids with: there is none, where there is no batch.
DELETE FROM pseudonym;

-- name: clear_site
-- And the sites that they named.
DELETE FROM site;

-- name: read_site
-- Sites.
SELECT site_id, name, address, recent FROM site ORDER BY site_id;

-- name: read_worker
-- Lives, all of them over.
SELECT worker_id, host, pid, "user", started_at, until, coalesce(ended_at, :now), told, lease_ms, timeout_ms
FROM worker ORDER BY worker_id;

-- name: read_batch
-- Batches.
SELECT batch_id, key, site_id, kind, reverses, file_name, file_sha256, headers, columns, options, admitted, created_at,
       rows_read, totals, worker_id
FROM batch WHERE admitted = 1 ORDER BY batch_id;

-- name: read_run
-- Runs.
SELECT r.run_id, r.batch_id, r.started_at, r.ended_at, r.version, r."user", r.requests, r.throttled, r.retries, r.stopped,
       r.settings, r.needs_person, r.site_began_ms, r.halted
FROM run r JOIN batch b USING (batch_id) WHERE b.admitted = 1 ORDER BY r.run_id;

-- name: read_pack
-- Packs.
SELECT site_id, number, batch_id, digest, previous, contents, at, made_by, head FROM pack ORDER BY site_id, number;

-- name: read_pseudonym
-- And with what secret they hide ids.
SELECT site_id, secret FROM pseudonym ORDER BY site_id;

-- name: read_restored
-- When something may have been forgotten.
SELECT restored_id, at, why, known_until FROM restored ORDER BY restored_id;

-- name: read_tied_out
-- And which sites were learned anew since.
SELECT site_id, restored_id FROM tied_out ORDER BY site_id;

-- name: read_shard
-- Shards, of nobody. That a holder was lost is kept, and for how long what it has sent may have been on its way.
SELECT s.site_id, s.shard, s.epoch, CASE
    WHEN w.ended_at IS NULL AND w.lease_ms + w.timeout_ms > s.lost_ms THEN w.lease_ms + w.timeout_ms ELSE s.lost_ms END
FROM shard s LEFT JOIN worker w ON w.worker_id = s.owner ORDER BY s.site_id, s.shard;

-- name: read_credit_request
-- Requests.
SELECT r.request_id, r.site_id, r.kind, r.customer_id, r.reference, r.amount_minor, r.amount_in_decimal, r.currency_code,
       r.credit_type, r.body, r.generation, r.batch_id, r.row_number, r.current, r.state, r.call, r.look_first,
       r.key_spoiled, r.open_attempts, r.attempts, r.credit_id, r.closing_balance, r.http_status, r.error_code,
       r.error_param, r.error, r.finished_at
FROM credit_request r JOIN batch b USING (batch_id) WHERE b.admitted = 1 ORDER BY r.request_id;

-- name: read_identity
-- Identities. In PostgreSQL their references are in small letters.
SELECT site_id, customer_id, CASE WHEN :shared THEN lower(reference) ELSE reference END, request_id
FROM identity ORDER BY site_id, customer_id, reference;

-- name: read_respelt
-- Forms of identities, likewise.
SELECT site_id, customer_form, lower(reference_form), request_id
FROM respelt ORDER BY site_id, customer_form, reference_form, request_id;

-- name: read_row
-- Rows.
SELECT w.batch_id, w.row_number, w.cells, w.request_id, w.rejected
FROM row w JOIN batch b USING (batch_id) WHERE b.admitted = 1 ORDER BY w.batch_id, w.row_number;

-- name: read_mended
-- Which rows mend which.
SELECT m.batch_id, m.row_number, m.of_batch, m.of_row
FROM mended m JOIN batch b USING (batch_id) WHERE b.admitted = 1 ORDER BY m.batch_id, m.row_number;

-- name: read_sealed
-- Totals of rows that never change again.
SELECT batch_id, block, totals FROM sealed ORDER BY batch_id, block;

-- name: read_entry
-- Commits. Of those whose number among their worker's is not known, PostgreSQL has one below nought, since none may be
-- twice.
SELECT entry_id, worker_id, at, CASE WHEN :shared AND number = 0 THEN -entry_id ELSE number END, first_attempt,
       last_attempt, first_finding, last_finding
FROM entry ORDER BY entry_id;

-- name: read_attempt
-- Attempts.
SELECT attempt_id, request_id, run_id, generation, at, entry_id FROM attempt ORDER BY attempt_id;

-- name: read_finding
-- Findings.
SELECT finding_id, request_id, run_id, state, reason, http_status, at FROM finding ORDER BY finding_id;

-- name: read_probe
-- Probes of test sites.
SELECT probe_id, name, site_id, customer_id, currency_code, "user", version, started_at, ended_at, facts
FROM probe ORDER BY probe_id;

-- name: read_probe_call
-- And what they sent.
SELECT probe_id, number, kind, reference, amount_minor, body, key, call, takes_back, state, credit_id, reason, sent_at
FROM probe_call ORDER BY probe_id, number;

-- name: read_link
-- The history's chain, which goes on there.
SELECT link_id, kind, ids, "rows", content, marks, at, made_by, note, previous, digest FROM link ORDER BY link_id;

-- name: runs_of_workers
-- For which run each life sent.
SELECT w.worker_id, w.run_id FROM worker w JOIN run r USING (run_id) JOIN batch b USING (batch_id) WHERE b.admitted = 1;

-- name: note_run_of_worker
-- The same, once there are the runs.
UPDATE worker SET run_id = :run WHERE worker_id = :worker;

-- name: rows_of_tables
-- How many rows each table has, in the order of `TABLES`.
SELECT (SELECT count(*) FROM site), (SELECT count(*) FROM worker), (SELECT count(*) FROM batch),
       (SELECT count(*) FROM run), (SELECT count(*) FROM pack),
       (SELECT count(*) FROM pseudonym), (SELECT count(*) FROM restored),
       (SELECT count(*) FROM tied_out), (SELECT count(*) FROM shard), (SELECT count(*) FROM credit_request),
       (SELECT count(*) FROM identity), (SELECT count(*) FROM respelt), (SELECT count(*) FROM row),
       (SELECT count(*) FROM mended), (SELECT count(*) FROM sealed), (SELECT count(*) FROM entry),
       (SELECT count(*) FROM attempt), (SELECT count(*) FROM finding), (SELECT count(*) FROM probe),
       (SELECT count(*) FROM probe_call), (SELECT count(*) FROM link);
