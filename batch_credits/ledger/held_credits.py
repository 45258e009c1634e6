"""What of a batch can be undone: the credits that it holds, told from its other rows. Nothing here writes."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from operator import itemgetter
from typing import NamedTuple

import orjson

from batch_credits.ledger.database import Database, Row
from batch_credits.model import Money


class Standing(StrEnum):
    """Where a row of a batch stands when the batch is to be reversed."""

    CREDITED = "credited"  # by this batch
    BEFORE = "before"  # it was there when this batch came, and no other batch of the ledger holds it
    ELSEWHERE = "elsewhere"  # another batch credited it, so it is that one's to reverse
    UNSETTLED = "unsettled"  # pending, in doubt or in review: it may be credited yet
    NEVER = "never"  # failed or rejected


class HeldCredit(NamedTuple):
    """A row that has a credit, and that credit. `body` are the frozen bytes that were sent."""

    row_number: int
    standing: Standing
    cells: tuple[str, ...]
    customer_id: str
    reference: str
    money: Money
    credit_type: str
    body: bytes
    credit_id: str


class HeldCredits:
    """The desk for who undoes a batch."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def standings(self, batch_id: int) -> Iterator[tuple[int, Standing, str | None]]:
        """Every row of the batch by its number, how it stands if the batch is to be reversed, and the call that made
        its credit, of one that the batch holds, or one for the business entity that has it; None: neither is known.
        Streamed."""
        return self._db.stream("standings", lambda row: (row[0], Standing(row[1]), row[2]), batch=batch_id)

    def rows_by_number(
        self, batch_id: int, row_numbers: Sequence[int]
    ) -> dict[int, tuple[tuple[str, ...], HeldCredit | None]]:
        """The source's own cells of these rows, and the credit that each has, if any, whichever batch holds it."""
        numbers = orjson.dumps([*row_numbers]).decode()
        return dict(self._db.all("rows_by_number", _row_by_number, batch=batch_id, rows=numbers))

    def page(self, batch_id: int, after: int, limit: int) -> list[HeldCredit]:
        """The credits that the batch holds, by row number, after the given one."""
        return self._db.all("held_credits", _held, batch=batch_id, after=after, limit=limit)

    def entities(self, batch_id: int) -> list[str | None]:
        """The business entities for which the batch's credits were sent, each once; None: for no certain one."""
        return self._db.all("held_entities", itemgetter(0), batch=batch_id)


def _row_by_number(row: Row) -> tuple[int, tuple[tuple[str, ...], HeldCredit | None]]:
    row_number, _, cells, customer_id, *_ = row
    return row_number, (tuple(orjson.loads(cells)), None if customer_id is None else _held(row))


def _held(row: Row) -> HeldCredit:
    row_number, standing, cells, customer_id, reference, minor, decimal, currency, credit_type, body, credit_id = row
    return HeldCredit(
        row_number,
        Standing(standing),
        tuple(orjson.loads(cells)),
        customer_id,
        reference,
        Money(minor, decimal, currency),
        credit_type,
        body.encode("ascii"),
        credit_id,
    )
