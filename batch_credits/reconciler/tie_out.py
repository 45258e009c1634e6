"""Ties out: what the file asks, what the ledger says, and what Chargebee lists, per currency and row by row."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from batch_credits.chargebee import Chargebee, ListedCredit
from batch_credits.errors import RunStopped
from batch_credits.ledger import Difference, ForeignCredit, InThread, Journal, Ledger
from batch_credits.model import BatchRecord, ControlTotal, Outcome, PlannedCredit, RequestState, sum_totals
from batch_credits.reconciler.settler import DoubtSettler

_FEW_CUSTOMERS = 20  # below it, asking for each customer costs less than reading the list
_CLOCK_MARGIN_SECONDS = 86_400  # our wall clock may be wrong by this much, and the list is still read from early enough
_PAGE = 100


@dataclass(frozen=True, slots=True)
class CurrencyLine:
    """One currency of a tie-out. `not_credited` is what the ledger explains as rejected, failed or still owed."""

    currency: str
    asked: ControlTotal
    not_credited: ControlTotal
    ledger: ControlTotal
    chargebee: ControlTotal


@dataclass(frozen=True, slots=True)
class TieOut:
    """Whether file, ledger and Chargebee agree about a batch, and every row where they do not."""

    lines: tuple[CurrencyLine, ...]
    differences: tuple[Difference, ...]

    @property
    def ties_out(self) -> bool:
        """Whether there is nothing for a person to look at."""
        return not self.differences and all(line.ledger == line.chargebee for line in self.lines)


class Held:
    """Waits for the settler where nothing is sent: whatever may be sent again stays owed for the next run."""

    def __init__(self, credits: Sequence[PlannedCredit], settler: DoubtSettler) -> None:
        self._left = len(credits)
        self._done = asyncio.Event()
        self.stopped: RunStopped | None = None
        settler.pool = self
        if not credits:
            self._done.set()
        for credit in credits:
            settler.hold(credit)

    def release(self, credit: PlannedCredit) -> None:
        """It may be sent: by the next run."""
        self.settled(credit)

    def settled(self, credit: PlannedCredit) -> None:
        """One less to wait for."""
        self._left -= 1
        if self._left == 0:
            self._done.set()

    def stop(self, error: RunStopped | None) -> None:
        """The site refuses us, or something is badly wrong: wait no longer."""
        self.stopped = self.stopped or error
        self._done.set()

    async def wait(self) -> None:
        """Return when all are settled, or it makes no sense to go on.

        Raises:
            RunStopped: the key or the site refuses us, or two credits were found for one reference.
        """
        await self._done.wait()
        if self.stopped is not None:
            raise self.stopped


async def tie_out(
    chargebee: Chargebee, ledger: Ledger, journal: Journal, batch: BatchRecord, in_thread: InThread
) -> TieOut:
    """Compare a batch with what Chargebee lists; a credit found for an unsettled row settles it.

    Raises:
        LookFailed: Chargebee did not answer all questions, so there is nothing to compare with.
        RunStopped: the key or the site refuses us.
    """
    await in_thread(ledger.begin_listing)
    await _list_batch(chargebee, ledger, batch, in_thread)
    for found in await in_thread(lambda: ledger.unrecorded(batch.batch_id)):
        credit = await in_thread(lambda found=found: ledger.planned(found.request_id))  # type: ignore[misc]
        credit.open_attempts = 0
        journal.record(credit, RequestState.CREDITED, reason="found by reconcile", credit_id=found.credit_id)
    await journal.flush()
    return await in_thread(lambda: _compare(ledger, batch))


async def _list_batch(chargebee: Chargebee, ledger: Ledger, batch: BatchRecord, in_thread: InThread) -> None:
    """Fill the listing: once through the list where that is cheaper than once a customer, then the stragglers."""
    customers = await in_thread(lambda: ledger.customers_of(batch.batch_id, only_unlisted=False))
    since = await in_thread(lambda: ledger.first_attempt_ms(batch.batch_id))
    if len(customers) > _FEW_CUSTOMERS:
        start = 0 if since is None else since // 1000 - _CLOCK_MARGIN_SECONDS
        if await _list_window(chargebee, ledger, batch, start, len(customers), in_thread):
            customers = await in_thread(lambda: ledger.customers_of(batch.batch_id, only_unlisted=True))
    for customer_id in customers:
        page = foreign(await chargebee.credits_of(customer_id, batch.kind))
        await in_thread(lambda page=page: ledger.add_listed(batch.site, page))  # type: ignore[misc]


async def _list_window(
    chargebee: Chargebee, ledger: Ledger, batch: BatchRecord, start: int, max_pages: int, in_thread: InThread
) -> bool:
    """Read the list from `start` on. False if it is longer than asking for each customer would be."""
    pages = 0
    async for page in in_pages(chargebee.credits_since(start, batch.kind)):
        await in_thread(lambda page=page: ledger.add_listed(batch.site, foreign(page)))  # type: ignore[misc]
        pages += 1
        if pages >= max_pages:
            return False
    return True


async def in_pages(credits: AsyncIterator[ListedCredit]) -> AsyncIterator[list[ListedCredit]]:
    """The same credits, a hundred at a time."""
    page: list[ListedCredit] = []
    async for credit in credits:
        page.append(credit)
        if len(page) == _PAGE:
            yield page
            page = []
    if page:
        yield page


def foreign(credits: Sequence[ListedCredit]) -> list[ForeignCredit]:
    """What the ledger takes of listed credits: those with a reference and an amount, since others have no identity."""
    return [
        ForeignCredit(c.credit_id, c.customer_id, c.reference, c.money, c.credit_type or "general")
        for c in credits
        if c.reference and (c.money.amount_minor is not None or c.money.amount_in_decimal is not None)
    ]


def _compare(ledger: Ledger, batch: BatchRecord) -> TieOut:
    by_outcome = ledger.outcome_totals(batch.batch_id)
    listed = ledger.listed_totals(batch.batch_id)
    credited = sum_totals(by_outcome.get(o, {}) for o in (Outcome.CREDITED, Outcome.ALREADY_CREDITED))
    lines = []
    for currency in sorted(batch.totals.keys() | credited.keys() | listed.keys()):
        asked, paid = batch.totals.get(currency, ControlTotal()), credited.get(currency, ControlTotal())
        rest = ControlTotal(
            asked.count - paid.count,
            asked.amount_minor - paid.amount_minor,
            asked.amount_in_decimal - paid.amount_in_decimal,
        )
        lines.append(CurrencyLine(currency, asked, rest, paid, listed.get(currency, ControlTotal())))
    return TieOut(tuple(lines), tuple(ledger.differences(batch.batch_id)))
