-- The texts of PostgreSQL's where its words differ: see the file of the same name one folder above.

-- name: start_run
-- A run over a batch.
INSERT INTO run (batch_id, started_at, version, "user", settings, halted)
VALUES (:batch, :now, :version, :user, :settings, :halted) RETURNING run_id;

-- name: end_run
-- How a run ended; and whether it has left nothing in flight, and nobody sends for it still. Nor have those over its
-- batch whose processes have ended.
WITH none AS (
    UPDATE run r SET left_none = 1
    WHERE r.batch_id = (SELECT batch_id FROM run WHERE run_id = :run) AND r.run_id <> :run AND r.left_none = 0
      AND NOT EXISTS (SELECT 1 FROM worker w WHERE w.run_id = r.run_id AND w.ended_at IS NULL)
      AND NOT EXISTS (SELECT 1 FROM standing s WHERE s.batch_id = r.batch_id AND s.state = 'in_flight'))
UPDATE run r SET ended_at = :now, requests = :requests, throttled = :throttled, retries = :retries, stopped = :stopped,
    needs_person = CAST(:needs_person AS integer), left_none = CAST(NOT EXISTS (
        SELECT 1 FROM standing s WHERE s.batch_id = r.batch_id AND s.state = 'in_flight')
        AND NOT EXISTS (SELECT 1 FROM worker w WHERE w.run_id = r.run_id AND w.ended_at IS NULL) AS integer)
WHERE r.run_id = :run;

-- name: note_site_clock
-- When a run began by the site's clock; the earliest figure counts.
UPDATE run SET site_began_ms = least(site_began_ms, :began_ms) WHERE run_id = :run;

-- name: runs
-- The newest runs over a batch, newest first, each with the hosts from which it sent.
SELECT run_id, started_at, ended_at, version, "user", requests, throttled, retries, stopped, settings, needs_person, (
    SELECT CAST(coalesce(json_agg(DISTINCT w.host), '[]') AS text) FROM worker w
    WHERE w.run_id = run.run_id AND EXISTS (
        SELECT 1 FROM entry e WHERE e.worker_id = w.worker_id AND e.first_attempt <= e.last_attempt))
FROM run WHERE batch_id = :batch ORDER BY run_id DESC LIMIT :most;

-- name: spans
-- The newest runs over a batch that recorded anything, newest first: when they began and ended, and between which ids
-- their attempts and findings lie.
SELECT r.run_id, r.started_at, greatest(r.started_at, r.ended_at, max(e.at)),
       min(e.first_attempt), max(e.last_attempt), min(e.first_finding), max(e.last_finding)
FROM run r JOIN worker w ON w.run_id = r.run_id JOIN entry e ON e.worker_id = w.worker_id
WHERE r.batch_id = :batch GROUP BY r.run_id, r.started_at, r.ended_at ORDER BY r.run_id DESC LIMIT :most;

-- name: slices
-- What a run recorded within each slice of its time.
SELECT least(greatest((at - :started) / :width, 0), :last) AS slice,
       count(*) FILTER (WHERE state IS NULL), count(*) FILTER (WHERE state = 'credited'),
       count(*) FILTER (WHERE state IN ('failed', 'review')), count(*) FILTER (WHERE state = 'in_doubt'),
       count(*) FILTER (WHERE http_status = 429)
FROM (
    SELECT at, NULL AS state, NULL AS http_status
    FROM attempt WHERE attempt_id BETWEEN :first_attempt AND :last_attempt AND run_id = :run
    UNION ALL
    SELECT at, state, http_status
    FROM finding WHERE finding_id BETWEEN :first_finding AND :last_finding AND run_id = :run
) recorded
GROUP BY slice ORDER BY slice;

-- name: decisions
-- What persons said of a batch's rows, oldest first.
SELECT w.row_number, f.at, f.reason FROM finding f JOIN row w USING (request_id)
WHERE f.run_id IS NULL AND strpos(f.reason, :says) > 0 AND w.batch_id = :batch ORDER BY f.finding_id;
