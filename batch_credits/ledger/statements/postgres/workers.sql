-- The texts of PostgreSQL's where its words differ: see the file of the same name one folder above.

-- name: begin_life
-- A process begins to use the ledger.
INSERT INTO worker (host, pid, "user", started_at, until) VALUES (:host, :pid, :user, :now, :until) RETURNING worker_id;
