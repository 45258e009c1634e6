-- name: about
-- What keeps the ledger, in words.
SELECT json_object('engine', 'SQLite ' || sqlite_version(), 'written', (SELECT journal_mode FROM pragma_journal_mode),
                   'bytes', CAST(page_count * page_size AS TEXT))
FROM pragma_page_count, pragma_page_size;

-- name: counts
-- How much the ledger holds, of what was admitted.
SELECT (SELECT count(*) FROM site), (SELECT count(*) FROM batch WHERE admitted = 1),
       (SELECT count(*) FROM row w JOIN batch b USING (batch_id) WHERE b.admitted = 1),
       (SELECT count(*) FROM credit_request r JOIN batch b USING (batch_id) WHERE b.admitted = 1),
       (SELECT count(*) FROM run), (SELECT count(*) FROM pack);

-- name: requests_by_state
-- How many requests are in each state.
SELECT r.state, count(*) FROM credit_request r JOIN batch b USING (batch_id) WHERE b.admitted = 1
GROUP BY r.state ORDER BY r.state;

-- name: not_kept_well
-- What is wrong with what keeps it: of a file, its pages.
SELECT 'the file is harmed: ' || integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'
UNION ALL
SELECT 'a row of ' || "table" || ' refers to none of ' || parent FROM pragma_foreign_key_check;

-- name: not_allowed
-- What the role that asks may not do with it. A file has no roles.
SELECT '' WHERE 1 = 0;

-- name: not_whole
-- What of the contents does not fit together, and how often.
SELECT 'identities have no request of theirs', count(*)
FROM identity i LEFT JOIN credit_request r ON r.request_id = i.request_id AND r.site_id = i.site_id
     AND r.customer_id = i.customer_id AND lower(r.reference) = lower(i.reference)
WHERE r.request_id IS NULL
UNION ALL
SELECT 'requests have an identity that nobody stands for', count(*)
FROM batch b JOIN credit_request r ON r.batch_id = b.batch_id
LEFT JOIN identity i ON i.site_id = r.site_id AND i.customer_id = r.customer_id AND i.reference = lower(r.reference)
WHERE b.admitted = 1 AND i.request_id IS NULL
UNION ALL
SELECT 'credited requests have no credit', count(*) FROM credit_request WHERE state = 'credited' AND credit_id IS NULL
UNION ALL
SELECT 'batches have not all of their rows', count(*) FROM (
    SELECT b.batch_id FROM batch b LEFT JOIN row w ON w.batch_id = b.batch_id WHERE b.admitted = 1
    GROUP BY b.batch_id, b.rows_read HAVING count(w.batch_id) <> b.rows_read) short
UNION ALL
SELECT 'rows have no request of theirs', count(*)
FROM row w LEFT JOIN credit_request r ON r.request_id = w.request_id
WHERE w.request_id IS NOT NULL AND r.request_id IS NULL
UNION ALL
SELECT 'rows have a request of another row''s', count(*) FROM (
    SELECT request_id FROM row WHERE request_id IS NOT NULL GROUP BY request_id, batch_id HAVING count(*) > 1) shared
UNION ALL
SELECT 'requests have not as many attempts as they count', count(*)
FROM credit_request r LEFT JOIN (SELECT request_id, count(*) AS found FROM attempt GROUP BY request_id) a
     ON a.request_id = r.request_id
WHERE r.attempts <> coalesce(a.found, 0)
UNION ALL
SELECT 'attempts are of no commit that knows them', count(*)
FROM attempt a LEFT JOIN entry e ON e.entry_id = a.entry_id AND a.attempt_id BETWEEN e.first_attempt AND e.last_attempt
WHERE a.entry_id IS NOT NULL AND e.entry_id IS NULL
UNION ALL
SELECT 'attempts or findings are of no request', count(*)
FROM (SELECT request_id FROM attempt UNION ALL SELECT request_id FROM finding) h
LEFT JOIN credit_request r ON r.request_id = h.request_id WHERE r.request_id IS NULL;

-- name: where_moved
-- Where the ledger was copied to, and when.
SELECT place, at FROM moved ORDER BY at DESC LIMIT 1;

-- name: keep_copies_out
-- From here to the end of the transaction nobody copies the ledger to another place. SQLite's is held by one alone.
SELECT 1;

-- name: was_copied_from
-- Whether its history says that it was, or goes on from the end of that one's, whatever that is called by now.
SELECT count(*) FROM link WHERE note = :note OR previous = :head;

-- name: mark_moved
-- It was copied there.
INSERT INTO moved (place, at) VALUES (:place, :now);

-- name: unmark_moved
-- It goes on here.
DELETE FROM moved;

-- name: note_restored
-- It may have forgotten what was paid from now on.
INSERT INTO restored (restored_id, at, why, known_until)
SELECT coalesce(max(restored_id), 0) + 1, :now, :why, (SELECT coalesce(max(at), 0) FROM entry) FROM restored;

-- name: note_learning
-- The same, where what a site lists is learned from a moment on.
INSERT INTO restored (restored_id, at, why, known_until)
SELECT coalesce(max(restored_id), 0) + 1, :now, :why, :known_until FROM restored;

-- name: all_restored
-- Why the ledger may have forgotten something, and when that was noticed; the newest first.
SELECT restored_id, why, known_until, at FROM restored ORDER BY restored_id DESC;

-- name: forgotten_of_site
-- Why, and from when on, if not all that a site lists was learned since; the oldest first.
SELECT restored_id, why, known_until FROM restored WHERE restored_id > coalesce((
    SELECT t.restored_id FROM tied_out t JOIN site s USING (site_id) WHERE s.name = :site), 0)
ORDER BY restored_id;

-- name: note_tied_out
-- All that a site lists was learned, as far as it may have been forgotten until then.
INSERT INTO tied_out (site_id, restored_id)
SELECT site_id, CAST(:restored AS bigint) FROM site WHERE name = :site
ON CONFLICT (site_id) DO UPDATE SET restored_id = excluded.restored_id;
