"""Opening the ledger's file: one writer at a time, private, of a version we know, durable.

SQLite in WAL mode with `synchronous=FULL`: a commit that returned survives a power cut. Nothing here ever
"starts afresh": a ledger that cannot be trusted stops the program, since forgetting is paying twice.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path

from batch_credits.call import call_of
from batch_credits.errors import LedgerError, LedgerVersion
from batch_credits.ledger import spellings
from batch_credits.ledger.journal import now_ms
from batch_credits.ledger.lock import Lock, refuse_second_name
from batch_credits.settings import RunSettings

APPLICATION_ID = 0x62635F31  # "bc_1": tells our file from another program's
VERSION = 3
_PAGE_BYTES = 4096
# After so many pages the write-ahead log is copied into the ledger. While a file is staged rarely, since then a page
# is often written anew before it is copied.
LOG_PAGES = {"FULL": 1_000, "NORMAL": 16_000}
_LOG_BYTES = 67_108_864  # to which the log is cut when it was copied: it may have become longer for once


def _from_1_to_2(connection: sqlite3.Connection) -> None:
    for change in (
        "TABLE run ADD COLUMN settings TEXT NOT NULL DEFAULT '{}'",
        "TABLE batch ADD COLUMN kind TEXT NOT NULL DEFAULT 'add' CHECK (kind IN ('add', 'deduct'))",
        "TABLE batch ADD COLUMN reverses TEXT REFERENCES batch (key) CHECK (reverses IS NULL OR kind = 'deduct')",
        "TABLE credit_request ADD COLUMN kind TEXT NOT NULL DEFAULT 'add' CHECK (kind IN ('add', 'deduct'))",
    ):
        connection.execute(f"ALTER {change}")
    connection.execute("CREATE INDEX credit_request_deduct ON credit_request (site_id, state) WHERE kind = 'deduct'")
    connection.execute(
        "CREATE TABLE sealed (batch_id INTEGER NOT NULL REFERENCES batch, block INTEGER NOT NULL, totals TEXT NOT NULL,"
        " PRIMARY KEY (batch_id, block)) STRICT, WITHOUT ROWID"
    )
    connection.execute("DROP INDEX credit_request_identity")
    connection.execute(
        "CREATE TABLE identity (site_id INTEGER NOT NULL REFERENCES site, customer_id TEXT NOT NULL,"
        " reference TEXT NOT NULL, request_id INTEGER NOT NULL REFERENCES credit_request,"
        " PRIMARY KEY (site_id, customer_id, reference)) STRICT, WITHOUT ROWID"
    )
    connection.execute(
        "CREATE TRIGGER only_the_identity_is_sent BEFORE UPDATE OF state ON credit_request"
        " WHEN NEW.state = 'in_flight' AND NEW.request_id IS NOT (SELECT request_id FROM identity"
        " WHERE site_id = NEW.site_id AND customer_id = NEW.customer_id AND reference = NEW.reference)"
        " BEGIN SELECT RAISE(ABORT, 'another request stands for this identity'); END"
    )
    connection.execute(
        "INSERT INTO identity SELECT site_id, customer_id, reference, request_id FROM credit_request"
        " WHERE current = 1 ORDER BY site_id, customer_id, reference"
    )
    connection.execute(
        "CREATE TRIGGER kind_is_frozen BEFORE UPDATE OF kind ON credit_request"
        " BEGIN SELECT RAISE(ABORT, 'a request never changes its call'); END"
    )


def _from_2_to_3(connection: sqlite3.Connection) -> None:
    for change in (
        "TABLE credit_request ADD COLUMN call TEXT",
        "TABLE credit_request ADD COLUMN look_first INTEGER NOT NULL DEFAULT 0",
        "TABLE run ADD COLUMN needs_person INTEGER NOT NULL DEFAULT 0",
        "TABLE run ADD COLUMN site_began_ms INTEGER",
    ):
        connection.execute(f"ALTER {change}")
    _tell_capitals_apart_from_nothing(connection)
    # What was sent repeats what its last run said: no key is older than half an hour, and most are of one run.
    connection.create_function("call_of_run", 1, _call_of_run, deterministic=True)
    connection.execute(
        "UPDATE credit_request SET call = call_of_run(sent.settings) FROM"
        " (SELECT a.request_id, max(a.attempt_id), r.settings FROM attempt a JOIN run r USING (run_id)"
        "  GROUP BY a.request_id) sent WHERE sent.request_id = credit_request.request_id"
    )


def _tell_capitals_apart_from_nothing(connection: sqlite3.Connection) -> None:
    """Versions 1 and 2 took `q3` and `Q3` for two credits. The one that was sent stands for both; where neither was, or
    both were, the older one. One that no longer stands and may still be sent is left to a person."""
    connection.execute("CREATE TEMP TABLE spelt AS SELECT * FROM identity")
    connection.execute("DROP TABLE identity")
    connection.execute(
        "CREATE TABLE identity (site_id INTEGER NOT NULL REFERENCES site, customer_id TEXT NOT NULL,"
        " reference TEXT NOT NULL COLLATE NOCASE, request_id INTEGER NOT NULL REFERENCES credit_request,"
        " PRIMARY KEY (site_id, customer_id, reference)) STRICT, WITHOUT ROWID"
    )
    connection.execute(
        "INSERT OR IGNORE INTO identity SELECT s.site_id, s.customer_id, s.reference, s.request_id FROM spelt s"
        " JOIN credit_request r USING (request_id)"
        " ORDER BY s.site_id, s.customer_id, s.reference COLLATE NOCASE, r.attempts = 0, s.request_id"
    )
    fallen = "request_id IN (SELECT request_id FROM spelt EXCEPT SELECT request_id FROM identity)"
    is_open = f"{fallen} AND state IN ('pending', 'in_flight', 'in_doubt')"
    reason = "Another row has this reference in other capitals."
    connection.execute(
        "INSERT INTO finding (request_id, state, reason, at)"
        f" SELECT request_id, 'review', ?, ? FROM credit_request WHERE {is_open}",
        (reason, now_ms()),
    )
    connection.execute(f"UPDATE credit_request SET state = 'review', error = ? WHERE {is_open}", (reason,))
    connection.execute(f"UPDATE credit_request SET current = 0 WHERE {fallen} AND state = 'failed'")
    connection.execute("DROP TABLE temp.spelt")
    connection.execute(
        "CREATE TABLE respelt (site_id INTEGER NOT NULL REFERENCES site, customer_form TEXT NOT NULL,"
        " reference_form TEXT NOT NULL COLLATE NOCASE, request_id INTEGER NOT NULL REFERENCES credit_request,"
        " PRIMARY KEY (site_id, customer_form, reference_form, request_id)) STRICT, WITHOUT ROWID"
    )
    spellings.upgrade(connection)


def _call_of_run(settings: str) -> str:
    """What version 2 recorded of a run, as the headers of its calls."""
    recorded = json.loads(settings).get("settings", {})
    silence, entity = recorded.get("silence") or (), recorded.get("business_entity_id")
    return call_of(RunSettings(silence=tuple(silence), business_entity_id=entity))


# From one version to the next, by the version that is left behind.
MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {1: _from_1_to_2, 2: _from_2_to_3}


@contextmanager
def translated(path: object) -> Iterator[None]:
    """Turn SQLite's errors into `LedgerError`, which says that nothing more may be sent.

    A value that is none of those we write comes from a file that was harmed: SQLite keeps no checksums.
    """
    try:
        yield
    except (sqlite3.Error, ValueError, TypeError, LookupError) as error:
        raise LedgerError(
            f"The ledger {path} failed: {error}.",
            hint="Nothing more was sent. Mend the disk or the file, then run again;"
            " never delete the ledger: it knows what was paid.",
        ) from error


def hold(path: Path) -> Lock:
    """Hold the ledger for this process, and create it if there is none.

    Raises:
        LedgerBusy: another process holds it.
        LedgerError: it cannot be opened or created.
    """
    try:
        _make_private_directory(path.parent)
        lock = Lock(path)
        try:
            if path.exists() or path.is_symlink():
                refuse_second_name(path)
            else:
                _create_whole(path)
            lock.take_file()
        except BaseException:
            lock.close()
            raise
    except OSError as error:
        raise _cannot_open(path, error) from error
    return lock


def connect(path: Path, *, wait_seconds: float = 5.0) -> sqlite3.Connection:
    """Open the ledger for writing. The caller holds it, or is a process of one that does.

    Raises:
        LedgerError: it is not a ledger, or it cannot be read or written.
        LedgerVersion: a newer program wrote it.
    """
    try:
        refuse_second_name(path)
    except OSError as error:
        raise _cannot_open(path, error) from error
    _refuse_cut(path)
    with translated(path):
        # The writer thread uses the connection that the main thread opened, never both at once.
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=wait_seconds)
        try:
            prepare(connection, path, created=False)
        except BaseException:
            connection.close()
            raise
    return connection


def prepare(connection: sqlite3.Connection, path: object, *, created: bool) -> None:
    """Set durability, and create or check the schema."""
    if not created:
        _check_identity(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -32768")  # 32 MiB, whatever the ledger's size
    connection.execute("PRAGMA temp_store = FILE")
    connection.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
    if created:
        _create(connection)
    else:
        _migrate(connection)


def connect_for_reading(path: Path) -> sqlite3.Connection:
    """Open the ledger read-only, also while a run is writing it.

    Raises:
        LedgerError: there is none, or it is not one.
    """
    try:
        if not path.exists():
            raise LedgerError(
                f"There is no ledger at {path}.", hint="Nothing was run yet, or --ledger names another one."
            )
        refuse_second_name(path)
    except OSError as error:
        raise _cannot_open(path, error) from error
    _refuse_cut(path)
    with translated(path):
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=5)
        try:
            if _check_identity(connection, path) != VERSION:
                raise LedgerVersion(
                    f"The ledger {path} is of an earlier version, and would only be read.",
                    hint="The next run brings it up to date.",
                )
        except BaseException:
            connection.close()
            raise
    return connection


def _cannot_open(path: Path, error: OSError) -> LedgerError:
    return LedgerError(
        f"The ledger {path} cannot be opened: {error.strerror}.", hint="Name another place with --ledger."
    )


def _refuse_cut(path: Path) -> None:
    """SQLite misses whole pages, but reads one that is cut; without a write-ahead log nothing will mend it."""
    log = path.with_name(path.name + "-wal")
    if path.stat().st_size % _PAGE_BYTES and not (log.exists() and log.stat().st_size):
        raise LedgerError(
            f"The ledger {path} is cut off, or is not a ledger of this program.",
            hint="Bring back the whole file: what was paid is in it. Or name another file with --ledger.",
        )


def _make_private_directory(directory: Path) -> None:
    if not directory.exists():
        directory.mkdir(parents=True, mode=0o700, exist_ok=True)


def _create_whole(path: Path) -> None:
    """Create the ledger under another name, and rename it: at its own name it is whole, or not at all.

    So an empty or half-written file there is a harmed ledger, and never taken for a new one.
    """
    if path.with_name(path.name + "-wal").exists():
        raise LedgerError(
            f"The ledger {path} is gone, but its newest entries ({path.name}-wal) are still there.",
            hint="Put the file back: without it, what was paid is forgotten.",
        )
    new = path.with_name(path.name + "-new")
    for leftover in (new, path.with_name(path.name + "-new-journal")):
        leftover.unlink(missing_ok=True)
    os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    with translated(path), closing(sqlite3.connect(new, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        connection.execute("PRAGMA synchronous = FULL")
        _create(connection)
    new.rename(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _create(connection: sqlite3.Connection) -> None:
    schema = files("batch_credits.ledger").joinpath("schema.sql").read_text(encoding="utf-8")
    connection.executescript(
        f"BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; {schema} COMMIT;"
    )


def _check_identity(connection: sqlite3.Connection, path: object) -> int:
    """The version of the ledger, if it is one that this program can use or bring up to date."""
    with closing(connection.execute("PRAGMA application_id")) as rows:
        if rows.fetchone()[0] != APPLICATION_ID:
            raise LedgerError(f"{path} is not a ledger of this program.", hint="Name another file with --ledger.")
    with closing(connection.execute("PRAGMA user_version")) as rows:
        version = int(rows.fetchone()[0])
    if version != VERSION and version not in MIGRATIONS:
        raise LedgerVersion(
            f"The ledger {path} is of version {version}; this program knows versions up to {VERSION}.",
            hint="Use the newer batch-credits that wrote it.",
        )
    return version


def _migrate(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    while version < VERSION:
        connection.execute("BEGIN IMMEDIATE")
        try:
            MIGRATIONS[version](connection)
            version += 1
            connection.execute(f"PRAGMA user_version = {version}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
