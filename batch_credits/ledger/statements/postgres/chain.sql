-- The texts of PostgreSQL's where its words differ: see the file of the same name one folder above. `told` writes a value as
-- SQLite's `quote` does: see schema.sql.

-- name: stand_in_line
-- From here to the end of the transaction nobody else adds a link.
SELECT pg_advisory_xact_lock(1650680116);

-- name: go_by_ids
-- From here to the end of the transaction rows are found by their ids: they are asked for some thousands at a time, and
-- the planner would walk over a whole table for them.
SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
       set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true);

-- name: close_history
-- From here on each row that is added to a table has a higher id than all that are there: nobody is amid adding one.
SELECT close_history(:table);

-- name: history_site
-- Sites, by their names.
SELECT site_id, (told(site_id) || ',' || told(name))
FROM site WHERE site_id BETWEEN :first AND :last ORDER BY site_id;

-- name: history_worker
-- Lives that are over: whose, on which host, for which run.
SELECT worker_id, (told(worker_id) || ',' || told(run_id) || ',' || told(host) || ',' || told(pid) || ','
       || told("user") || ',' || told(started_at) || ',' || told(ended_at))
FROM worker WHERE ended_at IS NOT NULL AND worker_id BETWEEN :first AND :last ORDER BY worker_id;

-- name: history_batch
-- Batches that are owed: what was read, how, and what they reverse.
SELECT batch_id, (told(batch_id) || ',' || told(key) || ',' || told(site_id) || ',' || told(kind) || ','
       || told(reverses) || ',' || told(file_name) || ',' || told(file_sha256) || ',' || told(headers) || ','
       || told(columns) || ',' || told(options) || ',' || told(created_at))
FROM batch WHERE admitted = 1 AND batch_id BETWEEN :first AND :last ORDER BY batch_id;

-- name: history_run
-- Runs as they began: who, how it was set and agreed to, and the order with its approvals.
SELECT run_id, (told(run_id) || ',' || told(batch_id) || ',' || told(started_at) || ',' || told(version) || ','
       || told("user") || ',' || told(settings))
FROM run WHERE run_id BETWEEN :first AND :last ORDER BY run_id;

-- name: history_run_end
-- And how they ended.
SELECT run_id, (told(run_id) || ',' || told(ended_at) || ',' || told(requests) || ',' || told(throttled) || ','
       || told(retries) || ',' || told(stopped) || ',' || told(needs_person))
FROM run WHERE ended_at IS NOT NULL AND run_id BETWEEN :first AND :last ORDER BY run_id;

-- name: history_entry
-- Commits: whose, and when.
SELECT entry_id,
       CAST(entry_id AS text) || ',' || CAST(worker_id AS text) || ',' || CAST(at AS text)
FROM entry WHERE entry_id BETWEEN :first AND :last ORDER BY entry_id;

-- name: history_attempt
-- Attempts, with what was asked for.
SELECT a.attempt_id,
       CAST(a.attempt_id AS text) || ',' || CAST(a.request_id AS text) || ',' || CAST(a.run_id AS text)
       || ',' || CAST(a.generation AS text) || ',' || CAST(a.at AS text) || ',' || told(CAST(a.entry_id AS text))
       || ',' || told(CAST(r.site_id AS text)) || ',' || told(CAST(r.kind AS text))
       || ',' || told(CAST(r.customer_id AS text)) || ',' || told(CAST(r.reference AS text))
       || ',' || told(CAST(r.amount_minor AS text)) || ',' || told(CAST(r.amount_in_decimal AS text))
       || ',' || told(CAST(r.currency_code AS text)) || ',' || told(CAST(r.credit_type AS text))
       || ',' || told(CAST(r.body AS text))
FROM attempt a LEFT JOIN request r ON r.request_id = a.request_id
WHERE a.attempt_id BETWEEN :first AND :last ORDER BY a.attempt_id;

-- name: history_finding
-- Findings, with whom they are about, and under which id what was credited is credited.
SELECT f.finding_id,
       CAST(f.finding_id AS text) || ',' || CAST(f.request_id AS text) || ',' || CAST(f.at AS text)
       || ',' || told(CAST(f.run_id AS text)) || ',' || told(CAST(f.state AS text))
       || ',' || told(CAST(f.reason AS text)) || ',' || told(CAST(f.http_status AS text))
       || ',' || told(CAST(r.customer_id AS text)) || ',' || told(CAST(r.reference AS text))
       || ',' || told(CAST(CASE WHEN f.state = 'credited' THEN s.credit_id END AS text))
FROM finding f LEFT JOIN request r ON r.request_id = f.request_id
LEFT JOIN standing s ON s.request_id = f.request_id
WHERE f.finding_id BETWEEN :first AND :last ORDER BY f.finding_id;

-- name: history_restored
-- When something may have been forgotten.
SELECT restored_id, (told(restored_id) || ',' || told(at) || ',' || told(why) || ',' || told(known_until))
FROM restored WHERE restored_id BETWEEN :first AND :last ORDER BY restored_id;

-- name: history_probe
-- Probes as they began.
SELECT probe_id, (told(probe_id) || ',' || told(name) || ',' || told(site_id) || ',' || told(customer_id) || ','
       || told(currency_code) || ',' || told("user") || ',' || told(version) || ',' || told(started_at))
FROM probe WHERE probe_id BETWEEN :first AND :last ORDER BY probe_id;

-- name: history_probe_call
-- Their calls of which it is known what came of them.
SELECT probe_id * 1000000000 + number, (told(probe_id) || ',' || told(number) || ',' || told(kind) || ','
       || told(reference) || ',' || told(amount_minor) || ',' || told(body) || ',' || told(key) || ',' || told(call)
       || ',' || told(takes_back) || ',' || told(state) || ',' || told(credit_id) || ',' || told(reason) || ','
       || told(sent_at))
FROM probe_call WHERE state <> 'open' AND probe_id * 1000000000 + number BETWEEN :first AND :last
ORDER BY probe_id, number;

-- name: history_pack
-- Packs.
SELECT site_id * 1000000000 + number, (told(site_id) || ',' || told(number) || ',' || told(batch_id) || ','
       || told(digest) || ',' || told(previous) || ',' || told(contents) || ',' || told(at) || ',' || told(made_by)
       || ',' || told(head))
FROM pack WHERE site_id * 1000000000 + number BETWEEN :first AND :last ORDER BY site_id, number;
