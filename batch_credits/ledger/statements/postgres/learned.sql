-- name: doubt_listed
-- A request that the site's list may show is looked at before it is sent. What is in doubt, or in review, is in any case.
UPDATE standing SET look_first = 1 WHERE request_id = :request AND state IN ('pending', 'failed');
