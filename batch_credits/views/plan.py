"""A plan before anything is sent: what is asked for, what is known of its rows, and what looks wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch_credits.ledger import ProblemGroup
from batch_credits.model import CallKind, FileTotal, Outcome, Parent
from batch_credits.model.amounts import Exponents, minor_in_words
from batch_credits.model.currencies import SITE_CURRENCY
from batch_credits.reporter.control_totals import file_total_sentence
from batch_credits.reporter.mending import parent_in_words
from batch_credits.views.amounts import Total, UndoneView, total_of, totals_of, undone_view

if TYPE_CHECKING:  # who only shows one need not load what makes it
    from batch_credits.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class TypeTotal:
    """What rows of one currency and credit type sum up to."""

    credit_type: str
    total: Total


@dataclass(frozen=True, slots=True)
class LargeRow:
    """One of the largest amounts; `words` are as people read it."""

    row_number: int
    currency: str
    amount_minor: int
    words: str


@dataclass(frozen=True, slots=True)
class StatedTotal:
    """A total that the file itself holds; `words` say where, how much, and of how many rows."""

    total: FileTotal
    words: str


@dataclass(frozen=True, slots=True)
class MendsView:
    """A batch whose rows the file mends; `words` say which, and how many rows."""

    batch: Parent
    words: str


@dataclass(frozen=True, slots=True)
class PlanView:
    """A batch as it stands before a run.

    `totals` are those of the file, without the `unread` rows, whose amounts nobody could read; `counts` and
    `by_outcome` say what is already known of its rows (`pending` ones are to be sent), `by_type` those that are not
    rejected. `control_totals` stand in the file, and its rows agree with them. `mends` says which rows of which batch
    it mends, a text for each batch. `problems` say why rows are rejected, `warnings` what looks wrong.
    """

    key: str
    kind: CallKind
    rows: int
    unread: int
    totals: tuple[Total, ...]
    counts: Mapping[Outcome, int]
    by_outcome: Mapping[Outcome, tuple[Total, ...]]
    by_type: tuple[TypeTotal, ...]
    undone: UndoneView
    mends: tuple[MendsView, ...]
    control_totals: tuple[StatedTotal, ...]
    problems: tuple[ProblemGroup, ...]
    largest: tuple[LargeRow, ...]
    warnings: tuple[str, ...]

    @property
    def owed(self) -> int:
        """How many rows a run would send or settle."""
        return self.counts[Outcome.PENDING] + self.counts[Outcome.IN_DOUBT]


def plan_view(plan: "Plan", stated: Exponents) -> PlanView:
    """The plan, with its amounts in words."""
    return PlanView(
        key=plan.key,
        kind=plan.kind,
        rows=plan.rows,
        unread=plan.unread,
        totals=totals_of(plan.totals, stated),
        counts={outcome: plan.count(outcome) for outcome in Outcome},
        by_outcome={outcome: totals_of(totals, stated) for outcome, totals in plan.by_outcome.items()},
        by_type=tuple(
            TypeTotal(credit_type, total_of(total, currency, stated))
            for (currency, credit_type), total in sorted(plan.by_type.items())
        ),
        undone=undone_view(plan.undone, stated),
        mends=tuple(MendsView(parent, parent_in_words(parent)) for parent in plan.parents),
        control_totals=tuple(StatedTotal(total, file_total_sentence(total, stated)) for total in plan.of_file),
        problems=tuple(plan.problems),
        largest=tuple(
            LargeRow(row.row_number, currency, row.amount_minor, minor_in_words(row.amount_minor, currency, stated))
            for row in plan.largest_rows
            for currency in (row.currency or SITE_CURRENCY,)
        ),
        warnings=tuple(plan.warnings),
    )
