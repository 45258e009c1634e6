-- The texts of PostgreSQL's where its words differ: see the file of the same name one folder above.

-- name: hold_site_of_packs
-- The number of a site; from here to the end of the transaction nobody else makes a pack of it.
SELECT site_id FROM site WHERE name = :site FOR NO KEY UPDATE;

-- name: calls_of_rows
-- All that was sent for each row of a batch, and learned of it, by whichever batch's run: row by row, in the order of time.
-- What was learned comes before what was sent in the same moment, since one commit records answers first.
SELECT w.row_number, h.is_attempt, h.at, h.run_id, h.generation, h.state, h.reason, h.http_status, of_run.key,
       r.customer_id, r.reference, r.kind, r.body, r.amount_minor, r.amount_in_decimal, r.currency_code, r.credit_type
FROM (SELECT request_id, 1 AS is_attempt, attempt_id AS id, at, run_id, generation, CAST(NULL AS text) AS state,
             CAST(NULL AS text) AS reason, CAST(NULL AS integer) AS http_status FROM attempt
      UNION ALL
      SELECT request_id, 0, finding_id, at, run_id, NULL, state, reason, http_status FROM finding) h
JOIN row w ON w.request_id = h.request_id AND w.batch_id = :batch
JOIN request r ON r.request_id = h.request_id
LEFT JOIN run ON run.run_id = h.run_id LEFT JOIN batch of_run ON of_run.batch_id = run.batch_id
ORDER BY w.row_number, h.at, h.is_attempt, h.id;
