"""Ties out: what the file asks, what the ledger says, and what Chargebee lists, per currency and row by row."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from decimal import localcontext
from functools import partial

from batch_credits.call import call_for
from batch_credits.chargebee.client import FEW_ATTEMPTS, Chargebee, asked_again
from batch_credits.chargebee.lists import ListedCredit
from batch_credits.errors import DoubleCreditAlarm, RunStopped
from batch_credits.ledger import Difference, ForeignCredit, Ledger, Listing, Unrecorded
from batch_credits.ledger.group_commit import InThread, Journal
from batch_credits.model import (
    DECIMAL_DIGITS,
    BatchRecord,
    ControlTotal,
    Finding,
    Learned,
    Outcome,
    PlannedCredit,
    RequestState,
    sum_totals,
)
from batch_credits.model.identity import other_forms
from batch_credits.process.side_by_side import side_by_side
from batch_credits.reconciler.settler import DoubtSettler
from batch_credits.reconciler.way import PAGE, calls_of, start_of, way_for

_ASKED_AT_ONCE = 10  # customers: an answer takes a while, and a site's minute must not wait for one after the other


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
    """Whether file, ledger and Chargebee agree about a batch, and every row where they do not.

    `since` is the moment (unix seconds, the site's clock) from which on all of Chargebee's list was looked at; None:
    all credits of the batch's customers were.
    """

    lines: tuple[CurrencyLine, ...]
    differences: tuple[Difference, ...]
    since: int | None = None

    @property
    def ties_out(self) -> bool:
        """Whether there is nothing for a person to look at."""
        return not self.differences and all(line.ledger == line.chargebee for line in self.lines)


class Held:
    """Waits for the settler where nothing is sent: whatever may be sent again stays owed for the next run."""

    def __init__(self, credits: Sequence[PlannedCredit], settler: DoubtSettler) -> None:
        self._settler = settler
        self._left = len(credits)
        self._done = asyncio.Event()
        self.stopped: RunStopped | None = None
        if not credits:
            self._done.set()
        for credit in credits:
            settler.hold(credit, self)

    def release(self, credit: PlannedCredit) -> None:
        """It may be sent: by the next run."""
        self.settled(credit)

    def settled(self, credit: PlannedCredit) -> None:
        """One less to wait for."""
        self._left -= 1
        if self._left == 0:
            self._done.set()

    def stop(self, error: RunStopped | None) -> None:
        """The site refuses us, or (None) the settler failed: wait no longer. Where nothing is sent, two credits for one
        reference stop nothing."""
        if not isinstance(error, DoubleCreditAlarm):
            self.stopped = self.stopped or error
            self._done.set()

    async def wait(self) -> None:
        """Return when all are settled, or it makes no sense to go on.

        Raises:
            RunStopped: the key or the site refuses us.
            LedgerError: the ledger failed; or whatever else the settler did not expect.
        """
        await self._done.wait()
        if self._settler.failure is not None:
            raise self._settler.failure
        if self.stopped is not None:
            raise self.stopped


async def tie_out(
    chargebee: Chargebee, ledger: Ledger, journal: Journal, batch: BatchRecord, in_thread: InThread, *, whole: bool
) -> TieOut:
    """Compare a batch with what Chargebee lists, and carry out what is found against its rows: a credit for a row that
    the ledger does not call credited settles it; other money, or several credits, leave it to a person, never owed.

    `whole`: look at all credits of the batch's customers, however old.

    Raises:
        LookFailed: Chargebee did not answer all questions, so there is nothing to compare with.
        RunStopped: the key or the site refuses us.
    """
    await in_thread(lambda: ledger.listing.begin(batch.batch_id))
    since = await _list_batch(chargebee, ledger.listing, batch, in_thread, whole=whole)
    for found in await in_thread(lambda: ledger.listing.unrecorded(batch.batch_id)):
        credit = await in_thread(lambda found=found: ledger.requests.planned(found.request_id))  # type: ignore[misc]
        _carry_out(journal, credit, found)
    await journal.flush()
    await _stop_what_mends(ledger, journal, batch, in_thread)
    return await in_thread(lambda: _compare(ledger, batch, since))


async def _stop_what_mends(ledger: Ledger, journal: Journal, batch: BatchRecord, in_thread: InThread) -> None:
    """A row that was refused and is found credited now is never paid by another one that mends it, and is admitted."""
    for request_id, problem in (await in_thread(lambda: ledger.payouts.owed_though_mended(batch.batch_id))).items():
        credit = await in_thread(lambda request_id=request_id: ledger.requests.planned(request_id))  # type: ignore[misc]
        may_be_sent = credit.open_attempts > 0 or credit.state is RequestState.IN_DOUBT
        state = RequestState.REVIEW if may_be_sent else RequestState.FAILED
        journal.record(credit, Finding.about(credit, state, Learned(problem.message, error_code=problem.code)))
    await journal.flush()


def _carry_out(journal: Journal, credit: PlannedCredit, found: Unrecorded) -> None:
    if len(found.same) == 1 and not found.other:
        learned = Learned("found by reconcile", credit_id=found.same[0])
        finding = Finding.about(credit, RequestState.CREDITED, learned, open_attempts=0)
        journal.record(credit, finding)
    elif not found.is_in_review:
        listed = ", ".join((*found.same, *found.other))
        reason = (
            f"Chargebee lists {listed} under this reference: several, other money, for a customer in other capitals, or"
            " named for another row."
        )
        journal.record(credit, Finding.about(credit, RequestState.REVIEW, Learned(reason)))


async def _list_batch(
    chargebee: Chargebee, listing: Listing, batch: BatchRecord, in_thread: InThread, *, whole: bool
) -> int | None:
    """Fill the listing, under each business entity that the batch was sent for.

    Returns from which moment on the list was read; None where all of it was, as far as the batch's customers go.
    """
    start = await in_thread(lambda: start_of(listing, batch, whole=whole))
    calls = await in_thread(lambda: calls_of(listing, batch))
    looked_from = [await _list_entity(chargebee, listing, batch, call, start, in_thread) for call in calls]
    return max(looked_from) or None


async def _list_entity(
    chargebee: Chargebee, listing: Listing, batch: BatchRecord, call: str | None, start: int, in_thread: InThread
) -> int:
    """Once through the list where that is cheaper than once a customer, then the stragglers; those that are still not
    listed also under other forms of their ids, since the site may filter by what it keeps. Returns from when on."""
    customers = await in_thread(lambda: listing.customers(batch.batch_id, only_unlisted=False))
    looked_from = 0
    way = await in_thread(lambda: way_for(listing, batch, start, len(customers)))
    if way.reads_list:
        pages = in_pages(chargebee.credits_since(start, batch.kind, call))
        if await _is_read_within(len(customers), pages, partial(_add_listed, listing, batch, in_thread)):
            looked_from = start
            customers = await in_thread(lambda: listing.customers(batch.batch_id, only_unlisted=True))

    async def credits_of(customer_id: str) -> list[ListedCredit]:
        return await asked_again(lambda: chargebee.credits_of(customer_id, batch.kind, call), FEW_ATTEMPTS)

    async def ask(customer_ids: Sequence[str]) -> None:
        async with aclosing(side_by_side(credits_of, customer_ids, _ASKED_AT_ONCE)) as lists:
            async for customer_id, listed in lists:
                await _add_listed(listing, batch, in_thread, listed, customer_id)

    await ask(customers)
    missing = await in_thread(lambda: listing.customers(batch.batch_id, only_unlisted=True))
    await ask([form for customer_id in missing for form in other_forms(customer_id)])
    return looked_from


async def _add_listed(
    listing: Listing,
    batch: BatchRecord,
    in_thread: InThread,
    listed: Sequence[ListedCredit],
    asked_for: str | None = None,
) -> None:
    named = [_foreign(credit) for credit in listed if _has_amount(credit)]
    await in_thread(lambda: listing.add(batch.site, named, asked_for))


async def _is_read_within(
    max_pages: int,
    pages: AsyncIterator[list[ListedCredit]],
    add: Callable[[list[ListedCredit]], Awaitable[None]],
) -> bool:
    """Add the pages. False if there are more of them than asking for each customer would take."""
    count = 0
    async for page in pages:
        await add(page)
        count += 1
        if count >= max_pages:
            return False
    return True


async def in_pages(credits: AsyncIterator[ListedCredit]) -> AsyncIterator[list[ListedCredit]]:
    """The same credits, a hundred at a time."""
    page: list[ListedCredit] = []
    async for credit in credits:
        page.append(credit)
        if len(page) == PAGE:
            yield page
            page = []
    if page:
        yield page


def foreign(credits: Sequence[ListedCredit], business_entity_id: str | None) -> list[ForeignCredit]:
    """What the ledger takes over of listed credits: those with a reference and an amount; others have no identity. They
    are the business entity's that each names, or else that which was asked for."""
    return [
        replace(_foreign(credit), call=call_for(credit.business_entity_id or business_entity_id))
        for credit in credits
        if credit.reference and _has_amount(credit)
    ]


def _foreign(credit: ListedCredit) -> ForeignCredit:
    return ForeignCredit(
        credit.credit_id, credit.customer_id, credit.reference or "", credit.money, credit.credit_type
    )


def _has_amount(credit: ListedCredit) -> bool:
    return credit.money.amount_minor is not None or credit.money.amount_in_decimal is not None


def _compare(ledger: Ledger, batch: BatchRecord, since: int | None) -> TieOut:
    ledger.listing.conclude()
    by_outcome = ledger.totals.counted(batch.batch_id)
    listed = ledger.listing.totals(batch.batch_id)
    credited = sum_totals(by_outcome.get(o, {}) for o in (Outcome.CREDITED, Outcome.ALREADY_CREDITED))
    lines = []
    for currency in sorted(batch.totals.keys() | credited.keys() | listed.keys()):
        asked, paid = batch.totals.get(currency, ControlTotal()), credited.get(currency, ControlTotal())
        with localcontext(prec=DECIMAL_DIGITS):
            in_decimal = asked.amount_in_decimal - paid.amount_in_decimal
        rest = ControlTotal(asked.count - paid.count, asked.amount_minor - paid.amount_minor, in_decimal)
        lines.append(CurrencyLine(currency, asked, rest, paid, listed.get(currency, ControlTotal())))
    return TieOut(tuple(lines), tuple(ledger.listing.differences(batch.batch_id)), since)
