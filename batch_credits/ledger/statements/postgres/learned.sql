-- name: keep_writers_out
-- From here to the end of the transaction nobody else changes requests of the site: neither whoever must be alone for that,
-- nor a journal, whose commits take rows in the order in which they were sent.
SELECT pg_advisory_xact_lock(1650680113, CAST(site_id AS integer)), pg_advisory_xact_lock(1650680114)
FROM site WHERE name = :site;

-- name: doubt_listed
-- A request that the site's list may show is looked at before it is sent: one that never was where the list has it. What
-- is in doubt, or in review, is looked at in any case.
UPDATE standing SET look_first = 1, call = CASE attempts WHEN 0 THEN :call ELSE call END
WHERE request_id = :request AND state IN ('pending', 'failed');
