-- The texts of PostgreSQL's where its words differ: see the file of the same name one folder above.

-- name: lock_runs
-- From here to the end of the transaction nobody else changes the runs over a batch: in one order, and in a statement of
-- its own, since each that ends or is halted changes others too, and what is sealed with it is sealed once.
SELECT run_id FROM run WHERE batch_id = :batch ORDER BY run_id FOR NO KEY UPDATE;

-- name: owed_elsewhere
-- The batches that answer for unsettled requests of another batch's rows: of those that rows of several batches share.
SELECT DISTINCT s.batch_id
FROM shared h JOIN row w ON w.request_id = h.request_id AND w.batch_id = :batch
JOIN standing s ON s.request_id = h.request_id
WHERE s.batch_id <> :batch AND s.state IN ('pending', 'in_flight', 'in_doubt') AND s.current = 1
ORDER BY s.batch_id;

-- name: lives
-- The lives that have not ended, as far as is known: of whom, what they send for, what they hold, the rest of their lease.
SELECT w.worker_id, w.host, w.pid, w."user", w.started_at, coalesce(s.name, ''), coalesce(b.key, ''),
       (SELECT count(*) FROM shard h WHERE h.owner = w.worker_id), w.until - lease_now_ms(), w.told
FROM worker w LEFT JOIN run r ON r.run_id = w.run_id LEFT JOIN batch b ON b.batch_id = r.batch_id
LEFT JOIN site s ON s.site_id = b.site_id
WHERE w.ended_at IS NULL ORDER BY w.worker_id;
