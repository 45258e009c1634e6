"""What the reports ask the ledger of a batch's rows. Nothing here writes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import orjson

from batch_credits.ledger.database import Database, Row
from batch_credits.ledger.reversals import PREFIX, read_reversal, undone_batches
from batch_credits.ledger.times import iso_time
from batch_credits.model import NOTHING_TO_CREDIT, REVERSED, LoadedRow, Money, Outcome, Problem, ReportRow

_OUTCOMES = {outcome.value: outcome for outcome in Outcome}  # a third of the time of an enum's call


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """Rows rejected for the same reason: field, code, how many, and the first of them with its sentence."""

    field: str
    code: str
    rows: int
    first_row: int
    message: str


class Reports:
    """The desk for rows as they are reported."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def rows(
        self, batch_id: int, request_ids: Sequence[int] | None = None, *, first: int = 0
    ) -> Iterator[ReportRow]:
        """What became of every source row from the one with the number `first` on, or of those of these requests, in
        the order of the file; streamed."""
        undone = undone_batches(self._db, batch_id)
        about: dict[str, Any] = {"batch": batch_id, "prefix": PREFIX, "first": first}
        about["undone"] = orjson.dumps(undone).decode()
        name = "report_rows_reversed" if undone else "report_rows"
        if request_ids is not None:
            name, about["requests"] = "report_rows_of", orjson.dumps([*request_ids]).decode()
        yield from self._db.stream(name, report_row, **about)

    def row_number_at(self, batch_id: int, before: int) -> int | None:
        """The number of the row that so many others stand before; None if there is none."""
        return self._db.first("row_number_at", itemgetter(0), batch=batch_id, before=before)

    def bodies(self, batch_id: int, first: int, last: int) -> dict[int, bytes]:
        """What the rows between these two ask Chargebee for, by their numbers."""
        return dict(self._db.all("bodies_of_rows", _numbered_body, batch=batch_id, first=first, last=last))

    def money(self, batch_id: int, row_number: int) -> Money | None:
        """How much a row asks Chargebee for; None of one that is rejected, or is not there."""
        return self._db.first("money_of_row", lambda row: Money(*row), batch=batch_id, row=row_number)

    def rejected_rows(self, batch_id: int) -> Iterator[ReportRow]:
        """The batch's rejected rows as the reports show them, in the order of the file; streamed."""
        return self._db.stream("rejected_rows", lambda row: _rejected_row(*row), batch=batch_id)

    def problems(self, batch_id: int) -> Iterator[LoadedRow]:
        """The batch's rejected rows with all their reasons, in the order of the file; streamed."""
        return self._db.stream("rejected_rows", _loaded_row, batch=batch_id)

    def problem_groups(self, batch_id: int) -> list[ProblemGroup]:
        """The batch's rejected rows, grouped by what is wrong with them, most frequent first."""
        return self._db.all("problem_groups", lambda row: ProblemGroup(*row), batch=batch_id)


def report_row(row: Row) -> ReportRow:
    """A row of `report_rows`, or of a statement that gives the same."""
    # A million rows pass here: by their places, since names take half as long again, and in one unpacking.
    (
        row_number, cells, outcome, rejected, reversal, reference, minor, decimal, currency, kind, credit_id, code,
        param, error, status, tried, balance, at,
    ) = row  # fmt: skip
    if rejected is not None:
        return _rejected_row(row_number, cells, rejected)
    told = ReportRow(
        row_number, tuple(orjson.loads(cells)), _OUTCOMES[outcome], reference, Money(minor, decimal, currency), kind,
        credit_id, code, param, error, status, tried, balance, iso_time(at),
    )  # fmt: skip
    return told if reversal is None else _reversed_row(told, *read_reversal(reversal))


def _reversed_row(row: ReportRow, key: str, credit_id: str) -> ReportRow:
    """What the row became in its own batch, and that it was undone since."""
    sentence = f"reversed by {key[:8]} (deducted as {credit_id})"
    return row._replace(error_code=REVERSED, error=sentence, reversed_by=key)


def _numbered_body(row: Row) -> tuple[int, bytes]:
    row_number, body = row
    return row_number, body.encode("ascii")


def _rejected_row(row_number: int, cells: str, rejected: str) -> ReportRow:
    why = orjson.loads(rejected)
    problems = why["problems"]
    return ReportRow(
        row_number=row_number,
        cells=tuple(orjson.loads(cells)),
        outcome=Outcome.REJECTED,
        reference=why["reference"],
        money=Money(*why["money"]) if why["money"] else None,
        error_code=problems[0][1],
        error_param=problems[0][0],
        error=" ".join(message for _field, _code, message in problems),
        restated=tuple((field, text) for field, text in why["restated"]) if "restated" in why else None,
        is_unread=not why["money"] and NOTHING_TO_CREDIT.isdisjoint(code for _field, code, _message in problems),
        problems=tuple(Problem(*reason) for reason in problems),
    )


def _loaded_row(row: Row) -> LoadedRow:
    row_number, cells, rejected = row
    why = orjson.loads(rejected)
    reasons = tuple(Problem(*reason) for reason in why["problems"])
    return LoadedRow(row_number, tuple(orjson.loads(cells)), None, reasons, reference=why["reference"])
