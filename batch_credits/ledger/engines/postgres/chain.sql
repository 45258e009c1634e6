-- The history's chain: each link covers rows, and names the digest of the link before: see links.py.
CREATE TABLE link (
    link_id  bigint PRIMARY KEY,                     -- from 1, without a gap
    kind     text NOT NULL,                          -- of the rows that it covers
    ids      text NOT NULL,                          -- theirs, as 1-998,1000
    rows     bigint NOT NULL,
    content  text NOT NULL,                          -- SHA-256 of their texts, one after the other
    marks    text NOT NULL,                          -- one for each, base64
    at       bigint NOT NULL,
    made_by  text NOT NULL,
    note     text NOT NULL,
    previous text NOT NULL,                          -- the digest of the link before; empty: it is the first
    digest   text COLLATE "C" NOT NULL UNIQUE        -- SHA-256 of all that stands before it
);
CREATE INDEX link_kind ON link (kind, link_id);
CREATE TRIGGER link_is_frozen BEFORE UPDATE OR TRUNCATE ON link FOR EACH STATEMENT
EXECUTE FUNCTION refuse('links are only ever added');

-- A value as SQLite's `quote` writes it, so that rows have one text on every engine.
CREATE FUNCTION told(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT coalesce('''' || replace(value, '''', '''''') || '''', 'NULL')
$$;
CREATE FUNCTION told(value bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT coalesce(CAST(value AS text), 'NULL')
$$;

-- Wait until nobody is amid adding rows to a table of the history, and keep them waiting to the end of the transaction,
-- which is short. It is its owner's act: who only works may add rows, and so could not lock others out. Where somebody has
-- it for long, it is given up, and the rows are sealed another time.
CREATE FUNCTION close_history(name text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF name NOT IN ('site', 'run', 'entry', 'attempt', 'finding', 'restored', 'probe') THEN
        RAISE EXCEPTION 'no table of the history';
    END IF;
    PERFORM set_config('lock_timeout', '2s', true);
    EXECUTE format('LOCK TABLE batch_credits.%I IN SHARE MODE', name);
END $$;
