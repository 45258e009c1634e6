-- name: add_site
-- A site, unless it is known.
INSERT INTO site (name) VALUES (:site) ON CONFLICT DO NOTHING;

-- name: site_id
-- The number of a site.
SELECT site_id FROM site WHERE name = :site;

-- name: address
-- Where a site answered.
SELECT address FROM site WHERE name = :site;

-- name: other_site
-- Another site that answered at an address.
SELECT name FROM site WHERE address = :address AND name <> :site;

-- name: open_requests_of_site
-- How many requests of a site are in each state that is not settled, over all its batches.
SELECT r.state, count(*)
FROM batch b CROSS JOIN credit_request r INDEXED BY credit_request_unsettled ON r.batch_id = b.batch_id
WHERE b.site_id = :site AND b.admitted = 1 AND r.current = 1 AND r.state NOT IN ('credited')
  AND r.state IN ('pending', 'in_flight', 'in_doubt', 'review')
GROUP BY r.state;

-- name: note_address
-- Where a site is called.
UPDATE site SET address = :address WHERE site_id = :site;
