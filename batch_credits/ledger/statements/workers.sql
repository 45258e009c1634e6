-- name: begin_life
-- A process begins to use the ledger.
INSERT INTO worker (host, pid, user, started_at, until, lease_ms)
VALUES (:host, :pid, :user, :now, lease_now_ms() + :lease, :lease) RETURNING worker_id;

-- name: begin_to_send
-- It begins to send for a run, or to ask.
UPDATE worker SET run_id = :run, until = lease_now_ms() + :lease, lease_ms = :lease, timeout_ms = :timeout
WHERE worker_id = :worker;

-- name: make_shards
-- The shards of a site, where there are none yet.
INSERT INTO shard (site_id, shard)
WITH RECURSIVE number (shard) AS (SELECT 0 UNION ALL SELECT shard + 1 FROM number WHERE shard < 63)
SELECT :site, shard FROM number WHERE true ON CONFLICT DO NOTHING;

-- name: shards_of_part
-- How many shards a part of a site has.
SELECT count(*) FROM shard WHERE site_id = :site AND shard % :of = :number;

-- name: take_shards
-- Those of a part that are free: of nobody, of a life that has ended, or whose lease is over. That one is lost: for how
-- long what it has sent may have been on its way, when the shard was taken, is noted.
UPDATE shard SET owner = :worker, epoch = epoch + 1, lost_ms = coalesce((
    SELECT CASE WHEN w.lease_ms + w.timeout_ms > shard.lost_ms THEN w.lease_ms + w.timeout_ms END
    FROM worker w WHERE w.worker_id = shard.owner AND w.ended_at IS NULL), lost_ms)
WHERE site_id = :site AND shard % :of = :number AND NOT EXISTS (
    SELECT 1 FROM worker w WHERE w.worker_id = shard.owner AND w.ended_at IS NULL AND w.until > lease_now_ms());

-- name: held
-- What a life holds of a site, the sum of the epochs, and for how long its lease goes on.
SELECT count(s.shard), coalesce(sum(s.epoch), 0), max(w.until) - lease_now_ms()
FROM worker w LEFT JOIN shard s ON s.site_id = :site AND s.owner = w.worker_id AND w.ended_at IS NULL
WHERE w.worker_id = :worker;

-- name: lock_life
-- From here to the end of the transaction nobody takes over what a life holds. SQLite has one writer anyhow.
SELECT worker_id FROM worker WHERE worker_id = :worker;

-- name: lock_owners
-- The same of all that hold shards of a site: none of them is amid a commit any more.
SELECT DISTINCT owner FROM shard WHERE site_id = :site AND owner IS NOT NULL;

-- name: renew_lease
-- A lease goes on.
UPDATE worker SET until = lease_now_ms() + lease_ms WHERE worker_id = :worker;

-- name: lease_left
-- For how long the lease of a life goes on.
SELECT until - lease_now_ms() FROM worker WHERE worker_id = :worker;

-- name: renew_in_time
-- The same, unless it is over.
UPDATE worker SET until = lease_now_ms() + :lease
WHERE worker_id = :worker AND ended_at IS NULL AND until > lease_now_ms();

-- name: tell
-- What a life says of its sending, while it lasts: its last word stays.
UPDATE worker SET told = :told WHERE worker_id = :worker AND ended_at IS NULL;

-- name: give_back
-- What a life holds is free. That a holder before it was lost matters for as long as there is doubt that it may have left.
UPDATE shard SET owner = NULL, lost_ms = CASE WHEN lost_ms > 0 AND EXISTS (
    SELECT 1 FROM credit_request r
    WHERE r.batch_id IN (SELECT b.batch_id FROM batch b WHERE b.site_id = shard.site_id)
      AND r.state IN ('in_flight', 'in_doubt', 'review') AND r.state NOT IN ('credited')
      AND (SELECT v.shard FROM request_shard v WHERE v.request_id = r.request_id) = shard.shard
) THEN lost_ms ELSE 0 END
WHERE owner = :worker;

-- name: end_life
-- A life is over, in order, and has perhaps a last word.
UPDATE worker SET ended_at = coalesce(ended_at, :now), told = coalesce(:told, told) WHERE worker_id = :worker;

-- name: end_lives
-- Every life is over.
UPDATE worker SET ended_at = :now WHERE ended_at IS NULL;

-- name: workers_of_run
-- Who sends for a run.
SELECT worker_id, pid, ended_at, told FROM worker WHERE run_id = :run ORDER BY worker_id;
