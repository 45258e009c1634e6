-- The ledger, version 10. Money-like facts only: who is owed what, what was sent, what was learned.
-- Times are milliseconds since 1970 UTC, for people only: no decision reads them, but of `site.recent`. (`worker.until` is
-- by another clock, which nobody sets.)

CREATE TABLE site (
    site_id INTEGER PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE,
    address TEXT,                                    -- where it answered; NULL: never called yet
    recent  TEXT                                     -- JSON object: requests of the last minute, see slots.py
) STRICT;

-- One source file's content, read one way, for one site; or what of such a batch is to be undone.
CREATE TABLE batch (
    batch_id    INTEGER PRIMARY KEY,
    key         TEXT NOT NULL UNIQUE,
    site_id     INTEGER NOT NULL REFERENCES site,
    kind        TEXT NOT NULL CHECK (kind IN ('add', 'deduct')), -- of its calls
    reverses    TEXT REFERENCES batch (key) CHECK (reverses IS NULL OR kind = 'deduct'), -- whose credits it deducts
    file_name   TEXT NOT NULL,
    file_sha256 TEXT NOT NULL,
    headers     TEXT NOT NULL,                       -- JSON array
    columns     TEXT NOT NULL,                       -- JSON object: field -> index in headers
    options     TEXT NOT NULL,                       -- JSON object
    admitted    INTEGER NOT NULL CHECK (admitted IN (0, 1)), -- 0: still being read, or not yet confirmed
    created_at  INTEGER NOT NULL,
    rows_read   INTEGER NOT NULL DEFAULT 0,          -- counted by the loader, as the totals are
    totals      TEXT NOT NULL DEFAULT '{}',          -- JSON object: currency -> [count, minor units, decimal text]
    worker_id   INTEGER REFERENCES worker            -- who stages it, or did; NULL: before version 4
) STRICT;

-- A credit request: frozen bytes, and how far it got. Its identity is (site, customer_id, reference).
CREATE TABLE credit_request (
    request_id        INTEGER PRIMARY KEY,
    site_id           INTEGER NOT NULL REFERENCES site,
    kind              TEXT NOT NULL CHECK (kind IN ('add', 'deduct')), -- the call that its body is for
    customer_id       TEXT NOT NULL,
    reference         TEXT NOT NULL,
    amount_minor      INTEGER,
    amount_in_decimal TEXT,
    currency_code     TEXT,
    credit_type       TEXT NOT NULL,
    body              TEXT NOT NULL,                 -- the exact bytes that are sent, and sent again
    generation        INTEGER NOT NULL DEFAULT 0,    -- part of the idempotency key
    batch_id          INTEGER NOT NULL REFERENCES batch, -- the batch that answers for it now
    row_number        INTEGER NOT NULL,              -- its row in the batch that planned it
    current           INTEGER NOT NULL DEFAULT 1 CHECK (current IN (0, 1)), -- 0: proposed, or superseded
    state             TEXT NOT NULL DEFAULT 'pending' CHECK ( -- in words, since IN takes as long as all else of a row
        state = 'pending' OR state = 'in_flight' OR state = 'in_doubt' OR state = 'credited' OR state = 'failed'
        OR state = 'review'),
    call              TEXT,                          -- JSON object: the headers that its key stands for; NULL: not sent
    look_first        INTEGER NOT NULL DEFAULT 0,    -- a person said that it is not credited
    key_spoiled       INTEGER NOT NULL DEFAULT 0,
    open_attempts     INTEGER NOT NULL DEFAULT 0,    -- attempts that may have been applied
    attempts          INTEGER NOT NULL DEFAULT 0,
    credit_id         TEXT,                          -- Chargebee's id of the credit, also where it is not proven ours
    closing_balance   TEXT,
    http_status       INTEGER,
    error_code        TEXT,
    error_param       TEXT,
    error             TEXT,
    finished_at       INTEGER,
    CHECK ((amount_minor IS NULL) <> (amount_in_decimal IS NULL)),
    CHECK (state <> 'credited' OR credit_id IS NOT NULL)
) STRICT;

CREATE INDEX credit_request_proposed ON credit_request (batch_id, customer_id, reference) WHERE current = 0;
CREATE INDEX credit_request_unsettled ON credit_request (batch_id, state, request_id)
    WHERE state NOT IN ('credited');
CREATE INDEX credit_request_deduct ON credit_request (site_id, state) WHERE kind = 'deduct';
CREATE INDEX credit_request_credit ON credit_request (site_id, credit_id) WHERE credit_id IS NOT NULL;

-- Which request stands for an identity. It is no index of `credit_request`, so that a batch's identities can be settled
-- all at once, sorted: a million of them one by one, in the order of a file, take ten times as long.
CREATE TABLE identity (
    site_id     INTEGER NOT NULL REFERENCES site,
    customer_id TEXT NOT NULL,
    reference   TEXT NOT NULL COLLATE NOCASE,        -- q3 and Q3 are one; what else is, `respelt` tells
    request_id  INTEGER NOT NULL REFERENCES credit_request,
    PRIMARY KEY (site_id, customer_id, reference)
) STRICT, WITHOUT ROWID;

-- The forms of identities whose texts are not their own form but for capitals of ASCII: see spellings.py.
CREATE TABLE respelt (
    site_id        INTEGER NOT NULL REFERENCES site,
    customer_form  TEXT NOT NULL,
    reference_form TEXT NOT NULL COLLATE NOCASE,
    request_id     INTEGER NOT NULL REFERENCES credit_request,
    PRIMARY KEY (site_id, customer_form, reference_form, request_id)
) STRICT, WITHOUT ROWID;

-- One identity, one request that may be sent, whatever the program believes.
CREATE TRIGGER only_the_identity_is_sent BEFORE UPDATE OF state ON credit_request
WHEN NEW.state = 'in_flight' AND NEW.request_id IS NOT (SELECT request_id FROM identity
    WHERE site_id = NEW.site_id AND customer_id = NEW.customer_id AND reference = NEW.reference)
BEGIN SELECT RAISE(ABORT, 'another request stands for this identity'); END;

-- What is credited stays credited, under the same identity and the same money.
CREATE TRIGGER credited_is_final BEFORE UPDATE ON credit_request
WHEN OLD.state = 'credited' AND (NEW.state <> 'credited' OR NEW.credit_id <> OLD.credit_id OR NEW.body <> OLD.body)
BEGIN SELECT RAISE(ABORT, 'a credited request is final'); END;
CREATE TRIGGER kind_is_frozen BEFORE UPDATE OF kind ON credit_request
BEGIN SELECT RAISE(ABORT, 'a request never changes its call'); END;
CREATE TRIGGER sent_is_never_forgotten BEFORE DELETE ON credit_request
WHEN OLD.attempts > 0
BEGIN SELECT RAISE(ABORT, 'a request that was sent is never forgotten'); END;

-- Every data line of a source file, with its own texts.
CREATE TABLE row (
    batch_id   INTEGER NOT NULL REFERENCES batch,
    row_number INTEGER NOT NULL,
    cells      TEXT NOT NULL,                        -- JSON array
    request_id INTEGER REFERENCES credit_request,    -- NULL: rejected
    rejected   TEXT,                                 -- JSON object: problems, reference, money as far as readable
    PRIMARY KEY (batch_id, row_number),
    CHECK ((request_id IS NULL) <> (rejected IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX row_request ON row (request_id, batch_id) WHERE request_id IS NOT NULL;

-- Which row of which batch a row of a mended failed.csv stands for, as the file says. The ledger may not know that batch:
-- another one paid it, or nobody did.
CREATE TABLE mended (
    batch_id   INTEGER NOT NULL REFERENCES batch,
    row_number INTEGER NOT NULL,
    of_batch   TEXT NOT NULL,                        -- its key
    of_row     INTEGER NOT NULL,
    PRIMARY KEY (batch_id, row_number)
) STRICT, WITHOUT ROWID;

CREATE INDEX mended_of ON mended (of_batch, of_row);

-- Totals of rows that never change again, ten thousand numbers at a time: see totals.py.
CREATE TABLE sealed (
    batch_id INTEGER NOT NULL REFERENCES batch,
    block    INTEGER NOT NULL,
    totals   TEXT NOT NULL,                          -- JSON object: outcome -> totals as in `batch`
    PRIMARY KEY (batch_id, block)
) STRICT, WITHOUT ROWID;

-- One execution over a batch.
CREATE TABLE run (
    run_id     INTEGER PRIMARY KEY,
    batch_id   INTEGER NOT NULL REFERENCES batch,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    version    TEXT NOT NULL,
    user       TEXT NOT NULL,
    requests   INTEGER NOT NULL DEFAULT 0,
    throttled  INTEGER NOT NULL DEFAULT 0,
    retries    INTEGER NOT NULL DEFAULT 0,
    stopped    TEXT,
    settings   TEXT NOT NULL DEFAULT '{}',           -- JSON object: how it was set, and what was agreed to
    needs_person INTEGER NOT NULL DEFAULT 0,         -- it stopped: a person must look before anything else is sent
    site_began_ms INTEGER,                           -- when it began by the site's clock, or earlier; NULL: not learned
    halted TEXT                                      -- JSON array: why no worker goes on with its batch, see teams.py
) STRICT;

-- One process's life with this ledger: what it staged may be admitted, and what it holds may be sent, until it ends.
CREATE TABLE worker (
    worker_id  INTEGER PRIMARY KEY,
    run_id     INTEGER REFERENCES run,               -- for which it sends; NULL: it stages, or only asks
    host       TEXT NOT NULL,
    pid        INTEGER NOT NULL,
    user       TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    until      INTEGER NOT NULL,                     -- the end of its lease: milliseconds by lease_now_ms()
    ended_at   INTEGER,                              -- NULL: it lives, or nobody has noticed yet
    told       TEXT NOT NULL DEFAULT '{}',           -- JSON object: how its sending goes, and how it ended
    lease_ms   INTEGER NOT NULL DEFAULT 0,           -- how long its lease is from each renewal on
    timeout_ms INTEGER NOT NULL DEFAULT 0            -- how long what it has sent may be on its way
) STRICT;

CREATE INDEX worker_run ON worker (run_id);

-- Which worker may send to the customers of a shard of a site. A claim bumps the epoch, so whoever has lost it knows.
CREATE TABLE shard (
    site_id INTEGER NOT NULL REFERENCES site,
    shard   INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 63),
    owner   INTEGER REFERENCES worker,               -- NULL: nobody
    epoch   INTEGER NOT NULL DEFAULT 0,              -- how many have held it
    lost_ms INTEGER NOT NULL DEFAULT 0,              -- lease and timeout of a holder that was lost and left doubt here
    PRIMARY KEY (site_id, shard)
) STRICT, WITHOUT ROWID;

-- Who has how much of a site's limit, where processes share it: see budget.py.
CREATE TABLE slot (
    site_id   INTEGER NOT NULL REFERENCES site,
    worker_id INTEGER NOT NULL REFERENCES worker,
    back_at   INTEGER NOT NULL,                      -- by lease_now_ms(); 0: when its life and `linger_ms` are over
    slots     INTEGER NOT NULL CHECK (slots >= 0),
    budget    INTEGER NOT NULL CHECK (budget > 0),   -- the site's limit, as this worker was told
    only_asks INTEGER NOT NULL CHECK (only_asks IN (0, 1)),
    linger_ms INTEGER NOT NULL,                      -- how long the site may count what it sent, after its life
    PRIMARY KEY (site_id, worker_id, back_at)
) STRICT, WITHOUT ROWID;

-- The commits of the journal, numbered in their order: ids of attempts and findings need not be in it. An entry says
-- between which ids its own lie, and others may lie there too.
CREATE TABLE entry (
    entry_id      INTEGER PRIMARY KEY,
    worker_id     INTEGER NOT NULL REFERENCES worker,
    at            INTEGER NOT NULL,
    first_attempt INTEGER NOT NULL,
    last_attempt  INTEGER NOT NULL,                  -- less than the first: there is none
    first_finding INTEGER NOT NULL,
    last_finding  INTEGER NOT NULL,
    number        INTEGER NOT NULL DEFAULT 0         -- among those of its worker; 0: not known
) STRICT;

-- The history: what was sent, and what was learned. Rows are only ever added.
CREATE TABLE attempt (
    attempt_id INTEGER PRIMARY KEY,
    request_id INTEGER NOT NULL REFERENCES credit_request,
    run_id     INTEGER NOT NULL REFERENCES run,
    generation INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    entry_id   INTEGER REFERENCES entry              -- and so whose it is; NULL: before version 4
) STRICT;

CREATE TABLE finding (
    finding_id INTEGER PRIMARY KEY,
    request_id INTEGER NOT NULL REFERENCES credit_request,
    run_id     INTEGER REFERENCES run,
    state      TEXT NOT NULL,                        -- the state that followed
    reason     TEXT,
    http_status INTEGER,
    at         INTEGER NOT NULL
) STRICT;

CREATE TRIGGER attempt_is_append_only_update BEFORE UPDATE ON attempt
BEGIN SELECT RAISE(ABORT, 'attempts are only ever added'); END;
CREATE TRIGGER attempt_is_append_only_delete BEFORE DELETE ON attempt
BEGIN SELECT RAISE(ABORT, 'attempts are only ever added'); END;
CREATE TRIGGER finding_is_append_only_update BEFORE UPDATE ON finding
BEGIN SELECT RAISE(ABORT, 'findings are only ever added'); END;
CREATE TRIGGER finding_is_append_only_delete BEFORE DELETE ON finding
BEGIN SELECT RAISE(ABORT, 'findings are only ever added'); END;

-- Where this ledger was copied to: from there it is paid on, and from here no more. One row, or none.
CREATE TABLE moved (
    place TEXT NOT NULL,
    at    INTEGER NOT NULL
) STRICT;
CREATE TRIGGER nobody_begins_where_all_was_moved BEFORE INSERT ON worker WHEN EXISTS (SELECT 1 FROM moved)
BEGIN SELECT RAISE(ABORT, 'this ledger was copied to another place, from which it is paid on'); END;

-- Each time that the ledger may have forgotten what was paid, since it was restored or is another server's: see keeping.py.
CREATE TABLE restored (
    restored_id INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    why         TEXT NOT NULL,
    known_until INTEGER NOT NULL                     -- when its last commit was made
) STRICT;

-- Up to which of these all that a site lists was learned and compared since.
CREATE TABLE tied_out (
    site_id     INTEGER PRIMARY KEY REFERENCES site,
    restored_id INTEGER NOT NULL REFERENCES restored
) STRICT;

-- The audit packs of a site, each chained to the one before by its digest: see packs.py.
CREATE TABLE pack (
    site_id  INTEGER NOT NULL REFERENCES site,
    number   INTEGER NOT NULL CHECK (number > 0),    -- among those of its site
    batch_id INTEGER NOT NULL REFERENCES batch,
    digest   TEXT NOT NULL UNIQUE,                   -- SHA-256 of its tagmanifest-sha256.txt
    previous TEXT,                                   -- the digest of the one before; NULL: it is the first
    contents TEXT NOT NULL,                          -- SHA-256 of its manifest-sha256.txt: what it holds, without the chain
    at       INTEGER NOT NULL,
    made_by  TEXT NOT NULL,
    head     TEXT,                                   -- the digest of the newest link then; NULL: before version 9
    PRIMARY KEY (site_id, number)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER pack_is_append_only_update BEFORE UPDATE ON pack
BEGIN SELECT RAISE(ABORT, 'packs are only ever added'); END;
CREATE TRIGGER pack_is_append_only_delete BEFORE DELETE ON pack
BEGIN SELECT RAISE(ABORT, 'packs are only ever added'); END;

-- With which secret the packs of a site hide its customers' ids, so that one id is one pseudonym in all of them.
CREATE TABLE pseudonym (
    site_id INTEGER PRIMARY KEY REFERENCES site,
    secret  TEXT NOT NULL
) STRICT;

-- What was sent to a test site to learn how it behaves, and what was learned: see the room `probe`.
CREATE TABLE probe (
    probe_id      INTEGER PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,              -- stands in the reference and the description of all that it sends
    site_id       INTEGER NOT NULL REFERENCES site,
    customer_id   TEXT NOT NULL,
    currency_code TEXT,                              -- NULL: the customer's own
    user          TEXT NOT NULL,
    version       TEXT NOT NULL,
    started_at    INTEGER NOT NULL,
    ended_at      INTEGER,                           -- NULL: some of its credits may not be taken back yet
    facts         TEXT                               -- JSON object; NULL: it was not finished
) STRICT;

-- One call of a probe, durable before its first byte leaves. A credit that was found, and no call is known of, has one too.
CREATE TABLE probe_call (
    probe_id     INTEGER NOT NULL REFERENCES probe,
    number       INTEGER NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('add', 'deduct')),
    reference    TEXT NOT NULL,                      -- as it was sent; calls under one key have the same
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    body         TEXT NOT NULL,
    key          TEXT NOT NULL,
    call         TEXT NOT NULL,                      -- JSON object: its headers
    takes_back   TEXT,                               -- of a deduction: the id of the credit that it takes back
    state        TEXT NOT NULL CHECK (state IN ('open', 'applied', 'not_applied')),
    credit_id    TEXT,                               -- what it made; NULL: nothing, or nobody knows
    reason       TEXT,                               -- why it was not applied
    sent_at      INTEGER NOT NULL,
    PRIMARY KEY (probe_id, number)
) STRICT, WITHOUT ROWID;

-- A credit is taken back once: there is no second deduction unless the first one is known to have done nothing.
CREATE UNIQUE INDEX probe_takes_back_once ON probe_call (probe_id, takes_back)
WHERE takes_back IS NOT NULL AND state <> 'not_applied';
CREATE UNIQUE INDEX probe_credit_once ON probe_call (probe_id, credit_id) WHERE credit_id IS NOT NULL;

-- The history's chain: each link covers rows, and names the digest of the link before: see links.py.
CREATE TABLE link (
    link_id  INTEGER PRIMARY KEY,                    -- from 1, without a gap
    kind     TEXT NOT NULL,                          -- of the rows that it covers
    ids      TEXT NOT NULL,                          -- theirs, as 1-998,1000
    rows     INTEGER NOT NULL,
    content  TEXT NOT NULL,                          -- SHA-256 of their texts, one after the other
    marks    TEXT NOT NULL,                          -- one for each, base64
    at       INTEGER NOT NULL,
    made_by  TEXT NOT NULL,
    note     TEXT NOT NULL,
    previous TEXT NOT NULL,                          -- the digest of the link before; empty: it is the first
    digest   TEXT NOT NULL UNIQUE                    -- SHA-256 of all that stands before it
) STRICT;
CREATE INDEX link_kind ON link (kind, link_id);
CREATE TRIGGER link_is_frozen BEFORE UPDATE ON link
BEGIN SELECT RAISE(ABORT, 'links are only ever added'); END;
