-- The texts of PostgreSQL's where its words differ: see the file of the same name one folder above.

-- name: begin_life
-- A process begins to use the ledger.
INSERT INTO worker (host, pid, "user", started_at, until, lease_ms)
VALUES (:host, :pid, :user, :now, lease_now_ms() + :lease, :lease) RETURNING worker_id;

-- name: begin_to_send
-- It begins to send for a run, or to ask. The run may leave something in flight from here on, also if it has ended: its
-- own process went, and others go on.
WITH goes_on AS (UPDATE run SET left_none = 0 WHERE run_id = :run AND left_none = 1)
UPDATE worker SET run_id = :run, until = lease_now_ms() + :lease, lease_ms = :lease, timeout_ms = :timeout
WHERE worker_id = :worker;

-- name: lock_life
-- From here to the end of the transaction nobody takes over what a life holds: whoever would waits for this lock. It is a
-- statement of its own, since one that waits still sees what there was before.
SELECT worker_id FROM worker WHERE worker_id = :worker FOR NO KEY UPDATE;

-- name: lock_owners
-- The same of all that hold shards of a site: none of them is amid a commit any more.
SELECT worker_id FROM worker WHERE worker_id IN (SELECT owner FROM shard WHERE site_id = :site)
ORDER BY worker_id FOR NO KEY UPDATE;

-- name: give_back
-- What a life holds is free. That a holder before it was lost matters for as long as there is doubt that it may have left.
UPDATE shard SET owner = NULL, lost_ms = CASE WHEN lost_ms > 0 AND EXISTS (
    SELECT 1 FROM standing s JOIN request r USING (request_id)
    WHERE r.site_id = shard.site_id AND r.shard = shard.shard AND s.state IN ('in_flight', 'in_doubt', 'review')
) THEN lost_ms ELSE 0 END
WHERE owner = :worker;
