"""The one place that knows the connection: statements by name, transactions, and what an error of SQLite's means.

Desks ask by a statement's name, name every value, and say how a row is read; no type of the driver comes out of here.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from operator import itemgetter
from pathlib import Path
from threading import get_ident
from typing import Any, TypeVar

from batch_credits.errors import LedgerError
from batch_credits.ledger import times
from batch_credits.ledger.functions import FUNCTIONS, lease_now_ms
from batch_credits.ledger.statements import STATEMENTS, VIEWS

T = TypeVar("T")
Row = tuple[Any, ...]

# After so many pages the write-ahead log is copied into the ledger. While a file is staged rarely, since then a page
# is often written anew before it is copied.
LOG_PAGES = {"FULL": 1_000, "NORMAL": 16_000}
ROWS_A_STATEMENT = 5_000  # SQLite stores as many without asking for Python's lock in between

# A value that is none of those we write comes from a file that was harmed: SQLite keeps no checksums.
_FOREIGN = (sqlite3.Error, ValueError, TypeError, LookupError)


def failure(path: object, reason: object) -> LedgerError:
    """What is raised where the ledger fails: nothing more may be sent."""
    return LedgerError(
        f"The ledger {path} failed: {reason}.",
        hint="Nothing more was sent. Mend the disk or the file, then run again;"
        " never delete the ledger: it knows what was paid.",
    )


@contextmanager
def translated(path: object) -> Iterator[None]:
    """Turn SQLite's errors, and those about values that nobody wrote, into `LedgerError`."""
    try:
        yield
    except _FOREIGN as error:
        raise failure(path, error) from error


class Database:
    """An open ledger. Every verb raises `LedgerError` where the file cannot be read or written, or holds what nobody
    wrote; `read` makes a value of a row, and belongs to that.
    """

    # Whether processes of other hosts may use it: then nobody knows that a life is over but by its end or its lease. A
    # file has a lock, and whoever gets it knows that every life before is over.
    is_shared = False

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        *,
        overriding: dict[str, str] | None = None,
        is_kept: bool = True,
    ) -> None:
        """`overriding`: other texts for some statements. `is_kept`: what is written must survive a power cut."""
        self.path = path
        self._connection = connection
        self._statements = STATEMENTS | (overriding or {})
        self._is_kept = is_kept
        self._writer: int | None = None  # the thread that is within a transaction
        for name, (arguments, function) in FUNCTIONS.items():
            connection.create_function(name, arguments, function, deterministic=True)
        connection.create_function("lease_now_ms", 0, lease_now_ms)
        for view in VIEWS.values():
            connection.execute(view)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def now(self) -> int:
        """Wall-clock milliseconds since 1970 UTC, for people to read."""
        return times.now_ms()

    def failure(self, reason: str) -> LedgerError:
        """What to raise where the ledger holds something else than it must."""
        return failure(self.path, reason)

    @property
    def is_writing(self) -> bool:
        """Whether this thread is within a transaction."""
        return self._writer == get_ident()

    @contextmanager
    def transaction(self, *, writes: bool = True) -> Iterator[None]:
        """All that is done within is durable once it has ended, or nothing of it is. One within another, of the same
        thread, is a part of that one: who catches an error within must not go on. One that only asks (not `writes`) is
        told of one moment, whoever writes meanwhile.
        """
        if self.is_writing:
            yield
            return
        with translated(self.path):
            self._connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            try:
                self._writer = get_ident()
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._writer = None

    # -- Asking -----------------------------------------------------------------------------------------------

    def first(self, name: str, read: Callable[[Row], T], /, **values: Any) -> T | None:
        """The first row that is found, or None."""
        statement = self._statements[name]
        try:
            row = self._connection.execute(statement, values).fetchone()
            return None if row is None else read(row)
        except _FOREIGN as error:
            raise self.failure(str(error)) from error

    def one(self, name: str, read: Callable[[Row], T], /, **values: Any) -> T:
        """The row that must be there."""
        statement = self._statements[name]
        try:
            row = self._connection.execute(statement, values).fetchone()
            if row is None:
                raise LookupError(f"{name!r} found nothing")
            return read(row)
        except _FOREIGN as error:
            raise self.failure(str(error)) from error

    def value(self, name: str, /, **values: Any) -> Any:
        """The first column of the row that must be there."""
        return self.one(name, itemgetter(0), **values)

    def all(self, name: str, read: Callable[[Row], T], /, **values: Any) -> list[T]:
        """Every row that is found."""
        return list(self.stream(name, read, **values))

    def stream(self, name: str, read: Callable[[Row], T], /, **values: Any) -> Iterator[T]:
        """The same, one after the other: it is asked when the first one is taken."""
        statement = self._statements[name]
        with translated(self.path):
            yield from map(read, self._connection.execute(statement, values))

    # -- Writing, within a transaction --------------------------------------------------------------------------

    def change(self, name: str, /, **values: Any) -> int:
        """Write; returns how many rows were written."""
        statement = self._statements[name]
        try:
            return self._connection.execute(statement, values).rowcount
        except _FOREIGN as error:
            raise self.failure(str(error)) from error

    def change_each(self, name: str, values: Iterable[Mapping[str, Any]]) -> None:
        """Write once for each of these."""
        statement = self._statements[name]
        with translated(self.path):
            self._connection.executemany(statement, values)

    def insert(self, name: str, /, **values: Any) -> int:
        """Add a row; returns its id, which the statement gives."""
        return int(self.value(name, **values))

    def insert_columns(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Add rows that are given as columns. What all of a column say alike is bound once: binding takes longer than
        storing.
        """
        count = len(next(iter(columns.values())))
        most = self._connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // len(columns)
        step = min(ROWS_A_STATEMENT, most)
        for at in range(0, count, step):
            part = {name: values[at : at + step] for name, values in columns.items()}
            statement, bound = _insertion(table, part, min(step, count - at))
            with translated(self.path):
                self._connection.execute(statement, bound)

    def wait_for_the_disk(self, *, always: bool) -> None:
        """Whether each transaction is durable when it has ended, or all of them with the next that is."""
        if self._is_kept:
            synchronous = "FULL" if always else "NORMAL"
            with translated(self.path):
                self._connection.execute(f"PRAGMA synchronous = {synchronous}")
                self._connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES[synchronous]}")


def _insertion(table: str, part: Mapping[str, Sequence[object]], rows: int) -> tuple[str, list[object]]:
    """The statement that adds these rows, and its values."""
    alike = {
        name: values[0] for name, values in part.items() if values[0] == values[-1] and values.count(values[0]) == rows
    }
    places = [*(f"?{number}" for number in range(1, len(alike) + 1)), *"?" * (len(part) - len(alike))]
    names = [*alike, *(name for name in part if name not in alike)]
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES " + ",".join([f"({','.join(places)})"] * rows)
    varying = zip(*(part[name] for name in names[len(alike) :]), strict=True)
    return statement, [*alike.values(), *chain.from_iterable(varying)]
