"""Everything that a check has found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from batch_credits.errors import ControlError, Suggestion
from batch_credits.ledger import Ledger, ProblemGroup
from batch_credits.loader.suggestions.seen import SeenColumn
from batch_credits.model import BatchRecord, Outcome
from batch_credits.model.address import Place
from batch_credits.model.amounts import Exponents
from batch_credits.settings import Origin
from batch_credits.views.listed import ListedRows
from batch_credits.views.plan import PlanView
from batch_credits.views.terms import Pace, SiteView

if TYPE_CHECKING:  # who only shows it need not load what finds it
    from batch_credits.loader.source import Source
    from batch_credits.planning.customers import CustomerFinding, Preflight

ROWS_SHOWN = 3  # of each kind of problem; rejected.csv has them all


@dataclass(frozen=True, slots=True)
class FileView:
    """The file that was read; `notes` say how, `columns` which field each of its columns went to."""

    path: Path
    sha256: str
    notes: tuple[str, ...]
    columns: tuple[SeenColumn, ...] = ()


@dataclass(frozen=True, slots=True)
class RowWithProblem:
    """A row, what stands in the cell that is wrong ("" where nothing does), and what to do about it."""

    row_number: int
    value: str
    message: str


@dataclass(frozen=True, slots=True)
class Problems:
    """One kind of problem: how many rows have it, and the first of them."""

    group: ProblemGroup
    first: tuple[RowWithProblem, ...]


@dataclass(frozen=True, slots=True)
class CustomersView:
    """What Chargebee says of the file's customers: how many were asked for, rows by finding, and the first findings."""

    asked: int
    counts: Mapping[str, int]
    findings: "tuple[CustomerFinding, ...]"


@dataclass(frozen=True, slots=True)
class OrderMade:
    """An order for another to approve: its file, and what it is in a sentence."""

    path: Path
    what: str


@dataclass(frozen=True, slots=True)
class CheckView:
    """A file as a run would see it.

    `site` is None where none is named; `ledger` is what the check looked into, and `ledger_is_there` whether there was
    any. `problems` are those of rows that are rejected, kind by kind; `rejected_csv` has all, None: there are none.
    `customers` is None where nobody asked. `refusal` is the limit or control total that does not hold; `suggestions`
    are options with which rows could be read that are rejected. `listed` is the page of rows that somebody asked for.
    `differences` say where the site is otherwise than is assumed, where it is asked. `exponents` are the decimals of
    currencies that were stated, in which the amounts are shown. `order` is what was made of it for another to approve.
    """

    file: FileView
    plan: PlanView
    site: SiteView | None
    ledger: Place
    ledger_is_there: bool
    pace: Pace
    problems: tuple[Problems, ...]
    rejected_csv: Path | None
    customers: CustomersView | None
    refusal: ControlError | None
    origins: tuple[Origin, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    listed: ListedRows | None = None
    differences: tuple[str, ...] = ()
    exponents: Exponents = field(default_factory=dict)
    order: OrderMade | None = None

    @property
    def exit_code(self) -> int:
        """What the process says to scripts."""
        if self.refusal is not None:
            return 2
        return 1 if self.plan.counts[Outcome.REJECTED] or self.plan.undone.rows else 0


def file_view(source: "Source") -> FileView:
    """A file whose rows were read."""
    field_of = {place: name for name, place in source.columns.items()}
    columns = (SeenColumn(place, header, field_of.get(place), None, ()) for place, header in enumerate(source.headers))
    return FileView(source.path, source.file_sha256, tuple(source.notes), tuple(columns))


def problems_view(
    ledger: Ledger, batch: BatchRecord, groups: Sequence[ProblemGroup], shown: int = ROWS_SHOWN
) -> tuple[Problems, ...]:
    """The kinds of problems of a batch's rejected rows, each with so many of its first rows. Rows are read until all
    are found.
    """
    first: dict[tuple[str, str], list[RowWithProblem]] = {(group.field, group.code): [] for group in groups}
    missing = sum(min(group.rows, shown) for group in groups)
    rejected = ledger.reports.problems(batch.batch_id)
    while missing and (row := next(rejected, None)) is not None:
        for problem in row.problems:
            found = first[problem.field, problem.code]
            if len(found) < shown:
                place = batch.columns.get(problem.field)
                value = "" if place is None else row.cells[place].strip()
                found.append(RowWithProblem(row.row_number, value, problem.message))
                missing -= 1
    return tuple(Problems(group, tuple(first[group.field, group.code])) for group in groups)


def customers_view(asked: "Preflight") -> CustomersView:
    """What was found, once all were asked for."""
    return CustomersView(asked.customers, dict(sorted(asked.counts.items())), tuple(asked.findings))
