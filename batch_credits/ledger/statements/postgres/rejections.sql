-- The texts of PostgreSQL's where its words differ: see the file of the same name one folder above.

-- name: give_up_identity
-- A request stands no longer for an identity, if it did.
DELETE FROM identity
WHERE site_id = :site AND customer_id = :customer AND reference = lower(CAST(:reference AS text) COLLATE "C")
  AND request_id = :request;

-- name: forget_request
-- A request that was never owed.
WITH gone AS (DELETE FROM standing WHERE request_id = :request RETURNING request_id)
DELETE FROM request r USING gone g WHERE r.request_id = g.request_id;
