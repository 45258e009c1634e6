-- The texts of PostgreSQL's where its words differ: see the file of the same name one folder above.

-- name: where_to_stage
-- The site and the kind of a batch that a worker stages, and the id of the first of so many new requests.
SELECT site_id, kind, draw_requests(:count) FROM batch
WHERE batch_id = :batch AND worker_id = :worker AND admitted = 0;

-- name: count_anew
-- What there is now is counted, since the planner goes by it: it takes an unknown batch for a small one, and then sorts all
-- of it for each page. Of a small one it is right, and a minute later somebody counts anyhow. Who does not own the tables
-- is told that he may not count them, and waits that minute. Counted is what statements choose by, and none of the texts; and less
-- is looked at than somebody will later, so that a small file need not wait for it.
SET LOCAL default_statistics_target = 30;
ANALYZE request (request_id, site_id, kind, shard), standing (request_id, batch_id, state, current, aside),
        identity (site_id, customer_id, reference, request_id), row (batch_id, row_number, request_id), shared;

-- name: be_alone
-- From here to the end of the transaction nobody else settles what the site of a batch owes: two files that are admitted at
-- once would not see each other's spellings, numbers and mends. The first number stands for this purpose.
SELECT pg_advisory_xact_lock(1650680113, CAST(site_id AS integer)) FROM batch WHERE batch_id = :batch;

-- name: proposals
-- Requests that a batch proposes in the place of failed ones, how those stand now, and whether their money is the same.
SELECT s.request_id, o.request_id, o.state, n.amount_minor IS NOT DISTINCT FROM o.amount_minor
       AND n.amount_in_decimal IS NOT DISTINCT FROM o.amount_in_decimal
       AND n.currency_code IS NOT DISTINCT FROM o.currency_code AND n.credit_type = o.credit_type
FROM standing s JOIN request n USING (request_id) JOIN identity i ON i.site_id = n.site_id
 AND i.customer_id = n.customer_id AND i.reference = lower(n.reference)
JOIN credit_request o ON o.request_id = i.request_id
WHERE s.batch_id = :batch AND s.state = 'pending' AND s.current = 0;

-- name: replace_identity
-- Another request stands for the identity of an old one.
UPDATE identity SET request_id = :new
WHERE (site_id, customer_id, reference) = (SELECT site_id, customer_id, lower(reference) FROM request
                                           WHERE request_id = :old);

-- name: replace_request
-- It is the one that may be sent, if the old one is failed still; looked at first, and where that one was sent, if that
-- one would be.
UPDATE standing SET current = CAST(request_id = :new AS integer),
    call = coalesce(call, (SELECT o.call FROM standing o WHERE o.request_id = :old AND o.look_first = 1)),
    look_first = greatest(look_first, (SELECT o.look_first FROM standing o WHERE o.request_id = :old))
WHERE request_id IN (:new, :old) AND state = CASE request_id WHEN :new THEN 'pending' ELSE 'failed' END;

-- name: replace_in_rows
-- The rows of the old one follow it, and share it.
WITH followed AS (UPDATE row SET request_id = :new WHERE request_id = :old RETURNING request_id)
INSERT INTO shared SELECT DISTINCT request_id FROM followed ON CONFLICT DO NOTHING;

-- name: hand_over
-- Requests that a staged batch brought, and that rows of other batches share, go over to the first of those.
WITH first AS (
    SELECT DISTINCT ON (w.request_id) w.request_id, w.batch_id, w.row_number
    FROM shared h JOIN standing s ON s.request_id = h.request_id AND s.batch_id = :batch
    JOIN row w ON w.request_id = h.request_id AND w.batch_id <> :batch
    ORDER BY w.request_id, w.batch_id, w.row_number),
numbered AS (
    UPDATE request r SET row_number = f.row_number FROM first f WHERE r.request_id = f.request_id)
UPDATE standing s SET batch_id = f.batch_id FROM first f WHERE s.request_id = f.request_id;

-- name: discard_respelt
-- The forms of the requests that a batch brought: its rows share others that batches before it brought.
DELETE FROM respelt WHERE request_id IN (
    SELECT s.request_id FROM row w JOIN standing s USING (request_id)
    WHERE w.batch_id = :batch AND s.batch_id = :batch);

-- name: discard_requests
-- Those requests. What was sent is never forgotten: the schema refuses it.
WITH gone AS (
    DELETE FROM standing s USING row w
    WHERE w.batch_id = :batch AND s.request_id = w.request_id AND s.batch_id = :batch RETURNING s.request_id)
DELETE FROM request r USING gone g WHERE r.request_id = g.request_id;

-- name: may_share
-- Whether rows of several batches share any request.
SELECT EXISTS (SELECT 1 FROM shared);
