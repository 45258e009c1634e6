"""Opening a ledger that is a database: set up by whoever comes first, of a version we know, durable, and still itself.

All of it lies in a schema of its own, `batch_credits`, so that the database may hold other things too. It is set up and
brought up to date within a transaction under a lock, so two at once, or one twice, are as good as one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.resources import files

import psycopg

from batch_credits.errors import LedgerError, LedgerVersion, Remedy
from batch_credits.ledger.database import Row
from batch_credits.ledger.engines.postgres.connection import NO_ANSWER, PatientConnection, said
from batch_credits.ledger.engines.postgres.database import PostgresDatabase
from batch_credits.ledger.engines.postgres.itself import itself, notice
from batch_credits.ledger.engines.postgres.migrations import MIGRATIONS
from batch_credits.model.address import Address

VERSION = 10
SCHEMA = "batch_credits"
_SETTING_UP = 1_650_680_112  # the lock's number: any that others are unlikely to take
_MUST_BE_ON = ("fsync", "synchronous_commit", "full_page_writes")
_ANOTHER: list[Remedy] = [(("--ledger", "postgresql://USER@HOST/BASE"),)]


def connect(address: Address) -> PostgresDatabase:
    """Open the ledger for writing, and set it up if there is none.

    Raises:
        LedgerError: it cannot be reached, set up or trusted.
        LedgerVersion: a newer program wrote it.
    """
    with _opened(address) as connection:
        _refuse_for_writing(connection, address)
        _refuse_shared_sessions(connection, address)
        set_up(connection, address)
        _notice(connection, address)
        known = itself(connection)
        return PostgresDatabase(partial(_connected_again, address, known), address)


def connect_for_reading(address: Address) -> PostgresDatabase:
    """Open the ledger to read it only.

    Raises:
        LedgerError: there is none, or it cannot be reached.
    """
    with _opened(address) as connection:
        _refuse_unsafe(connection, address)
        _refuse_shared_sessions(connection, address)
        version = version_of(connection)
        if version is None:
            raise LedgerError(
                f"There is no ledger at {address}.",
                hint="Nothing was run yet, or --ledger names another one.",
                remedies=_ANOTHER,
            )
        if version != VERSION:
            refuse_version(version, address)
            raise LedgerVersion(
                f"The ledger {address} is of an earlier version, and would only be read.",
                hint="The next run brings it up to date, or: batch-credits ledger upgrade.",
            )
        return PostgresDatabase(partial(PatientConnection.open, address.url, SCHEMA, read_only=True), address)


def version_at(address: Address) -> int | None:
    """The version of the ledger there; None if there is none.

    Raises:
        LedgerError: the database cannot be reached.
    """
    with _opened(address) as connection:
        return version_of(connection)


def version_of(connection: psycopg.Connection[Row]) -> int | None:
    """The version of the ledger in a database; None if there is none."""
    # Asked of the catalog: `to_regclass` answers from a cache, which may not know yet what another has made meanwhile.
    ask = "SELECT 1 FROM pg_tables WHERE schemaname = %s AND tablename = 'ledger'"
    if connection.execute(ask, (SCHEMA,)).fetchone() is None:
        return None
    found = connection.execute("SELECT version FROM batch_credits.ledger").fetchone()
    return None if found is None else int(found[0])


def set_up(connection: psycopg.Connection[Row], address: Address) -> int | None:
    """Make a ledger, or bring it up to date. Returns the version that it had.

    Raises:
        LedgerError: the user may not.
        LedgerVersion: a newer program wrote it.
    """
    found = version_of(connection)
    if found == VERSION:
        return found
    try:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_SETTING_UP,))
            found = version_of(connection)  # somebody may have been first
            if found is None:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}".encode())
                connection.execute(_schema().encode())
                connection.execute("INSERT INTO batch_credits.ledger (version) VALUES (%s)", (VERSION,))
            else:
                refuse_version(found, address)
                for version in range(found, VERSION):
                    MIGRATIONS[version](connection)
                    connection.execute("UPDATE batch_credits.ledger SET version = %s", (version + 1,))
    except psycopg.errors.InsufficientPrivilege as error:
        raise LedgerError(
            f"The ledger {address} cannot be set up or brought up to date: {said(error)}.",
            hint="Its user needs, once, the right to create in the database: GRANT CREATE ON DATABASE ... TO ...; or"
            " let its owner run `batch-credits ledger upgrade` first.",
        ) from None
    except psycopg.Error as error:
        raise cannot_open(address, error) from None
    return found


def _notice(connection: psycopg.Connection[Row], address: Address) -> None:
    """Note if it is not the database that it was.

    Raises:
        LedgerError: it is not, and the user may not note it.
    """
    try:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_SETTING_UP,))
            notice(connection)
    except psycopg.Error as error:
        raise cannot_open(address, error) from None


def refuse_version(version: int, address: Address) -> None:
    """Refuse a ledger of a version that this program cannot bring up to date.

    Raises:
        LedgerVersion: it is newer, or unknown.
    """
    if version != VERSION and version not in MIGRATIONS:
        raise LedgerVersion(
            f"The ledger {address} is of version {version}; this program knows versions up to {VERSION}.",
            hint="Use the newer batch-credits that wrote it.",
        )


def _schema() -> str:
    names, here = ("schema.sql", "keeping.sql", "probes.sql", "chain.sql", "functions.sql"), files(__package__)
    return "".join(here.joinpath(name).read_text(encoding="utf-8") for name in names)


def cannot_open(address: Address, error: psycopg.Error) -> LedgerError:
    """What to say where a database cannot be used."""
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return LedgerError(
            f"The ledger {address} cannot be opened: {said(error)}.",
            hint="Its user needs rights: to use the schema batch_credits and all of its tables and sequences.",
            remedies=_ANOTHER,
        )
    if said(error) == NO_ANSWER:
        return LedgerError(
            f"The ledger {address} cannot be opened: {said(error)}.",
            hint="Nothing was sent. The server is stopped, or PgBouncer in front of it has no session left in its pool:"
            " each process needs seven.",
        )
    return LedgerError(
        f"The ledger {address} cannot be opened: {said(error)}.",
        hint="Nothing was sent. Check host, user, database and password (PGPASSWORD, ~/.pgpass or a service file).",
        remedies=_ANOTHER,
    )


@contextmanager
def _opened(address: Address) -> Iterator[PatientConnection]:
    """A connection to look around with, whose errors say what to do about them."""
    try:
        with PatientConnection.open(address.url, SCHEMA) as connection:
            yield connection
    except psycopg.Error as error:
        raise cannot_open(address, error) from None


def _for_writing(address: Address) -> PatientConnection:
    """A connection, each time anew: what answers at an address may be another server than before."""
    connection = PatientConnection.open(address.url, SCHEMA)
    try:
        _refuse_for_writing(connection, address)
    except BaseException:
        connection.close()
        raise
    return connection


def _connected_again(address: Address, known: Row) -> PatientConnection:
    """The same, to the very database that was opened.

    Raises:
        LedgerError: it is another one now, and may have forgotten what this process made durable.
    """
    connection = _for_writing(address)
    if itself(connection) != known:
        connection.close()
        raise LedgerError(
            f"The ledger {address} is another one than a moment ago: its server was restored, promoted or replaced.",
            hint="Nothing more was sent. Run again: what it may have forgotten is looked up first.",
        )
    return connection


def _refuse_unsafe(connection: PatientConnection, address: Address) -> None:
    """Refuse a server that says that a commit is durable before it is.

    Raises:
        LedgerError: it does.
    """
    settings = _settings(connection, *_MUST_BE_ON)
    for name in _MUST_BE_ON:
        if settings[name] == "off":
            raise LedgerError(
                f"The ledger {address} would forget payments when its server loses power: {name} is off.",
                hint=f"Set {name} = on for the server, the database and its user, and run again.",
            )


def _refuse_for_writing(connection: PatientConnection, address: Address) -> None:
    """The same; and one that cannot be written, or that cannot hold every character.

    Raises:
        LedgerError: it is such a one.
    """
    _refuse_unsafe(connection, address)
    if connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,):
        raise LedgerError(
            f"The ledger {address} cannot be written: its server is a standby, which only follows another one.",
            hint="Name the server that is written to; with several hosts, add ?target_session_attrs=read-write.",
            remedies=_ANOTHER,
        )
    encoding = _settings(connection, "server_encoding")["server_encoding"]
    if encoding != "UTF8":
        raise LedgerError(
            f"The ledger {address} could not hold every name: its encoding is {encoding}.",
            hint="Name another database: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0.",
            remedies=_ANOTHER,
        )


def _settings(connection: PatientConnection, *names: str) -> dict[str, str]:
    found = connection.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", ([*names],)).fetchall()
    return dict(found)


def _refuse_shared_sessions(connection: PatientConnection, address: Address) -> None:
    """Refuse a pooler that gives each transaction another session: settings and locks would be another's.

    A pooler with little to do gives the same one again, so it is kept from that: another transaction stays open.

    Raises:
        LedgerError: there is one.
    """
    ask = "SELECT pg_backend_pid(), current_setting('search_path')"
    first = connection.execute(ask).fetchone()
    assert first is not None
    with _opened(address) as other:
        try:
            with other.transaction():
                beside = other.execute(ask).fetchone()
                assert beside is not None
                is_shared = beside[0] == first[0] or connection.execute(ask).fetchone() != first
        except psycopg.errors.ProtocolViolation:  # PgBouncer: no transaction has more than one statement here
            is_shared = True
    if is_shared or first[1] != SCHEMA:
        raise LedgerError(
            f"Between this program and the ledger {address} stands a pooler that shares sessions between transactions.",
            hint="Name the server itself, or a pool of PgBouncer's with pool_mode = session.",
        )
