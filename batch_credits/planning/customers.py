"""Asking Chargebee about a file's customers before anything is sent: a hundred a call, and only questions.

What it finds are warnings, not rejections: a customer may be created, or restored, before the run.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeVar
from urllib.parse import quote, quote_plus

from batch_credits.chargebee.client import CUSTOMERS_A_CALL, Chargebee, LookFailed, asked_again
from batch_credits.chargebee.lists import ListedCustomer
from batch_credits.errors import Outage
from batch_credits.gate.session import session_at
from batch_credits.ledger import CustomerRow, Ledger, OwedByCustomer
from batch_credits.process.side_by_side import side_by_side
from batch_credits.progress.asking import asking_in_words
from batch_credits.settings import RunSettings, SiteSettings
from batch_credits.text.quoted import quoted

MAX_ASKED_CHARACTERS = 6_000  # of the ids in one call, as they are written in its address: that may have some 8,000
_BETWEEN_IDS = len(quote('"",'))
CALLS_AT_ONCE = 10  # an answer takes a while, and a site's minute must not wait for one after the other
MAX_REMEMBERED = 1_000  # findings kept with their rows; all are counted
ATTEMPTS = 7  # with their pauses longer than a minute, the window of the site's limit

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]
Row = TypeVar("Row", CustomerRow, OwedByCustomer)


@dataclass(frozen=True, slots=True)
class CustomerFinding:
    """What is wrong with the customer of one row: missing, deleted or other_currency, and a sentence."""

    row_number: int
    customer_id: str
    code: str
    message: str


@dataclass(slots=True)
class Preflight:
    """What Chargebee says of a file's customers: rows counted by finding, and the first findings themselves."""

    customers: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[CustomerFinding] = field(default_factory=list)

    def add(self, finding: CustomerFinding) -> None:
        """Count a finding, and remember it while there is room."""
        self.counts[finding.code] += 1
        if len(self.findings) < MAX_REMEMBERED:
            self.findings.append(finding)


async def look_up_customers(
    ledger: Ledger, batch_id: int, site: SiteSettings, settings: RunSettings, tell: Callable[[str], None]
) -> Preflight:
    """Ask for every customer of the batch's rows that may be credited. `tell` is told before what that costs.

    Raises:
        RunStopped: the key or the site refuses us, or it did not answer.
        LedgerError: the ledger failed.
    """
    async with session_at(site, ledger.slots, settings, _at_once) as session:
        calls = sum(1 for _ in _calls(ledger.profiles.customer_rows(batch_id)))
        tell(asking_in_words(calls, session.limiter.seconds_for(calls), settings.budget_per_minute))
        return await examine(session.chargebee, ledger.profiles.customer_rows(batch_id))


async def examine(chargebee: Chargebee, rows: Iterable[CustomerRow], sleep: Sleep = asyncio.sleep) -> Preflight:
    """The same, given the rows: those of one customer behind each other.

    Raises:
        RunStopped: the key or the site refuses us, or it did not answer.
    """
    seen = Preflight()
    answers = side_by_side(lambda asked: _asked(chargebee, list(asked), sleep), _calls(rows), CALLS_AT_ONCE)
    async for asked, customers in answers:
        found = {customer.customer_id: customer for customer in customers}
        seen.customers += len(asked)
        for customer_id, customer_rows in asked.items():
            for row in customer_rows:
                finding = _finding(row, found.get(customer_id))
                if finding is not None:
                    seen.add(finding)
    seen.findings.sort(key=lambda finding: finding.row_number)
    return seen


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A customer whose balance does not cover what is to be deducted: minor units, None where the customer is gone."""

    customer_id: str
    row_number: int
    currency: str | None
    asked_minor: int
    balance_minor: int | None


@dataclass(slots=True)
class Balances:
    """What Chargebee says of the balances that a reversal needs. `short` holds the first; `short_in_all` counts all.

    `unknown` customers show no balance to compare with: theirs are amounts in decimal, or of a currency not shown.
    """

    customers: int = 0
    short_in_all: int = 0
    short: list[Shortfall] = field(default_factory=list)
    unknown: int = 0


async def look_up_balances(
    ledger: Ledger, batch_id: int, site: SiteSettings, settings: RunSettings, sleep: Sleep = asyncio.sleep
) -> Balances:
    """Ask for the balances that the batch's deductions need, a hundred customers a call.

    A balance says nothing about a single credit, and may change before the deduction: this warns, and decides nothing.

    Raises:
        RunStopped: the key or the site refuses us, or it did not answer.
        LedgerError: the ledger failed.
    """
    seen = Balances()
    async with session_at(site, ledger.slots, settings, _at_once) as session:
        calls = _calls(ledger.profiles.owed_by_customer(batch_id, with_failed=settings.retry_failed))
        answers = side_by_side(lambda asked: _asked(session.chargebee, list(asked), sleep), calls, CALLS_AT_ONCE)
        async for asked, customers in answers:
            found = {each.customer_id: each for each in customers}
            seen.customers += len(asked)
            for customer_id, owed in asked.items():
                for sum_ in owed:
                    _compare(seen, sum_, found.get(customer_id), settings.business_entity_id)
    return seen


async def _at_once(work: Callable[[], T]) -> T:
    """Nothing else goes on meanwhile, so the ledger needs no thread."""
    return work()


def _compare(
    seen: Balances, owed: OwedByCustomer, customer: ListedCustomer | None, business_entity_id: str | None
) -> None:
    balance = None
    if customer is not None and not customer.is_deleted:
        balance = customer.balance_in(owed.currency, business_entity_id)
        if balance is None or owed.rows_in_decimal:
            seen.unknown += 1
            return
        if balance >= owed.amount_minor:
            return
    seen.short_in_all += 1
    if len(seen.short) < MAX_REMEMBERED:
        seen.short.append(Shortfall(owed.customer_id, owed.row_number, owed.currency, owed.amount_minor, balance))


def _calls(rows: Iterable[Row]) -> Iterator[dict[str, list[Row]]]:
    """The customers of one call after the other, with their rows."""
    asked: dict[str, list[Row]] = {}
    characters = 0
    for customer_id, customer_rows in groupby(rows, key=lambda row: row.customer_id):
        size = len(quote_plus(customer_id)) + _BETWEEN_IDS
        if asked and (len(asked) == CUSTOMERS_A_CALL or characters + size > MAX_ASKED_CHARACTERS):
            yield asked
            asked, characters = {}, 0
        asked[customer_id] = list(customer_rows)
        characters += size
    if asked:
        yield asked


async def _asked(chargebee: Chargebee, customer_ids: list[str], sleep: Sleep) -> list[ListedCustomer]:
    try:
        return await asked_again(lambda: chargebee.customers(customer_ids), ATTEMPTS, sleep)
    except LookFailed as error:
        raise Outage(
            f"Chargebee did not answer a question about customers: {error}.",
            hint="Nothing was sent. Try again in a while.",
        ) from error


def _finding(row: CustomerRow, customer: ListedCustomer | None) -> CustomerFinding | None:
    if customer is None:
        return CustomerFinding(
            row.row_number, row.customer_id, "missing", f"Chargebee has no customer {quoted(row.customer_id)}."
        )
    if customer.is_deleted:
        return CustomerFinding(
            row.row_number, row.customer_id, "deleted", f"Customer {quoted(row.customer_id)} is deleted in Chargebee."
        )
    if row.currency is not None and customer.preferred_currency not in (None, row.currency):
        return CustomerFinding(
            row.row_number,
            row.customer_id,
            "other_currency",
            f"The credit is in {row.currency}, but customer {quoted(row.customer_id)} prefers "
            f"{customer.preferred_currency}.",
        )
    return None
