-- name: hold_site_of_packs
-- The number of a site; from here to the end of the transaction nobody else makes a pack of it. SQLite's is held by one.
SELECT site_id FROM site WHERE name = :site;

-- name: newest_pack
-- The newest pack of a site.
SELECT p.number, b.key, p.digest, p.previous, p.at, p.made_by, p.head
FROM pack p JOIN site s USING (site_id) JOIN batch b ON b.batch_id = p.batch_id
WHERE s.name = :site ORDER BY p.number DESC LIMIT 1;

-- name: pack_of_contents
-- The newest pack of a site that holds just this.
SELECT p.number, b.key, p.digest, p.previous, p.at, p.made_by, p.head
FROM pack p JOIN site s USING (site_id) JOIN batch b ON b.batch_id = p.batch_id
WHERE s.name = :site AND p.contents = :contents ORDER BY p.number DESC LIMIT 1;

-- name: note_pack
-- A pack was made.
INSERT INTO pack (site_id, number, batch_id, digest, previous, contents, at, made_by, head)
VALUES (:site, :number, :batch, :digest, :previous, :contents, :now, :user, :head);

-- name: pseudonym_secret
-- With which secret the packs of a site hide ids.
SELECT p.secret FROM pseudonym p JOIN site s USING (site_id) WHERE s.name = :site;

-- name: keep_pseudonym_secret
-- The secret of a site that has none.
INSERT INTO pseudonym (site_id, secret) VALUES (:site, :secret);

-- name: broken_packs
-- Packs that are not chained to the one before, or whose batch is of another site.
SELECT 'pack ' || c.number || ' of ' || s.name || ' is not chained to the one before' FROM (
    SELECT site_id, number, previous, row_number() OVER each_site AS due, lag(digest) OVER each_site AS before_it
    FROM pack WINDOW each_site AS (PARTITION BY site_id ORDER BY number)) c JOIN site s USING (site_id)
WHERE c.number <> c.due OR coalesce(c.previous, '') <> coalesce(c.before_it, '')
UNION ALL
SELECT 'pack ' || p.number || ' of ' || s.name || ' is of a batch of another site'
FROM pack p JOIN site s USING (site_id) JOIN batch b ON b.batch_id = p.batch_id WHERE b.site_id <> p.site_id;

-- name: calls_of_rows
-- All that was sent for each row of a batch, and learned of it, by whichever batch's run: row by row, in the order of time.
-- What was learned comes before what was sent in the same moment, since one commit records answers first.
SELECT w.row_number, h.is_attempt, h.at, h.run_id, h.generation, h.state, h.reason, h.http_status, of_run.key,
       r.customer_id, r.reference, r.kind, r.body, r.amount_minor, r.amount_in_decimal, r.currency_code, r.credit_type
FROM (SELECT request_id, 1 AS is_attempt, attempt_id AS id, at, run_id, generation, NULL AS state, NULL AS reason,
             NULL AS http_status FROM attempt
      UNION ALL
      SELECT request_id, 0, finding_id, at, run_id, NULL, state, reason, http_status FROM finding) h
JOIN row w ON w.request_id = h.request_id AND w.batch_id = :batch
JOIN credit_request r ON r.request_id = h.request_id
LEFT JOIN run ON run.run_id = h.run_id LEFT JOIN batch of_run ON of_run.batch_id = run.batch_id
ORDER BY w.row_number, h.at, h.is_attempt, h.id;

-- name: kin_of_batch
-- The batches that a batch reverses, that reverse it, that it mends, or that mend it.
SELECT b.key, b.file_name, b.file_sha256, k.what FROM (
    SELECT b.reverses AS key, 'reverses' AS what FROM batch b WHERE b.batch_id = :batch AND b.reverses IS NOT NULL
    UNION
    SELECT o.key, 'is_reversed_by' FROM batch o JOIN batch b ON o.reverses = b.key WHERE b.batch_id = :batch
    UNION
    SELECT m.of_batch, 'mends' FROM mended m WHERE m.batch_id = :batch
    UNION
    SELECT o.key, 'is_mended_by' FROM batch b JOIN mended m ON m.of_batch = b.key JOIN batch o ON o.batch_id = m.batch_id
    WHERE b.batch_id = :batch) k
JOIN batch b ON b.key = k.key AND b.admitted = 1 ORDER BY k.what, b.key;
