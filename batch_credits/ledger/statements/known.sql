-- What a ledger to look into asks of the real one, which is attached as `known`: the texts of `slots` and `profiles`
-- for another place.

-- name: noted_slots
-- What of its limit a site may still count.
SELECT recent FROM known.site WHERE name = :site;

-- name: attempts_since
-- How many attempts were journaled for a site after such a note, and when the last one was.
SELECT count(*), coalesce(max(at), 0) FROM (
    SELECT a.at FROM known.attempt a JOIN known.credit_request USING (request_id)
    WHERE attempt_id > :attempt AND site_id = (SELECT site_id FROM known.site WHERE name = :site)
    ORDER BY attempt_id DESC LIMIT :most);

-- name: earlier_amounts
-- How the amounts are spread that the site was credited lately; none of them is of the batch that is looked into.
SELECT coalesce(r.currency_code, ''), length(r.amount_minor), substr(r.amount_minor, 1, 2), count(*),
       coalesce(sum(r.amount_minor >> 27), 0), coalesce(sum(r.amount_minor & 134217727), 0)
FROM (SELECT * FROM known.credit_request
      WHERE site_id = (SELECT site_id FROM known.site WHERE name = :site) AND state = 'credited'
        AND amount_minor IS NOT NULL AND kind = 'add'
      ORDER BY request_id DESC LIMIT :most) r
GROUP BY 1, 2, 3;
