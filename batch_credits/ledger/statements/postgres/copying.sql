-- The texts of PostgreSQL's where its words differ: see the file of the same name one folder above.

-- name: keep_others_out
-- From here to the end of the transaction nobody begins to use the ledger, or goes on.
LOCK TABLE worker IN SHARE ROW EXCLUSIVE MODE;

-- name: read_identity
-- Identities, for SQLite as the first file had them.
SELECT i.site_id, i.customer_id, CASE WHEN :shared THEN i.reference ELSE r.reference END, i.request_id
FROM identity i JOIN request r USING (request_id) ORDER BY i.site_id, i.customer_id, i.reference;

-- name: read_entry
-- Commits. Where there is none of a kind, SQLite has a last id before the first, behind those of earlier commits.
SELECT entry_id, worker_id, at, CASE WHEN :shared OR number > 0 THEN number ELSE 0 END,
       CASE WHEN :shared THEN first_attempt ELSE coalesce(first_attempt, before_it.attempts + 1) END,
       CASE WHEN :shared THEN last_attempt ELSE coalesce(last_attempt, before_it.attempts) END,
       CASE WHEN :shared THEN first_finding ELSE coalesce(first_finding, before_it.findings + 1) END,
       CASE WHEN :shared THEN last_finding ELSE coalesce(last_finding, before_it.findings) END
FROM entry JOIN (SELECT entry_id, coalesce(max(last_attempt) OVER earlier, 0) AS attempts,
                        coalesce(max(last_finding) OVER earlier, 0) AS findings
                 FROM entry WINDOW earlier AS (ORDER BY entry_id)) before_it USING (entry_id)
ORDER BY entry_id;

-- name: derive_holder
-- Which requests have which credit.
INSERT INTO holder SELECT credit_id, request_id FROM standing WHERE credit_id IS NOT NULL;

-- name: derive_shared
-- Which requests rows of several batches have, or of another batch than the one that answers for it.
INSERT INTO shared SELECT DISTINCT w.request_id FROM row w JOIN standing s USING (request_id)
WHERE w.batch_id <> s.batch_id;

-- name: derive_left_none
-- Which runs have left nothing in flight: all of a site where nothing is.
UPDATE run SET left_none = 1 WHERE ended_at IS NOT NULL AND batch_id IN (
    SELECT b.batch_id FROM batch b WHERE b.site_id NOT IN (
        SELECT r.site_id FROM request r JOIN standing s USING (request_id) WHERE s.state = 'in_flight'));

-- name: draw_behind
-- From here on ids are drawn behind those that were copied.
SELECT setval(pg_get_serial_sequence('site', 'site_id'), (SELECT coalesce(max(site_id), 0) + 1 FROM site), false),
       setval(pg_get_serial_sequence('worker', 'worker_id'), (SELECT coalesce(max(worker_id), 0) + 1 FROM worker), false),
       setval(pg_get_serial_sequence('batch', 'batch_id'), (SELECT coalesce(max(batch_id), 0) + 1 FROM batch), false),
       setval(pg_get_serial_sequence('request', 'request_id'),
              (SELECT coalesce(max(request_id), 0) + 1 FROM request), false),
       setval(pg_get_serial_sequence('run', 'run_id'), (SELECT coalesce(max(run_id), 0) + 1 FROM run), false),
       setval(pg_get_serial_sequence('entry', 'entry_id'), (SELECT coalesce(max(entry_id), 0) + 1 FROM entry), false),
       setval(pg_get_serial_sequence('attempt', 'attempt_id'),
              (SELECT coalesce(max(attempt_id), 0) + 1 FROM attempt), false),
       setval(pg_get_serial_sequence('finding', 'finding_id'),
              (SELECT coalesce(max(finding_id), 0) + 1 FROM finding), false),
       setval(pg_get_serial_sequence('probe', 'probe_id'), (SELECT coalesce(max(probe_id), 0) + 1 FROM probe), false);
