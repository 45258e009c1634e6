-- What the ledger knows of itself: see keeping.py.

-- Where this ledger was copied to: from there it is paid on, and from here no more. One row, or none.
CREATE TABLE moved (
    place text NOT NULL,
    at    bigint NOT NULL
);

CREATE FUNCTION refuse_what_was_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM moved) THEN
        RAISE EXCEPTION 'this ledger was copied to another place, from which it is paid on';
    END IF;
    RETURN NEW;
END $$;

-- Also for one who opened it before, and waited until it was copied.
CREATE TRIGGER nobody_begins_where_all_was_moved BEFORE INSERT ON worker FOR EACH ROW
EXECUTE FUNCTION refuse_what_was_moved();

-- Each time that the ledger may have forgotten what was paid, since it was restored or is another server's: see keeping.py.
CREATE TABLE restored (
    restored_id bigint PRIMARY KEY,
    at          bigint NOT NULL,
    why         text NOT NULL,
    known_until bigint NOT NULL                      -- when its last commit was made
);

-- Up to which of these all that a site lists was learned and compared since.
CREATE TABLE tied_out (
    site_id     bigint PRIMARY KEY REFERENCES site,
    restored_id bigint NOT NULL REFERENCES restored
);
