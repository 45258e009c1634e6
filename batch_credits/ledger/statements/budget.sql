-- name: hold_site
-- Who shares out a site's limit waits for whoever does so now: a row that is changed is locked, in every database.
UPDATE site SET address = address WHERE site_id = :site;

-- name: slots_of_site
-- Who has slots of a site's limit, what each was told of it, whether it asks only, when they are back (0: it has them while
-- it lives), in how many milliseconds that is, and whether it lives.
SELECT s.worker_id, s.slots, s.budget, s.only_asks, s.back_at,
       CASE WHEN s.back_at > 0 THEN s.back_at ELSE w.until + s.linger_ms END - lease_now_ms(),
       s.back_at = 0 AND w.ended_at IS NULL AND w.until > lease_now_ms()
FROM slot s JOIN worker w ON w.worker_id = s.worker_id WHERE s.site_id = :site ORDER BY s.worker_id;

-- name: set_slots
-- How many slots a life has from now on.
INSERT INTO slot (site_id, worker_id, back_at, slots, budget, only_asks, linger_ms)
VALUES (:site, :worker, 0, :slots, :budget, :only_asks, :linger)
ON CONFLICT (site_id, worker_id, back_at) DO UPDATE
SET slots = excluded.slots, budget = excluded.budget, only_asks = excluded.only_asks, linger_ms = excluded.linger_ms;

-- name: leave_slots
-- What a life has used lately is back so much later.
INSERT INTO slot (site_id, worker_id, back_at, slots, budget, only_asks, linger_ms)
VALUES (:site, :worker, lease_now_ms() + :wait, :slots, :budget, :only_asks, :linger)
ON CONFLICT (site_id, worker_id, back_at) DO UPDATE SET slots = slot.slots + excluded.slots;

-- name: give_slots_back
-- Slots are back.
DELETE FROM slot WHERE site_id = :site AND worker_id = :worker AND back_at = :back_at;
