-- name: newest_run
-- The newest run over a batch: how it was set, whether it has ended, and why nobody may go on. One whose pilot waits to be
-- agreed to is nobody's word.
SELECT run_id, settings, ended_at IS NOT NULL, halted FROM run
WHERE batch_id = :batch AND coalesce(halted, '') <> :pilot_waits ORDER BY run_id DESC LIMIT 1;

-- name: agree_to_pilot
-- A run goes on after its pilot.
UPDATE run SET halted = NULL WHERE run_id = :run AND halted = :pilot_waits;

-- name: lock_runs
-- From here to the end of the transaction nobody else changes the runs over a batch. SQLite has one writer anyhow.
SELECT run_id FROM run WHERE batch_id = :batch;

-- name: halt_runs
-- Nobody goes on with a batch: its newest run says so, and each that has not ended.
UPDATE run SET halted = coalesce(nullif(halted, :pilot_waits), :why)
WHERE batch_id = :batch AND (ended_at IS NULL OR run_id = (SELECT max(r.run_id) FROM run r WHERE r.batch_id = :batch));

-- name: open_runs
-- The runs over a batch that have not ended.
SELECT run_id FROM run WHERE batch_id = :batch AND ended_at IS NULL ORDER BY run_id;

-- name: unfinished_batches
-- The batches of a site whose newest run goes on.
SELECT r.batch_id FROM run r JOIN batch b USING (batch_id)
WHERE b.site_id = :site AND r.ended_at IS NULL AND r.halted IS NULL
  AND r.run_id = (SELECT max(n.run_id) FROM run n
                  WHERE n.batch_id = r.batch_id AND coalesce(n.halted, '') <> :pilot_waits)
ORDER BY r.batch_id;

-- name: owed_elsewhere
-- The batches that answer for unsettled requests of another batch's rows. Asked of the unsettled requests, which are few.
SELECT DISTINCT batch_id FROM credit_request
WHERE batch_id IN (SELECT batch_id FROM batch WHERE batch_id <> :batch) AND state NOT IN ('credited')
  AND state IN ('pending', 'in_flight', 'in_doubt') AND current = 1
  AND EXISTS (SELECT 1 FROM row w WHERE w.request_id = credit_request.request_id AND w.batch_id = :batch)
ORDER BY batch_id;

-- name: lives
-- The lives that have not ended, as far as is known: of whom, what they send for, what they hold, the rest of their lease.
SELECT w.worker_id, w.host, w.pid, w.user, w.started_at, coalesce(s.name, ''), coalesce(b.key, ''),
       (SELECT count(*) FROM shard h WHERE h.owner = w.worker_id), w.until - lease_now_ms(), w.told
FROM worker w LEFT JOIN run r ON r.run_id = w.run_id LEFT JOIN batch b ON b.batch_id = r.batch_id
LEFT JOIN site s ON s.site_id = b.site_id
WHERE w.ended_at IS NULL ORDER BY w.worker_id;

-- name: workers_of_batch
-- Who sends or has sent for a batch.
SELECT w.worker_id, w.pid, w.ended_at, w.told FROM worker w JOIN run r ON r.run_id = w.run_id
WHERE r.batch_id = :batch ORDER BY w.worker_id;
