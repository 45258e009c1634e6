"""The pilot, read back: of every row what the file says, and beside it what Chargebee has."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch_credits.model import Money
from batch_credits.model.amounts import Exponents, money_in_words
from batch_credits.reporter.amounts import stated_exponents
from batch_credits.views.amounts import Total, totals_of

if TYPE_CHECKING:  # who only shows one need not load all that sends
    from batch_credits.sending.pilot import PilotReport, PilotRow


@dataclass(frozen=True, slots=True)
class Asked:
    """What a row asks for; `cell` is its amount as the file has it, `amount` as it was read."""

    money: Money
    cell: str
    amount: str
    reference: str


@dataclass(frozen=True, slots=True)
class Listed:
    """The row's credit as Chargebee lists it."""

    money: Money
    amount: str
    reference: str | None
    credit_id: str


@dataclass(frozen=True, slots=True)
class PilotRowView:
    """One row. `listed` is None where none is to be seen; `problem` says what does not agree, "" where all does."""

    row_number: int
    customer_id: str
    asked: Asked
    listed: Listed | None
    problem: str


@dataclass(frozen=True, slots=True)
class PilotView:
    """All rows of the pilot, and what is still to be sent after it."""

    rows: tuple[PilotRowView, ...]
    rows_left: int
    left: tuple[Total, ...]

    @property
    def disagreeing(self) -> tuple[PilotRowView, ...]:
        """The rows that were not read back as the file has them."""
        return tuple(row for row in self.rows if row.problem)


def pilot_view(report: "PilotReport") -> PilotView:
    """The report, with its amounts in words."""
    stated = stated_exponents(report.batch)
    rows = tuple(_row(report, row, stated) for row in report.rows)
    return PilotView(rows, report.rows_left, totals_of(report.left, stated))


def _row(report: "PilotReport", row: "PilotRow", stated: Exponents) -> PilotRowView:
    asked, listed = row.asked, row.listed
    field = "amount" if asked.money.amount_in_decimal is None else "amount_in_decimal"
    place = report.batch.columns.get(field)
    cell = "" if place is None else row.source.cells[place].strip()
    return PilotRowView(
        row.source.row_number,
        asked.customer_id,
        Asked(asked.money, cell, money_in_words(asked.money, stated), asked.reference),
        None
        if listed is None
        else Listed(listed.money, money_in_words(listed.money, stated), listed.reference, listed.credit_id),
        row.problem,
    )
