"""A ledger that is a database of PostgreSQL's: the one place that knows psycopg's connection, and what an error means.

A connection may be lost at any time. What only asks is asked again on another one, within bounds. A transaction that
writes fails: whoever can tell afterwards whether it happened has it carried out by `carry_out`.

SQLite has one writer at a time, PostgreSQL many. Where what is written rests on what was read, the statements say what
must stand still meanwhile: `be_alone` for all that makes anything owed of a site; `lock_life` for what a worker
journals, until its lease is taken over; and `begin_entry` for the order of the history.
"""

import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import get_ident
from typing import Any, ClassVar

import psycopg
from psycopg import sql
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import TransactionStatus

from batch_credits.errors import LedgerBusy, LedgerError
from batch_credits.ledger.database import Database, Row, T, failure
from batch_credits.ledger.engines.postgres.connection import PatientConnection, said
from batch_credits.ledger.engines.postgres.copying import copied
from batch_credits.ledger.statements import statements_of
from batch_credits.model.address import Address

PATIENCE_SECONDS = 15.0  # for a connection that is lost
_AGAIN_SECONDS = (0.1, 0.3, 1.0, 2.0)
_UNLESS_KNOWN = b" ON CONFLICT DO NOTHING"
_RARELY_KNOWN = frozenset(("take_identities",))  # statements that add millions of rows, and end so
_ROWS_AT_ONCE = 5_000  # that are fetched of a long answer
# A request is frozen, and how it stands is not: see schema.sql.
_STANDING = frozenset((
    "batch_id", "finished_at", "generation", "open_attempts", "attempts", "http_status", "current", "look_first",
    "key_spoiled", "state", "call", "credit_id", "closing_balance", "error_code", "error_param", "error",
))  # fmt: skip

_VALUE = re.compile(r"(?<![:\w]):(\w+)")
# What only SQLite is told: to join in the order of writing, by which index, and where temporary tables are.
_TOLD_TO_SQLITE = ((re.compile(r"\bCROSS JOIN\b"), "JOIN"), (re.compile(r" INDEXED BY \w+"), ""),
                   (re.compile(r"\btemp\."), "pg_temp."))  # fmt: skip
_TEXT = re.compile(r"('(?:[^']|'')*')")

# A value that is none of those we write was written by somebody else.
_FOREIGN = (psycopg.Error, ValueError, TypeError, LookupError)
_TRANSIENT = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.SerializationFailure,
)


class ConnectionLost(LedgerError):
    """The connection was lost, or the transaction could not be carried out beside others: it may be tried again."""


class LockKept(ConnectionLost, LedgerBusy):
    """The same, since somebody keeps for long what it needs: a colleague admits a large file, for one."""


def _in_psycopgs_words(statement: str) -> str:
    """`:name` as `%(name)s`, but in texts; and without what only SQLite is told."""
    for told, instead in _TOLD_TO_SQLITE:
        statement = told.sub(instead, statement)
    parts = _TEXT.split(statement.replace("%", "%%"))
    parts[::2] = [_VALUE.sub(r"%(\1)s", part) for part in parts[::2]]
    return "".join(parts)


def _place(values: Mapping[str, Any]) -> str:
    """A name for a cursor that no other has which is open."""
    return f"stream_{id(values):x}"


class _WholeNumber(Loader):
    """Sums of integers are numeric, and stay integers."""

    def load(self, data: Buffer) -> int:
        return int(bytes(data))


class PostgresDatabase(Database):
    """An open database. `connect` gives a connection that is set up, each time anew; `path` has no password."""

    is_shared: ClassVar[bool] = True
    after_a_copy: ClassVar[Sequence[str]] = ("derive_holder", "derive_shared", "derive_left_none", "draw_behind")
    _connection: PatientConnection
    _words: ClassVar[dict[str, bytes]] = {}

    def __init__(self, connect: Callable[[], PatientConnection], path: Address) -> None:
        super().__init__(path)
        if not self._words:
            self._words.update(
                {name: _in_psycopgs_words(text).encode() for name, text in statements_of("postgres").items()}
            )
        self._connect = connect
        self._patience_ends: float | None = None  # when what is carried out is given up
        # Since when there has been no connection: once patience has ended, none is waited for again. Nor is any looked
        # for before a moment, where it took long to find none: who ends has more to write, and a lease that runs out.
        self._lost_at: float | None = None
        self._not_before = 0.0
        self._patience = PATIENCE_SECONDS
        self._connection = self._opened()

    def _opened(self) -> PatientConnection:
        began = time.monotonic()
        if began < self._not_before:
            raise psycopg.OperationalError("it was not there a moment ago")
        try:
            connection = self._connect()
        except psycopg.OperationalError:
            now = time.monotonic()
            self._not_before = now + (now - began)
            raise
        connection.adapters.register_loader("numeric", _WholeNumber)
        connection.until = self._connection.until if self._patience_ends else None
        return connection

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def transaction(self, *, writes: bool = True) -> Iterator[None]:
        """See `Database`. One that writes is read committed: each statement sees what was committed before it."""
        if self.is_writing:
            yield
            return
        if self._writer is not None:  # they would share the connection, and so the transaction
            raise failure(self.path, "another thread of this process is within a transaction")
        # Not as the server, the database or the user has it by default.
        begin = "BEGIN ISOLATION LEVEL READ COMMITTED" if writes else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        if writes and self.idle_ms is not None:  # each time: the connection may be another one
            begin += f"; SET LOCAL idle_in_transaction_session_timeout = {self.idle_ms}"
        with self._translated():
            try:
                connection = self._asked(lambda: self._begun(begin))
                self._writer = get_ident()
                yield
                # Where a statement failed and its error was caught, this is no error either, and nothing is durable.
                if connection.execute("COMMIT").statusmessage != "COMMIT":
                    raise failure(self.path, "a transaction in which a statement failed was rolled back")
            except BaseException:
                self._roll_back()
                raise
            finally:
                self._writer = None

    def _begun(self, begin: str) -> PatientConnection:
        self._connection.execute(begin.encode())
        return self._connection

    def carry_out(self, work: Callable[[], None], was_done: Callable[[], bool], patience_seconds: float) -> None:
        """See `Database`. Where the connection is lost nobody knows whether the transaction happened. `was_done` first
        waits for the one before to be over."""
        patience = self._patience = min(patience_seconds, PATIENCE_SECONDS)  # of all from now on: a lease runs out
        until = self._patience_ends = time.monotonic() + patience
        is_first = True
        try:
            while True:
                self._connection.until = until + patience / 2
                try:
                    with self.transaction():
                        if is_first or not was_done():
                            work()
                    return
                except ConnectionLost:
                    if time.monotonic() >= until:
                        self._lost_at = -math.inf
                        raise
                    is_first = False
                    time.sleep(_AGAIN_SECONDS[0])
        finally:
            self._patience_ends = self._connection.until = None

    # -- Asking -----------------------------------------------------------------------------------------------

    def first(self, name: str, read: Callable[[Row], T], /, **values: Any) -> T | None:
        """See `Database`."""
        with self._translated():
            row = self._asked(lambda: self._execute(name, values).fetchone())
            return None if row is None else read(row)

    def one(self, name: str, read: Callable[[Row], T], /, **values: Any) -> T:
        """See `Database`."""
        with self._translated():
            row = self._asked(lambda: self._execute(name, values).fetchone())
            if row is None:
                raise LookupError(f"{name!r} found nothing")
            return read(row)

    def all(self, name: str, read: Callable[[Row], T], /, **values: Any) -> list[T]:
        """See `Database`."""
        with self._translated():
            return list(map(read, self._asked(lambda: self._execute(name, values).fetchall())))

    def stream(self, name: str, read: Callable[[Row], T], /, **values: Any) -> Iterator[T]:
        """See `Database`. By a cursor of the server's: a million rows are more than memory should hold. Outside of a
        transaction the server keeps what it found, so that others may be asked, and write, before the last one is read.
        """
        is_alone = not self.is_writing

        def declared() -> psycopg.ServerCursor[Row]:
            cursor = self._connection.cursor(_place(values), withhold=is_alone)
            cursor.itersize = _ROWS_AT_ONCE
            try:
                return cursor.execute(self._words[name], values)
            except BaseException:
                cursor.close()
                raise

        with self._translated(), self._asked(declared) as cursor:
            yield from map(read, cursor)

    # -- Writing, within a transaction --------------------------------------------------------------------------

    def change(self, name: str, /, **values: Any) -> int:
        """See `Database`."""
        with self._translated():
            if not self._words[name]:
                return 0  # another statement has done it
            if name in _RARELY_KNOWN:
                return self._added(self._words[name], values)
            return self._execute(name, values).rowcount

    def _added(self, statement: bytes, values: Mapping[str, Any]) -> int:
        """Add rows but for those whose key is there. Nearly always none is, so that is tried first: to look, add and
        confirm each row, as ON CONFLICT does, takes the server nearly twice as long."""
        try:
            with self._connection.transaction():  # a savepoint
                return self._connection.execute(statement.removesuffix(_UNLESS_KNOWN), values).rowcount
        except psycopg.errors.UniqueViolation:
            return self._connection.execute(statement, values).rowcount

    def change_each(self, name: str, values: Iterable[Mapping[str, Any]]) -> None:
        """See `Database`."""
        with self._translated(), self._connection.cursor() as cursor:
            cursor.executemany(self._words[name], list(values))

    def insert_columns(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """See `Database`. By COPY."""
        if not len(next(iter(columns.values()))):
            return
        if table == "credit_request":
            self._copy("request", {name: values for name, values in columns.items() if name not in _STANDING})
            standing = {name: values for name, values in columns.items() if name in _STANDING}
            self._copy("standing", {"request_id": columns["request_id"]} | standing)
        else:
            self._copy(table, columns)

    def _copy(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        with self._translated(), self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            for part in copied(columns):  # the server reads one while the next one is made
                copy.write(part)

    # -- The connection ---------------------------------------------------------------------------------------

    def _execute(self, name: str, values: Mapping[str, Any]) -> psycopg.Cursor[Row]:
        return self._connection.execute(self._words[name], values)

    def _asked(self, ask: Callable[[], T]) -> T:
        """Ask; outside of a transaction, where the connection is lost, again on a new one, for so long."""
        again = iter(_AGAIN_SECONDS)
        while True:
            try:
                if self._connection.closed and self._writer is None:
                    self._connection = self._opened()
                answer = ask()
            except psycopg.OperationalError:
                if self.is_writing or not self._is_lost():
                    raise
                now = time.monotonic()
                self._lost_at = now if self._lost_at is None else self._lost_at
                if now >= (self._patience_ends or self._lost_at + self._patience):
                    raise
                time.sleep(next(again, _AGAIN_SECONDS[-1]))
            else:
                self._lost_at = None
                return answer

    def _is_lost(self) -> bool:
        return self._connection.closed or self._connection.info.transaction_status is TransactionStatus.UNKNOWN

    def _roll_back(self) -> None:
        if not self._connection.closed and self._connection.info.transaction_status is not TransactionStatus.IDLE:
            try:
                self._connection.execute("ROLLBACK")
            except psycopg.Error:
                self._connection.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn psycopg's errors, and those about values that nobody wrote, into `LedgerError`."""
        try:
            yield
        except _FOREIGN as error:
            why = said(error)
            if isinstance(error, _TRANSIENT):
                kind = LockKept if isinstance(error, psycopg.errors.LockNotAvailable) else ConnectionLost
                raise kind(
                    f"The ledger {self.path} could not be written beside others who write it: {why}.",
                    hint="Nothing more was sent. Run again.",
                ) from None
            if isinstance(error, psycopg.OperationalError) and self._is_lost():
                raise ConnectionLost(
                    f"The ledger {self.path} cannot be reached any more: {why}.",
                    hint="Nothing more was sent. Run again once it can be reached; never give another ledger to the"
                    " same payout: this one knows what was paid.",
                ) from None
            if isinstance(error, psycopg.errors.InsufficientPrivilege):  # neither the server nor its disk is amiss
                raise LedgerError(
                    f"The ledger {self.path} cannot be used so: {why}.",
                    hint="Nothing more was sent. Its user needs rights that it has not, or another user is to do this:"
                    " `batch-credits ledger check` says which it may not do.",
                ) from None
            raise failure(self.path, why) from None
