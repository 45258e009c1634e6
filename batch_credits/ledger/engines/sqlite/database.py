"""A ledger that is a file: the one place that knows SQLite's connection, and what an error of it means."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate, chain, pairwise
from pathlib import Path
from threading import RLock, get_ident
from typing import Any

import orjson

from batch_credits.ledger.database import Database, Row, T, failure
from batch_credits.ledger.engines.sqlite.functions import FUNCTIONS, lease_now_ms
from batch_credits.ledger.statements import STATEMENTS, VIEWS

# After so many pages the write-ahead log is copied into the ledger. While a file is staged rarely, since then a page
# is often written anew before it is copied.
LOG_PAGES = {"FULL": 1_000, "NORMAL": 16_000}
ROWS_A_STATEMENT = 5_000  # SQLite stores as many without asking for Python's lock in between

# Statements that tell of all rows in one text: row by row, each would wait for Python's lock, which the requests under
# way hold.
_AS_ONE_TEXT = frozenset(("planned_page",))
# What a statement tells of many rows, as one row: see `texts`.
_AS_ONE = """WITH told (id, text) AS ({}), some AS (SELECT id, text FROM told LIMIT :most)
SELECT group_concat(id), group_concat(coalesce(length(text), 0)), CAST(group_concat(text, '') AS BLOB) FROM some"""

# A value that is none of those we write comes from a file that was harmed: SQLite keeps no checksums.
_FOREIGN = (sqlite3.Error, ValueError, TypeError, LookupError)


@contextmanager
def translated(path: object) -> Iterator[None]:
    """Turn SQLite's errors, and those about values that nobody wrote, into `LedgerError`."""
    try:
        yield
    except _FOREIGN as error:
        raise failure(path, error) from error


class SqliteDatabase(Database):
    """An open file."""

    _connection: sqlite3.Connection

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        *,
        overriding: dict[str, str] | None = None,
        is_kept: bool = True,
    ) -> None:
        """`overriding`: other texts for some statements. `is_kept`: what is written must survive a power cut."""
        super().__init__(path)
        self._connection = connection
        self._statements = STATEMENTS | (overriding or {})
        self._is_kept = is_kept
        # Held by the thread that is within a statement, and by the one that is within a transaction: a signal can end
        # everything but the journal's thread, and SQLite's library falls over where a connection is closed under one.
        self._in_statement, self._in_transaction = RLock(), RLock()
        for name, (arguments, function) in FUNCTIONS.items():
            connection.create_function(name, arguments, function, deterministic=True)
        connection.create_function("lease_now_ms", 0, lease_now_ms)
        for view in VIEWS.values():
            connection.execute(view)

    def close(self) -> None:
        """Close the file, once no other thread is within a transaction or a statement."""
        with self._in_transaction, self._in_statement:
            self._connection.close()

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
            with self._in_statement:
                self._connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            with self._in_transaction:  # which nobody holds: SQLite refuses a second one
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
            with self._in_statement:
                row = self._connection.execute(statement, values).fetchone()
            return None if row is None else read(row)
        except _FOREIGN as error:
            raise failure(self.path, error) from error

    def one(self, name: str, read: Callable[[Row], T], /, **values: Any) -> T:
        """The row that must be there."""
        statement = self._statements[name]
        try:
            with self._in_statement:
                row = self._connection.execute(statement, values).fetchone()
            if row is None:
                raise LookupError(f"{name!r} found nothing")
            return read(row)
        except _FOREIGN as error:
            raise failure(self.path, error) from error

    def all(self, name: str, read: Callable[[Row], T], /, **values: Any) -> list[T]:
        """Every row that is found."""
        if name in _AS_ONE_TEXT:
            return self.one(name, lambda row: list(map(read, orjson.loads(row[0]))), **values)
        with self._in_statement:
            return super().all(name, read, **values)

    def stream(self, name: str, read: Callable[[Row], T], /, **values: Any) -> Iterator[T]:
        """The same, one after the other: it is asked when the first one is taken."""
        statement = self._statements[name]
        with translated(self.path):
            yield from map(read, self._connection.execute(statement, values))

    def texts(self, name: str, /, *, first: int, last: int, most: int) -> Iterator[tuple[Sequence[int], list[bytes]]]:
        """See `Database`. So many are told in one step, for which Python's lock is free: another thread goes on."""
        statement = _AS_ONE.format(self._statements[name])
        while True:
            with self._in_statement, translated(self.path):
                asked = {"first": first, "last": last, "most": most}
                [(ids, lengths, joined)] = self._connection.execute(statement, asked)
                if ids is None:
                    return
                told = [*map(int, ids.split(","))]
                ends = [*accumulate(map(int, lengths.split(",")))]
                texts = [joined[start:end] for start, end in pairwise([0, *ends])]
            yield told, texts
            if len(told) < most:
                return
            first = told[-1] + 1

    # -- Writing, within a transaction --------------------------------------------------------------------------

    def change(self, name: str, /, **values: Any) -> int:
        """Write; returns how many rows were written."""
        statement = self._statements[name]
        try:
            with self._in_statement:
                return self._connection.execute(statement, values).rowcount
        except _FOREIGN as error:
            raise failure(self.path, error) from error

    def change_each(self, name: str, values: Iterable[Mapping[str, Any]]) -> None:
        """Write once for each of these."""
        statement = self._statements[name]
        with self._in_statement, translated(self.path):
            self._connection.executemany(statement, values)

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
            with self._in_statement, translated(self.path):
                self._connection.execute(statement, bound)

    def wait_for_the_disk(self, *, always: bool) -> None:
        """Whether each transaction is durable when it has ended, or all of them with the next that is."""
        if self._is_kept:
            synchronous = "FULL" if always else "NORMAL"
            with self._in_statement, translated(self.path):
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
