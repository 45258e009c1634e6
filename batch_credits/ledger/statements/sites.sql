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

-- name: note_address
-- Where a site is called.
UPDATE site SET address = :address WHERE site_id = :site;
