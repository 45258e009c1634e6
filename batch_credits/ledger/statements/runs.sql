-- name: start_run
-- A run over a batch.
INSERT INTO run (batch_id, started_at, version, user, settings, halted)
VALUES (:batch, :now, :version, :user, :settings, :halted) RETURNING run_id;

-- name: end_run
-- How a run ended.
UPDATE run SET ended_at = :now, requests = :requests, throttled = :throttled, retries = :retries, stopped = :stopped,
    needs_person = :needs_person
WHERE run_id = :run;

-- name: batch_of_run
-- Which batch a run is over.
SELECT batch_id FROM run WHERE run_id = :run;

-- name: note_site_clock
-- When a run began by the site's clock; the earliest figure counts.
UPDATE run SET site_began_ms = min(coalesce(site_began_ms, :began_ms), :began_ms) WHERE run_id = :run;

-- name: runs
-- The newest runs over a batch, newest first, each with the hosts from which it sent.
SELECT run_id, started_at, ended_at, version, user, requests, throttled, retries, stopped, settings, needs_person, (
    SELECT json_group_array(host) FROM (
        SELECT DISTINCT w.host FROM worker w WHERE w.run_id = run.run_id AND EXISTS (
            SELECT 1 FROM entry e WHERE e.worker_id = w.worker_id AND e.first_attempt <= e.last_attempt)
        ORDER BY w.host))
FROM run WHERE batch_id = :batch ORDER BY run_id DESC LIMIT :most;

-- name: count_of_runs
-- How many runs over a batch there were.
SELECT count(*) FROM run WHERE batch_id = :batch;

-- name: settings_of_run
-- Over which batch a run is, and how it was set.
SELECT batch_id, settings FROM run WHERE run_id = :run;

-- name: settings_of_runs
-- How each run over a batch was set.
SELECT settings FROM run WHERE batch_id = :batch;

-- name: spans
-- The newest runs over a batch that recorded anything, newest first: when they began and ended, and between which ids
-- their attempts and findings lie. One walk over the entries, which are few: CROSS JOIN keeps it so.
SELECT r.run_id, r.started_at, max(r.started_at, coalesce(r.ended_at, 0), max(e.at)),
       min(e.first_attempt), max(e.last_attempt), min(e.first_finding), max(e.last_finding)
FROM entry e CROSS JOIN worker w ON w.worker_id = e.worker_id CROSS JOIN run r ON r.run_id = w.run_id
WHERE r.batch_id = :batch GROUP BY r.run_id ORDER BY r.run_id DESC LIMIT :most;

-- name: newest_attempt
-- Where the attempts of the history end.
SELECT coalesce(max(attempt_id), 0) FROM attempt;

-- name: slices
-- What a run recorded within each slice of its time. Either table is counted by itself, since SQLite sorts what it
-- groups: both together, and as wide, take half as long again.
SELECT slice, sum(sent), sum(credited), sum(not_credited), sum(in_doubt), sum(throttled)
FROM (
    SELECT min(max((at - :started) / :width, 0), :last) AS slice,
           count(*) AS sent, 0 AS credited, 0 AS not_credited, 0 AS in_doubt, 0 AS throttled
    FROM attempt WHERE attempt_id BETWEEN :first_attempt AND :last_attempt AND run_id = :run GROUP BY 1
    UNION ALL
    SELECT min(max((at - :started) / :width, 0), :last), 0, sum(state = 'credited'),
           sum(state IN ('failed', 'review')), sum(state = 'in_doubt'), sum(coalesce(http_status = 429, 0))
    FROM finding WHERE finding_id BETWEEN :first_finding AND :last_finding AND run_id = :run GROUP BY 1
)
GROUP BY slice ORDER BY slice;

-- name: decisions
-- What persons said of a batch's rows, oldest first.
SELECT w.row_number, f.at, f.reason FROM finding f JOIN row w USING (request_id)
WHERE f.run_id IS NULL AND instr(f.reason, :says) > 0 AND w.batch_id = :batch ORDER BY f.finding_id;
