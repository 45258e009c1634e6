"""The figures of one moment. What is not known yet is not there: a nought would be a lie."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from batch_credits.model import ControlTotal, Outcome, RequestState, sum_totals
from batch_credits.model.currencies import SITE_CURRENCY
from batch_credits.reporter.amounts import in_decimal, in_minor_units

if TYPE_CHECKING:  # there is none before the reports are written
    from batch_credits.reporter.summary import Summary

PAID = (Outcome.CREDITED, Outcome.ALREADY_CREDITED)
OPEN = {  # how a request is called that is not settled; what is sent by somebody who lives is not in doubt yet
    RequestState.PENDING: "pending",
    RequestState.IN_FLIGHT: "on_their_way",
    RequestState.IN_DOUBT: "in_doubt",
    RequestState.REVIEW: "review",
}

ByCurrency = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Whose:
    """What the figures are about: the labels that all of them have. `profile` is "" where none was taken."""

    site: str
    command: str
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests that left in this run, questions too; how often the site said to wait; rows that were tried again."""

    requests: int = 0
    throttled: int = 0
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """What the reports say: amounts by outcome and currency, minor units, and beside them those in decimal; whether the
    totals tie out with the file, and with Chargebee, if that was asked."""

    amounts: Mapping[str, ByCurrency]
    decimals: Mapping[str, Mapping[str, Decimal]]
    in_balance: bool
    ties_out: bool | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """The figures. Times are seconds since 1970, UTC. `rows` are by outcome, as summary.json names them; `asked` is
    what the rows that hold ask for, `paid` what of it is credited (or deducted), minor units by currency.
    `open_requests` are the unsettled ones of the whole site in the ledger, by state. `succeeded_at` and `finished_at`
    say when the command last ended with 0, and with 0 or 1, also in an earlier run."""

    whose: Whose
    version: str
    started_at: float
    ended_at: float | None = None
    exit_code: int | None = None
    rows: Mapping[str, int] | None = None
    asked: ByCurrency = field(default_factory=dict)
    paid: ByCurrency = field(default_factory=dict)
    traffic: Traffic | None = None
    result: Result | None = None
    open_requests: Mapping[str, int] | None = None
    succeeded_at: float | None = None
    finished_at: float | None = None


def result_of(summaries: "Iterable[Summary]", ties_out: bool | None = None) -> tuple[Mapping[str, int], Result]:
    """Rows by outcome, and the rest, of the batches of these summaries together."""
    rows: dict[str, int] = {}
    totals: dict[str, list[Mapping[str, ControlTotal]]] = {}
    is_balanced = True
    for summary in summaries:
        is_balanced &= summary.in_balance
        for outcome in Outcome:
            name = summary.batch.kind.name_of(outcome)
            rows[name] = rows.get(name, 0) + summary.counts[outcome]
            totals.setdefault(name, []).append(summary.totals[outcome])
    summed = {name: sum_totals(each) for name, each in totals.items()}
    decimals = {name: {c: Decimal(text) for c, text in in_decimal(each).items()} for name, each in summed.items()}
    return rows, Result({name: in_minor_units(each) for name, each in summed.items()}, decimals, is_balanced, ties_out)


def asked_and_paid(summaries: "Iterable[Summary]") -> tuple[ByCurrency, ByCurrency]:
    """What the rows that hold ask for, and what of it is credited, of these batches together."""
    asked, paid = [], []
    for summary in summaries:
        asked += [summary.totals[each] for each in Outcome if each is not Outcome.REJECTED]
        paid += [summary.totals[each] for each in PAID]
    return by_currency(sum_totals(asked)), by_currency(sum_totals(paid))


def by_currency(totals: Mapping[str, ControlTotal]) -> ByCurrency:
    """Minor units by the name of the currency."""
    return {currency or SITE_CURRENCY: total.amount_minor for currency, total in totals.items()}


def open_in(states: Mapping[RequestState, int]) -> Mapping[str, int]:
    """Unsettled requests by the name of their state: all of these, though there be none."""
    found = dict.fromkeys(OPEN.values(), 0)
    for state, number in states.items():
        if state in OPEN:
            found[OPEN[state]] += number
    return found
