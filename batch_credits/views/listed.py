"""Rows of a batch in the order of the file, a page at a time: what each asks for, and what is known of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from batch_credits.chargebee.bodies import fields_in
from batch_credits.ledger import Ledger
from batch_credits.model import BatchRecord, ReportRow
from batch_credits.model.amounts import Exponents, money_in_words
from batch_credits.reporter.amounts import stated_exponents

ROWS_A_PAGE = 1_000
MAX_LETTERS = 500  # of a cell; Chargebee takes no longer text


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Something that is wrong with a row; `value` is what stands in the cell, "" where nothing does."""

    field: str
    code: str
    message: str
    value: str


@dataclass(frozen=True, slots=True)
class ListedRow:
    """A row of the file: what would be sent, or, of a rejected one, what stands in its cells; and its outcome.

    `amount_minor` and `amount_in_decimal` are None where there is none of the kind, and `words` "" where nobody could
    read how much it is. `error` says why a row was not credited, or who reversed it since; "" where nothing is to be
    said.
    """

    row_number: int
    customer_id: str
    amount_minor: int | None
    amount_in_decimal: str | None
    currency: str | None
    words: str
    reference: str
    description: str
    credit_type: str
    outcome: str
    credit_id: str | None
    error_code: str | None
    error: str
    problems: tuple[RowProblem, ...]


@dataclass(frozen=True, slots=True)
class ListedRows:
    """One of the pages, counted from 1; one that is not there has no rows."""

    page: int
    pages: int
    rows: tuple[ListedRow, ...]


def pages_of(number: int, a_page: int) -> int:
    """On how many pages so many are, of which so many go on a page: on one, if there are none."""
    return max(1, -(-number // a_page))


def listed_rows(ledger: Ledger, batch: BatchRecord, page: int) -> ListedRows:
    """A page of a batch's rows. Of those before it only the numbers are gone through."""
    pages = pages_of(batch.rows_read, ROWS_A_PAGE)
    first = ledger.reports.row_number_at(batch.batch_id, (page - 1) * ROWS_A_PAGE)
    if first is None:
        return ListedRows(page, pages, ())
    rows = list(islice(ledger.reports.rows(batch.batch_id, first=first), ROWS_A_PAGE))
    bodies = ledger.reports.bodies(batch.batch_id, first, rows[-1].row_number)
    stated = stated_exponents(batch)
    return ListedRows(page, pages, tuple(_listed(batch, row, bodies, stated) for row in rows))


def _listed(batch: BatchRecord, row: ReportRow, bodies: Mapping[int, bytes], stated: Exponents) -> ListedRow:
    body = bodies.get(row.row_number)
    asked = _cells(batch, row) if body is None else fields_in(body)
    money = row.money
    return ListedRow(
        row_number=row.row_number,
        customer_id=asked.get("customer_id", ""),
        amount_minor=None if money is None else money.amount_minor,
        amount_in_decimal=None if money is None else money.amount_in_decimal,
        currency=money.currency_code if money is not None else asked.get("currency_code") or None,
        words="" if money is None else money_in_words(money, stated),
        reference=row.reference or asked.get("reference", ""),
        description=asked.get("description", ""),
        credit_type=row.credit_type or asked.get("credit_type", ""),
        outcome=batch.kind.name_of(row.outcome),
        credit_id=row.credit_id,
        error_code=row.error_code,
        error=row.error or "",
        problems=tuple(
            RowProblem(each.field, each.code, each.message, _cell(batch, row, each.field)) for each in row.problems
        ),
    )


def _cells(batch: BatchRecord, row: ReportRow) -> dict[str, str]:
    return {field: _cell(batch, row, field) for field in batch.columns}


def _cell(batch: BatchRecord, row: ReportRow, field: str) -> str:
    place = batch.columns.get(field)
    return "" if place is None or place >= len(row.cells) else row.cells[place].strip()[:MAX_LETTERS]
