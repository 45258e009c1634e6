"""The question before anything is sent: what it is about, the plan, and on what terms."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from batch_credits.model import BatchRecord, Outcome
from batch_credits.model.amounts import Exponents, minor_in_words
from batch_credits.model.currencies import SITE_CURRENCY
from batch_credits.reporter.amounts import stated_exponents
from batch_credits.views.amounts import Total, totals_of
from batch_credits.views.plan import PlanView, plan_view
from batch_credits.views.terms import Pace, Terms, pace_of

if TYPE_CHECKING:  # who only looks at a file need not load all that sends
    from batch_credits.jobs.reverse import Picture
    from batch_credits.loader.source import Source
    from batch_credits.planning.customers import Balances
    from batch_credits.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class FileToPay:
    """A source file is to be paid; `notes` say how it was read."""

    path: Path
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShortBalance:
    """A customer whose balance does not cover it; `left` is None of one who is missing or deleted."""

    customer_id: str
    row_number: int
    asked: str
    left: str | None


@dataclass(frozen=True, slots=True)
class BalancesView:
    """Whose balance does not cover what is to be deducted: the first of them, how many in all, and of how many
    customers nobody can tell."""

    customers: int
    short_in_all: int
    short: tuple[ShortBalance, ...]
    unknown: int


@dataclass(frozen=True, slots=True)
class BatchToReverse:
    """What a batch credited is to be deducted, for one business entity if there are several. `left_out` says which of
    its rows are not, a sentence each; `balances` is None where nothing is owed, or Chargebee did not tell them."""

    key: str
    file_name: str
    business_entity_id: str | None
    left_out: tuple[str, ...]
    balances: BalancesView | None


@dataclass(frozen=True, slots=True)
class Question:
    """All that a person sees before saying yes."""

    about: FileToPay | BatchToReverse
    plan: PlanView
    terms: Terms
    to_type: tuple[Total, ...] = ()  # of what is to be sent: a person must type these, and not only say yes

    @property
    def pilot(self) -> int:
        """How many rows are sent and read back before all others; 0: none are."""
        return self.terms.settings.pilot

    @property
    def pace(self) -> Pace:
        """How long it takes, with the questions that are asked besides."""
        owed = self.plan.owed
        questions = owed if self.terms.settings.verify_first else 0
        return pace_of(owed + questions + min(self.pilot, owed), self.terms.settings)


def question_of_run(
    source: "Source", plan: "Plan", stated: Exponents, terms: Terms, to_type: Sequence[str] = ()
) -> Question:
    """What a run asks. `stated` are the decimals that the operator gave for currencies that have none documented;
    `to_type` are the currencies of which a person must type the total."""
    view = plan_view(plan, stated)
    return Question(FileToPay(source.path, tuple(source.notes)), view, terms, _to_type(plan, stated, to_type))


def question_of_reversal(
    batch: BatchRecord, picture: "Picture", terms: Terms, to_type: Sequence[str] = ()
) -> Question:
    """What the reversal of a batch asks; `to_type` as of a run."""
    stated = stated_exponents(batch)
    about = BatchToReverse(
        batch.key,
        batch.file_name,
        picture.business_entity_id,
        tuple(picture.selection.left_out()),
        None if picture.balances is None else _balances(picture.balances, stated),
    )
    view = plan_view(picture.plan, stated)
    return Question(about, view, terms, _to_type(picture.plan, stated, to_type))


def _to_type(plan: "Plan", stated: Exponents, currencies: Sequence[str]) -> tuple[Total, ...]:
    """The totals of these currencies, as they are shown."""
    owed = plan.by_outcome.get(Outcome.PENDING, {})
    return totals_of({currency: owed[currency] for currency in currencies if currency in owed}, stated)


def _balances(seen: "Balances", stated: Exponents) -> BalancesView:
    short = []
    for each in seen.short:
        currency = each.currency or SITE_CURRENCY
        left = None if each.balance_minor is None else minor_in_words(each.balance_minor, currency, stated)
        asked = minor_in_words(each.asked_minor, currency, stated)
        short.append(ShortBalance(each.customer_id, each.row_number, asked, left))
    return BalancesView(seen.customers, seen.short_in_all, tuple(short), seen.unknown)
