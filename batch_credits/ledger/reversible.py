"""What of a batch can be undone: the credits that it holds, told from its other rows. Nothing here writes."""

import sqlite3
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import orjson

from batch_credits.ledger.looks import ENTITY
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


def standings(connection: sqlite3.Connection, batch_id: int) -> Iterator[tuple[int, Standing]]:
    """Every row of the batch by its number, and how it stands; streamed."""
    for row_number, standing in connection.execute(
        f"SELECT w.row_number, {_STANDING} FROM row w LEFT JOIN credit_request r USING (request_id)"
        " WHERE w.batch_id = ? ORDER BY w.row_number",
        (batch_id,),
    ):
        yield row_number, Standing(standing)


def rows_by_number(
    connection: sqlite3.Connection, batch_id: int, row_numbers: Sequence[int]
) -> dict[int, tuple[tuple[str, ...], HeldCredit | None]]:
    """The source's own cells of these rows, and the credit that each has, if any, whichever batch holds it."""
    found = connection.execute(
        f"SELECT {_HELD} FROM json_each(?2) n CROSS JOIN row w ON w.batch_id = ?1 AND w.row_number = n.value"
        " LEFT JOIN credit_request r ON r.request_id = w.request_id AND r.state = 'credited'",
        (batch_id, orjson.dumps(list(row_numbers)).decode()),
    )
    return {held[0]: (tuple(orjson.loads(held[2])), _held(held) if held[3] is not None else None) for held in found}


def held_credits(connection: sqlite3.Connection, batch_id: int, after: int, limit: int) -> list[HeldCredit]:
    """The credits that the batch holds, by row number, after the given one."""
    # CROSS JOIN keeps the order, or SQLite would walk all requests of the batch and sort them for each page.
    found = connection.execute(
        f"SELECT {_HELD} FROM row w CROSS JOIN credit_request r ON r.request_id = w.request_id"
        " WHERE w.batch_id = ?1 AND w.row_number > ?2 AND r.batch_id = ?1 AND r.state = 'credited'"
        " ORDER BY w.row_number LIMIT ?3",
        (batch_id, after, limit),
    )
    return [_held(held) for held in found]


def business_entities(connection: sqlite3.Connection, batch_id: int) -> list[str | None]:
    """The business entities for which the batch's credits were sent, each once; None: for no certain one."""
    found = connection.execute(
        f"SELECT DISTINCT call ->> {ENTITY} FROM credit_request"
        " WHERE batch_id = ? AND state = 'credited' AND attempts > 0 ORDER BY 1",
        (batch_id,),
    )
    return [row[0] for row in found]


def _held(row: tuple[Any, ...]) -> HeldCredit:
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


# As the reports have it: a credit is this batch's own if the batch answered for it when it was settled.
_STANDING = """CASE
    WHEN w.request_id IS NULL OR r.state = 'failed' THEN 'never'
    WHEN r.state IS NOT 'credited' THEN 'unsettled'
    WHEN r.batch_id <> w.batch_id THEN 'elsewhere'
    WHEN r.attempts = 0 THEN 'before'
    ELSE 'credited' END"""

_HELD = f"""w.row_number, {_STANDING}, w.cells, r.customer_id, r.reference, r.amount_minor, r.amount_in_decimal,
    r.currency_code, r.credit_type, r.body, r.credit_id"""
