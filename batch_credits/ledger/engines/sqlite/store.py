"""Opening the ledger's file: one writer at a time, private, of a version we know, durable.

SQLite in WAL mode with `synchronous=FULL`: a commit that returned survives a power cut. Nothing here ever
"starts afresh": a ledger that cannot be trusted stops the program, since forgetting is paying twice.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from batch_credits.errors import LedgerError, LedgerVersion, Remedy
from batch_credits.ledger.engines.sqlite.database import SqliteDatabase, translated
from batch_credits.ledger.engines.sqlite.lock import Lock, refuse_second_name
from batch_credits.ledger.engines.sqlite.migrations import MIGRATIONS

APPLICATION_ID = 0x62635F31  # "bc_1": tells our file from another program's
VERSION = 10
_PAGE_BYTES = 4096
_LOG_BYTES = 67_108_864  # to which the log is cut when it was copied: it may have become longer for once
_ANOTHER_FILE: list[Remedy] = [(("--ledger", "FILE"),)]


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


def connect(path: Path, *, wait_seconds: float = 5.0) -> SqliteDatabase:
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
            return SqliteDatabase(connection, path)
        except BaseException:
            connection.close()
            raise


def prepare(connection: sqlite3.Connection, path: object, *, created: bool) -> None:
    """Set durability, and create or check the schema."""
    if not created:
        _check_identity(connection, path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -8192")  # 8 MiB, whatever the ledger's size: 32 took as long
    connection.execute("PRAGMA temp_store = FILE")
    connection.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
    if created:
        _create(connection)
    else:
        _migrate(connection)


def connect_for_reading(path: Path) -> SqliteDatabase:
    """Open the ledger read-only, also while a run is writing it.

    Raises:
        LedgerError: there is none, or it is not one.
    """
    try:
        if not path.exists():
            raise LedgerError(
                f"There is no ledger at {path}.",
                hint="Nothing was run yet, or --ledger names another one.",
                remedies=_ANOTHER_FILE,
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
            return SqliteDatabase(connection, path)
        except BaseException:
            connection.close()
            raise


def version_at(path: Path) -> int | None:
    """The version of the ledger there; None if there is none.

    Raises:
        LedgerError: it is not a ledger, or cannot be read.
    """
    if not path.exists():
        return None
    _refuse_cut(path)
    with translated(path), closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        return _check_identity(connection, path)


def check_readable(path: Path) -> None:
    """Refuse what is no ledger of a version that this program knows.

    Raises:
        LedgerError: it is none, or only a part of one.
        LedgerVersion: a newer program wrote it.
        OSError: it cannot be read.
    """
    refuse_second_name(path)
    version_at(path)


def _cannot_open(path: Path, error: OSError) -> LedgerError:
    return LedgerError(
        f"The ledger {path} cannot be opened: {error.strerror}.",
        hint="Name another place with --ledger.",
        remedies=_ANOTHER_FILE,
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
    """With those above it that are missing, none of which anybody else shall look into."""
    if not directory.exists():
        _make_private_directory(directory.parent)
        directory.mkdir(mode=0o700, exist_ok=True)


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
    schema = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    connection.executescript(
        f"BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; {schema} COMMIT;"
    )


def _check_identity(connection: sqlite3.Connection, path: object) -> int:
    """The version of the ledger, if it is one that this program can use or bring up to date."""
    with closing(connection.execute("PRAGMA application_id")) as rows:
        if rows.fetchone()[0] != APPLICATION_ID:
            hint = "Name another file with --ledger."
            raise LedgerError(f"{path} is not a ledger of this program.", hint=hint, remedies=_ANOTHER_FILE)
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
