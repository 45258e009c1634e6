-- The history as texts, a row each with its id, which are hashed: fields as SQL writes them, one after the other, by `quote`
-- or by `printf`, which takes half the time where there are millions. What a text holds and in which order never changes, and is the same on every engine: links that were made stand for it.
-- `:first` and `:last` are ids.

-- name: newest_link
-- The end of the chain.
SELECT link_id, kind, ids, "rows", content, '', at, made_by, note, previous, digest FROM link
ORDER BY link_id DESC LIMIT 1;

-- name: link_ids
-- The chain, from its beginning.
SELECT link_id FROM link ORDER BY link_id;

-- name: link
-- One link of it.
SELECT link_id, kind, ids, "rows", content, marks, at, made_by, note, previous, digest FROM link WHERE link_id = :link;

-- name: heads_of_packs
-- With which head of the chain packs went out.
SELECT s.name, p.number, p.head FROM pack p JOIN site s USING (site_id) WHERE p.head IS NOT NULL
ORDER BY p.site_id, p.number;

-- name: covered
-- Which rows of a kind the links cover.
SELECT ids FROM link WHERE kind = :kind ORDER BY link_id;

-- name: covered_last
-- Which rows of a kind the newest link of it covers.
SELECT ids FROM link WHERE kind = :kind ORDER BY link_id DESC LIMIT 1;

-- name: add_link
-- One more.
INSERT INTO link (link_id, kind, ids, "rows", content, marks, at, made_by, note, previous, digest)
VALUES (:link_id, :kind, :ids, :rows, :content, :marks, :at, :made_by, :note, :previous, :digest);

-- name: clear_link
-- What was sealed of a ledger that holds nothing.
DELETE FROM link;

-- name: head_is_known
-- Which link has this digest, and when it was made.
SELECT link_id, at FROM link WHERE digest = :digest;

-- name: stand_in_line
-- From here to the end of the transaction nobody else adds a link. SQLite has one writer anyhow.
SELECT 1;

-- name: go_by_ids
-- From here to the end of the transaction rows are found by their ids, which SQLite does in any case.
SELECT 1;

-- name: close_history
-- From here on each row that is added to a table has a higher id than all that are there: nobody is amid adding one. Where
-- one writes at a time, that is always so.
SELECT 1;

-- name: last_entry
-- The highest id of a table.
SELECT coalesce(max(entry_id), 0) FROM entry;

-- name: last_attempt
-- The highest id of a table.
SELECT coalesce(max(attempt_id), 0) FROM attempt;

-- name: last_finding
-- The highest id of a table.
SELECT coalesce(max(finding_id), 0) FROM finding;

-- name: last_site
-- The highest id of a table.
SELECT coalesce(max(site_id), 0) FROM site;

-- name: last_run
-- The highest id of a table.
SELECT coalesce(max(run_id), 0) FROM run;

-- name: last_restored_id
-- The highest id of a table.
SELECT coalesce(max(restored_id), 0) FROM restored;

-- name: last_probe
-- The highest id of a table.
SELECT coalesce(max(probe_id), 0) FROM probe;

-- name: history_site
-- Sites, by their names.
SELECT site_id, CAST(quote(site_id) || ',' || quote(name) AS BLOB)
FROM site WHERE site_id BETWEEN :first AND :last ORDER BY site_id;

-- name: history_worker
-- Lives that are over: whose, on which host, for which run.
SELECT worker_id, CAST(quote(worker_id) || ',' || quote(run_id) || ',' || quote(host) || ',' || quote(pid) || ','
       || quote(user) || ',' || quote(started_at) || ',' || quote(ended_at) AS BLOB)
FROM worker WHERE ended_at IS NOT NULL AND worker_id BETWEEN :first AND :last ORDER BY worker_id;

-- name: history_batch
-- Batches that are owed: what was read, how, and what they reverse.
SELECT batch_id, CAST(quote(batch_id) || ',' || quote(key) || ',' || quote(site_id) || ',' || quote(kind) || ','
       || quote(reverses) || ',' || quote(file_name) || ',' || quote(file_sha256) || ',' || quote(headers) || ','
       || quote(columns) || ',' || quote(options) || ',' || quote(created_at) AS BLOB)
FROM batch WHERE admitted = 1 AND batch_id BETWEEN :first AND :last ORDER BY batch_id;

-- name: history_run
-- Runs as they began: who, how it was set and agreed to, and the order with its approvals.
SELECT run_id, CAST(quote(run_id) || ',' || quote(batch_id) || ',' || quote(started_at) || ',' || quote(version) || ','
       || quote(user) || ',' || quote(settings) AS BLOB)
FROM run WHERE run_id BETWEEN :first AND :last ORDER BY run_id;

-- name: history_run_end
-- And how they ended.
SELECT run_id, CAST(quote(run_id) || ',' || quote(ended_at) || ',' || quote(requests) || ',' || quote(throttled) || ','
       || quote(retries) || ',' || quote(stopped) || ',' || quote(needs_person) AS BLOB)
FROM run WHERE ended_at IS NOT NULL AND run_id BETWEEN :first AND :last ORDER BY run_id;

-- name: run_has_ended
-- Whether a run has ended.
SELECT ended_at IS NOT NULL FROM run WHERE run_id = :run;

-- name: history_entry
-- Commits: whose, and when.
SELECT entry_id, CAST(printf('%lld,%lld,%lld', entry_id, worker_id, at) AS BLOB)
FROM entry WHERE entry_id BETWEEN :first AND :last ORDER BY entry_id;

-- name: history_attempt
-- Attempts, with what was asked for.
SELECT a.attempt_id, CAST(printf('%lld,%lld,%lld,%lld,%lld,%Q,%Q,%Q,%Q,%Q,%Q,%Q,%Q,%Q,%Q',
       a.attempt_id, a.request_id, a.run_id, a.generation, a.at, a.entry_id, r.site_id, r.kind, r.customer_id,
       r.reference, r.amount_minor, r.amount_in_decimal, r.currency_code, r.credit_type, r.body) AS BLOB)
FROM attempt a LEFT JOIN credit_request r ON r.request_id = a.request_id
WHERE a.attempt_id BETWEEN :first AND :last ORDER BY a.attempt_id;

-- name: history_finding
-- Findings, with whom they are about, and under which id what was credited is credited.
SELECT f.finding_id, CAST(printf('%lld,%lld,%lld,%Q,%Q,%Q,%Q,%Q,%Q,%Q',
       f.finding_id, f.request_id, f.at, f.run_id, f.state, f.reason, f.http_status, r.customer_id, r.reference,
       CASE WHEN f.state = 'credited' THEN r.credit_id END) AS BLOB)
FROM finding f LEFT JOIN credit_request r ON r.request_id = f.request_id
WHERE f.finding_id BETWEEN :first AND :last ORDER BY f.finding_id;

-- name: history_restored
-- When something may have been forgotten.
SELECT restored_id, CAST(quote(restored_id) || ',' || quote(at) || ',' || quote(why) || ',' || quote(known_until) AS BLOB)
FROM restored WHERE restored_id BETWEEN :first AND :last ORDER BY restored_id;

-- name: history_probe
-- Probes as they began.
SELECT probe_id, CAST(quote(probe_id) || ',' || quote(name) || ',' || quote(site_id) || ',' || quote(customer_id) || ','
       || quote(currency_code) || ',' || quote(user) || ',' || quote(version) || ',' || quote(started_at) AS BLOB)
FROM probe WHERE probe_id BETWEEN :first AND :last ORDER BY probe_id;

-- name: history_probe_call
-- Their calls of which it is known what came of them.
SELECT probe_id * 1000000000 + number, CAST(quote(probe_id) || ',' || quote(number) || ',' || quote(kind) || ','
       || quote(reference) || ',' || quote(amount_minor) || ',' || quote(body) || ',' || quote(key) || ',' || quote(call)
       || ',' || quote(takes_back) || ',' || quote(state) || ',' || quote(credit_id) || ',' || quote(reason) || ','
       || quote(sent_at) AS BLOB)
FROM probe_call WHERE state <> 'open' AND probe_id * 1000000000 + number BETWEEN :first AND :last
ORDER BY probe_id, number;

-- name: history_pack
-- Packs.
SELECT site_id * 1000000000 + number, CAST(quote(site_id) || ',' || quote(number) || ',' || quote(batch_id) || ','
       || quote(digest) || ',' || quote(previous) || ',' || quote(contents) || ',' || quote(at) || ',' || quote(made_by)
       || ',' || quote(head) AS BLOB)
FROM pack WHERE site_id * 1000000000 + number BETWEEN :first AND :last ORDER BY site_id, number;
