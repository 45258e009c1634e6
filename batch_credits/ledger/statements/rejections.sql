-- name: store_rejection
-- A row that has no request, and why.
UPDATE row SET request_id = NULL, rejected = :why WHERE batch_id = :batch AND row_number = :row;

-- name: give_up_identity
-- A request stands no longer for an identity, if it did.
DELETE FROM identity
WHERE site_id = :site AND customer_id = :customer AND reference = :reference AND request_id = :request;

-- name: forget_request
-- A request that was never owed.
DELETE FROM credit_request WHERE request_id = :request;
