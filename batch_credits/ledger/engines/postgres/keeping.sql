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

-- The audit packs of a site, each chained to the one before by its digest: see packs.py.
CREATE TABLE pack (
    site_id  bigint NOT NULL REFERENCES site,
    number   bigint NOT NULL CHECK (number > 0),     -- among those of its site
    batch_id bigint NOT NULL REFERENCES batch,
    digest   text COLLATE "C" NOT NULL UNIQUE,       -- SHA-256 of its tagmanifest-sha256.txt
    previous text COLLATE "C",                       -- the digest of the one before; NULL: it is the first
    contents text COLLATE "C" NOT NULL,              -- SHA-256 of its manifest-sha256.txt: what it holds, without the chain
    at       bigint NOT NULL,
    made_by  text NOT NULL,
    head     text COLLATE "C",                       -- the digest of the newest link then; NULL: before version 9
    PRIMARY KEY (site_id, number)
);
CREATE TRIGGER pack_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON pack FOR EACH STATEMENT
EXECUTE FUNCTION refuse('packs are only ever added');

-- With which secret the packs of a site hide its customers' ids, so that one id is one pseudonym in all of them.
CREATE TABLE pseudonym (
    site_id bigint PRIMARY KEY REFERENCES site,
    secret  text NOT NULL
);
