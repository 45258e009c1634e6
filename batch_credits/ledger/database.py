"""What the desks ask of an open ledger, whatever keeps it: statements by name, transactions, and one kind of error.

Desks ask by a statement's name, name every value, and say how a row is read; no type of a driver comes out.
Which engine a ledger is on is said by its place: see `engines`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from operator import itemgetter
from threading import get_ident
from typing import Any, ClassVar, TypeVar

from batch_credits.errors import LedgerError
from batch_credits.ledger import times
from batch_credits.model.address import Address, Place

T = TypeVar("T")
Row = tuple[Any, ...]


def failure(path: object, reason: object) -> LedgerError:
    """What is raised where the ledger fails: nothing more may be sent."""
    is_file = not isinstance(path, Address)
    amiss, gone = ("the disk or the file", "delete") if is_file else ("the database or its server", "drop")
    return LedgerError(
        f"The ledger {path} failed: {reason}.",
        hint=f"Nothing more was sent. Mend {amiss}, then run again; never {gone} the ledger: it knows what was paid.",
    )


def _in_utf8(row: tuple[int, str | bytes | None]) -> tuple[int, bytes]:
    row_id, text = row
    return row_id, text.encode("utf-8") if isinstance(text, str) else text or b""


class Database(ABC):
    """An open ledger. Every verb raises `LedgerError` where it cannot be read or written, or holds what nobody wrote;
    `read` makes a value of a row, and belongs to that.
    """

    # Whether processes of other hosts may use it: then nobody knows that a life is over but by its end or its lease. A
    # file has a lock, and whoever gets it knows that every life before is over.
    is_shared: ClassVar[bool] = False
    # What is derived of what was copied, by statements of the engine's own.
    after_a_copy: ClassVar[Sequence[str]] = ()
    _connection: Any  # the engine's own
    # After how many milliseconds a process that is stopped within a transaction loses it: long before those whom it
    # keeps waiting lose their leases. None: as the engine has it. Of a file all are on one machine, and wait.
    idle_ms: int | None = None

    def __init__(self, path: Place) -> None:
        self.path = path
        self._writer: int | None = None  # the thread that is within a transaction

    @abstractmethod
    def close(self) -> None:
        """Close it."""

    def now(self) -> int:
        """Wall-clock milliseconds since 1970 UTC, for people to read."""
        return times.now_ms()

    @property
    def is_writing(self) -> bool:
        """Whether this thread is within a transaction."""
        return self._writer == get_ident()

    @abstractmethod
    def transaction(self, *, writes: bool = True) -> AbstractContextManager[None]:
        """All that is done within is durable once it has ended, or nothing of it is. One within another, of the same
        thread, is a part of that one: who catches an error within must not go on. One that only asks (not `writes`) is
        told of one moment, whoever writes meanwhile.
        """

    def carry_out(self, work: Callable[[], None], was_done: Callable[[], bool], patience_seconds: float) -> None:
        """Carry `work` out in one transaction. Where that was begun and nobody knows whether it happened, `was_done` is
        asked within a new one, and it is carried out again if not: for so long at most.
        """
        with self.transaction():
            work()

    # -- Asking -----------------------------------------------------------------------------------------------

    @abstractmethod
    def first(self, name: str, read: Callable[[Row], T], /, **values: Any) -> T | None:
        """The first row that is found, or None."""

    @abstractmethod
    def one(self, name: str, read: Callable[[Row], T], /, **values: Any) -> T:
        """The row that must be there."""

    def value(self, name: str, /, **values: Any) -> Any:
        """The first column of the row that must be there."""
        return self.one(name, itemgetter(0), **values)

    def all(self, name: str, read: Callable[[Row], T], /, **values: Any) -> list[T]:
        """Every row that is found."""
        return list(self.stream(name, read, **values))

    @abstractmethod
    def stream(self, name: str, read: Callable[[Row], T], /, **values: Any) -> Iterator[T]:
        """The same, one after the other: it is asked when the first one is taken."""

    def texts(self, name: str, /, *, first: int, last: int, most: int) -> Iterator[tuple[Sequence[int], list[bytes]]]:
        """The rows between two ids, by rising ids, of a statement that tells an id and a text of each: so many at a
        time, the ids and the texts in UTF-8. Within a transaction, which holds them still.
        """
        rows = self.stream(name, _in_utf8, first=first, last=last)
        while page := [*islice(rows, most)]:
            yield [row_id for row_id, _ in page], [text for _, text in page]

    # -- Writing, within a transaction --------------------------------------------------------------------------

    @abstractmethod
    def change(self, name: str, /, **values: Any) -> int:
        """Write; returns how many rows were written."""

    @abstractmethod
    def change_each(self, name: str, values: Iterable[Mapping[str, Any]]) -> None:
        """Write once for each of these."""

    @abstractmethod
    def insert_columns(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Add rows that are given as columns."""

    def wait_for_the_disk(self, *, always: bool) -> None:  # noqa: B027 - of most engines each transaction is durable
        """Whether each transaction is durable when it has ended, or all of them with the next that is."""
