"""Opening a ledger that is a database: set up by whoever comes first, of a version we know, durable, and still itself.

All of it lies in a schema of its own, `batch_credits`, so that the database may hold other things too. It is set up and
brought up to date within a transaction under a lock, so two at once, or one twice, are as good as one.
"""

from collections.abc import Callable
from functools import partial
from importlib.resources import files
from typing import Any

import psycopg

from batch_credits.errors import LedgerError, LedgerVersion, Remedy
from batch_credits.ledger.database import Row
from batch_credits.ledger.engines.postgres.database import PostgresDatabase
from batch_credits.ledger.engines.postgres.migrations import MIGRATIONS
from batch_credits.model.address import Address

VERSION = 6
SCHEMA = "batch_credits"
_SETTING_UP = 1_650_680_112  # the lock's number: any that others are unlikely to take
# A host that went away without a word is noticed after so long, also while bytes wait to be acknowledged.
_SILENCE_SECONDS = 15
_MUST_BE_ON = ("fsync", "synchronous_commit", "full_page_writes")
_ANOTHER: list[Remedy] = [(("--ledger", "postgresql://USER@HOST/BASE"),)]


def connect(address: Address) -> PostgresDatabase:
    """Open the ledger for writing, and set it up if there is none.

    Raises:
        LedgerError: it cannot be reached, set up or trusted.
        LedgerVersion: a newer program wrote it.
    """
    with _first(address) as connection:
        _refuse_unsafe(connection, address)
        _refuse_shared_sessions(connection, address)
        set_up(connection, address)
    return PostgresDatabase(partial(_connected, address), address)


def connect_for_reading(address: Address) -> PostgresDatabase:
    """Open the ledger to read it only.

    Raises:
        LedgerError: there is none, or it cannot be reached.
    """
    with _first(address) as connection:
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
    return PostgresDatabase(partial(_connected, address, read_only=True), address)


def is_there(address: Address) -> bool:
    """Whether a database holds a ledger.

    Raises:
        LedgerError: it cannot be reached.
    """
    return version_at(address) is not None


def version_at(address: Address) -> int | None:
    """The version of the ledger there; None if there is none.

    Raises:
        LedgerError: the database cannot be reached.
    """
    with _first(address) as connection:
        return version_of(connection)


def version_of(connection: psycopg.Connection[Row]) -> int | None:
    """The version of the ledger in a database; None if there is none."""
    # Asked of the catalog: `to_regclass` answers from a cache, which may not know yet what another has made meanwhile.
    ask = "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = %s AND relname = 'ledger'"
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
            f"The ledger {address} cannot be set up or brought up to date: {_said(error)}.",
            hint="Its user needs, once, the right to create in the database: GRANT CREATE ON DATABASE ... TO ...; or"
            " let its owner run `batch-credits ledger upgrade` first.",
        ) from None
    except psycopg.Error as error:
        raise cannot_open(address, error) from None
    return found


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
    here = files(__package__)
    return "".join(here.joinpath(name).read_text(encoding="utf-8") for name in ("schema.sql", "functions.sql"))


def _first(address: Address) -> psycopg.Connection[Row]:
    try:
        return _connected(address)
    except psycopg.Error as error:
        raise cannot_open(address, error) from None


def cannot_open(address: Address, error: psycopg.Error) -> LedgerError:
    """What to say where a database cannot be used."""
    return LedgerError(
        f"The ledger {address} cannot be opened: {_said(error)}.",
        hint="Nothing was sent. Check host, user, database and password (PGPASSWORD, ~/.pgpass or a service file).",
        remedies=_ANOTHER,
    )


def _said(error: psycopg.Error) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _connected(address: Address, *, read_only: bool = False) -> psycopg.Connection[Row]:
    """A connection that finds the ledger's tables. TLS and passwords are libpq's own, which looks for them itself."""
    given: dict[str, Any] = {
        "autocommit": True,
        "connect_timeout": 10,
        "application_name": "batch-credits",
        "keepalives_idle": 5,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": _SILENCE_SECONDS * 1000,
        "client_encoding": "utf8",
    }
    connection = psycopg.connect(address.url, **given)
    try:
        connection.execute(f"SET search_path TO {SCHEMA}".encode())
        # A process that is stopped within a transaction must not keep others from what it has locked: see `be_brief`.
        connection.execute("SET idle_in_transaction_session_timeout = '15s'")
        connection.execute("SET lock_timeout = '30s'")
        if read_only:
            connection.execute("SET default_transaction_read_only = on")
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_unsafe(connection: psycopg.Connection[Row], address: Address) -> None:
    """Refuse a server that says that a commit is durable before it is.

    Raises:
        LedgerError: it does.
    """
    for name in _MUST_BE_ON:
        row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
        if row is not None and row[0] == "off":
            raise LedgerError(
                f"The ledger {address} would forget payments when its server loses power: {name} is off.",
                hint=f"Set {name} = on for the server, the database and its user, and run again.",
            )


def _refuse_shared_sessions(connection: psycopg.Connection[Row], address: Address) -> None:
    """Refuse a pooler that gives each transaction another session: settings and locks would be another's.

    Raises:
        LedgerError: there is one.
    """
    ask: Callable[[], Any] = lambda: connection.execute(  # noqa: E731 - asked twice
        "SELECT pg_backend_pid(), current_setting('search_path')"
    ).fetchone()
    first, second = ask(), ask()
    if first != second or first[1] != SCHEMA:
        raise LedgerError(
            f"Between this program and the ledger {address} stands a pooler that shares sessions between transactions.",
            hint="Name the server itself, or a pool of PgBouncer's with pool_mode = session.",
        )
