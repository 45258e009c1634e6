-- name: batches
-- The admitted batches whose key begins with a prefix, oldest first.
SELECT b.batch_id, b.key, s.name, b.file_name, b.file_sha256, b.headers, b.columns, b.options, b.created_at,
       b.rows_read, b.totals, b.kind, b.reverses
FROM batch b JOIN site s USING (site_id)
WHERE b.admitted = 1 AND substr(b.key, 1, length(:prefix)) = :prefix ORDER BY b.batch_id;

-- name: batch
-- One batch, admitted or not.
SELECT b.batch_id, b.key, s.name, b.file_name, b.file_sha256, b.headers, b.columns, b.options, b.created_at,
       b.rows_read, b.totals, b.kind, b.reverses
FROM batch b JOIN site s USING (site_id) WHERE b.batch_id = :batch;
