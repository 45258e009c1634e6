"""Everything that a check has found."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from batch_credits.errors import ControlError, Suggestion
from batch_credits.ledger import Ledger
from batch_credits.model import Outcome, Problem
from batch_credits.planning.customers import CustomerFinding, Preflight
from batch_credits.settings import Origin
from batch_credits.views.plan import PlanView
from batch_credits.views.terms import Pace, SiteView

PROBLEMS_SHOWN = 100  # rows whose problems are shown one by one; rejected.csv has them all


@dataclass(frozen=True, slots=True)
class FileView:
    """The file that was read; `notes` say how."""

    path: Path
    sha256: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RowProblems:
    """Why one row is rejected."""

    row_number: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class CustomersView:
    """What Chargebee says of the file's customers: how many were asked for, rows by finding, and the first findings."""

    asked: int
    counts: Mapping[str, int]
    findings: tuple[CustomerFinding, ...]


@dataclass(frozen=True, slots=True)
class CheckView:
    """A file as a run would see it.

    `site` is None where none is named; `ledger` is what the check looked into, and `ledger_is_there` whether there was
    any. `rows` are the first of those that are rejected; `rejected_csv` has all, None: there are none. `customers` is
    None where nobody asked. `refusal` is the limit or control total that does not hold; `suggestions` are options with
    which rows could be read that are rejected.
    """

    file: FileView
    plan: PlanView
    site: SiteView | None
    ledger: Path
    ledger_is_there: bool
    pace: Pace
    rows: tuple[RowProblems, ...]
    rejected_csv: Path | None
    customers: CustomersView | None
    refusal: ControlError | None
    origins: tuple[Origin, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()

    @property
    def exit_code(self) -> int:
        """What the process says to scripts."""
        if self.refusal is not None:
            return 2
        return 1 if self.plan.counts[Outcome.REJECTED] or self.plan.undone.rows else 0


def rows_with_problems(ledger: Ledger, batch_id: int) -> tuple[RowProblems, ...]:
    """The first rows of a batch that are rejected."""
    rejected = islice(ledger.reports.problems(batch_id), PROBLEMS_SHOWN)
    return tuple(RowProblems(row.row_number, row.problems) for row in rejected)


def customers_view(asked: Preflight) -> CustomersView:
    """What was found, once all were asked for."""
    return CustomersView(asked.customers, dict(sorted(asked.counts.items())), tuple(asked.findings))
