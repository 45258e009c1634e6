-- name: note_slots
-- What of its limit a site may still count.
UPDATE site SET recent = :recent WHERE site_id = :site;

-- name: noted_slots
-- The same, as it was noted.
SELECT recent FROM site WHERE name = :site;

-- name: attempts_since
-- How many attempts were journaled for a site after such a note, and when the last one was.
SELECT count(*), coalesce(max(at), 0) FROM (
    SELECT a.at FROM attempt a JOIN credit_request USING (request_id)
    WHERE attempt_id > :attempt AND site_id = (SELECT site_id FROM site WHERE name = :site)
    ORDER BY attempt_id DESC LIMIT :most) AS later;
