"""Reconciling, as one paragraph: settle doubt without sending anything, then tie file, ledger and Chargebee out."""

import hashlib
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial

from batch_credits.chargebee.client import LookFailed
from batch_credits.errors import Outage
from batch_credits.gate.session import Session, ledger_thread, session_at
from batch_credits.ledger import Budget, Ledger, Slots
from batch_credits.ledger.group_commit import Journal, Rhythm
from batch_credits.ledger.learned import number_of
from batch_credits.ledger.requests import TAKEN_OVER_HEADERS
from batch_credits.model import BatchRecord, CallKind, ControlTotal, NewBatch, RequestState, is_of_reversal
from batch_credits.progress.asking import asking_in_words
from batch_credits.progress.observers import Progress
from batch_credits.reconciler.settler import DoubtSettler
from batch_credits.reconciler.tie_out import Held, TieOut, foreign, in_pages, tie_out
from batch_credits.reconciler.way import questions_ahead
from batch_credits.settings import InputOptions, RunSettings, SiteSettings


async def reconcile_batch(
    ledger: Ledger,
    batch: BatchRecord,
    site: SiteSettings,
    settings: RunSettings,
    progress: Progress,
    *,
    whole: bool = False,
) -> TieOut:
    """Settle the batch's doubts and reviews by asking Chargebee, then tie it out. Nothing is sent but questions.

    `whole`: tie it out with all credits of its customers, however old.

    Raises:
        UsageError: what is in doubt was sent for another business entity.
        RunStopped: the key or the site refuses us, or it did not answer.
        LedgerError: the ledger failed.
    """
    ledger.claims.check_entity(batch.batch_id, settings.business_entity_id)
    settings = _for_its_entity(ledger, batch, settings)
    lease, timeout = settings.lease_seconds, settings.timeout_seconds
    ledger.claims.claim(batch.batch_id, lease_seconds=lease, timeout_seconds=timeout)
    async with asking_of(ledger.slots, site, settings) as asking:
        try:
            found = await settle_and_tie_out(ledger, batch, asking, settings, progress, whole=whole)
        except LookFailed as error:
            raise _no_answer(error) from error
    ledger.workers.end()
    return found


def _for_its_entity(ledger: Ledger, batch: BatchRecord, settings: RunSettings) -> RunSettings:
    """The settings; where nobody names a business entity, and the batch sent nothing, with the one for which it was
    looked for: what was found there is listed there."""
    if settings.business_entity_id is not None or ledger.listing.entities(batch.batch_id):
        return settings
    found = ledger.runs.looked_for(batch.batch_id)
    return replace(settings, business_entity_id=found[0]) if found else settings


async def settle_and_tie_out(
    ledger: Ledger, batch: BatchRecord, asking: Session, settings: RunSettings, progress: Progress, *, whole: bool
) -> TieOut:
    """The same, for whoever brings the way to ask.

    Raises:
        LookFailed: Chargebee did not answer a question.
        RunStopped, LedgerError: as above.
    """
    read_page = ledger.claims.planned_page
    unsettled = [
        credit
        for state in (RequestState.IN_DOUBT, RequestState.REVIEW)
        for credit in await asking.in_thread(partial(read_page, batch.batch_id, state, 0, batch.rows_read))
    ]
    ahead = await asking.in_thread(
        lambda: questions_ahead(ledger.listing, batch, len(unsettled), whole=whole)
    )
    progress.note(asking_in_words(ahead, asking.limiter.seconds_for(ahead), settings.budget_per_minute))
    journal = Journal(
        ledger.claims,
        None,
        batch.site,
        in_thread=asking.in_thread,
        rhythm=Rhythm.of(settings),
    )
    settler = DoubtSettler(
        chargebee=asking.chargebee,
        journal=journal,
        memory=ledger.looks,
        site=batch.site,
        settings=settings,
        observer=progress,
        in_thread=asking.in_thread,
    )
    try:
        await Held(unsettled, settler).wait()
        return await tie_out(asking.chargebee, ledger, journal, batch, asking.in_thread, whole=whole)
    finally:
        await settler.close()
        await journal.close()


async def rebuild(
    ledger: Ledger, kind: CallKind, since: datetime, site: SiteSettings, settings: RunSettings
) -> int:
    """Bring into the ledger every credit that Chargebee lists since a moment and that the ledger does not know;
    or every reversal of one, told by its reference.

    After a lost ledger, a run then finds these credits already credited, and a reversal finds them reversed. What the
    ledger owes and the list shows is looked at before it is sent, if nothing settles it until then: an old copy of a
    ledger owes what was paid since. Returns how many were taken over.

    Raises:
        RunStopped: the key or the site refuses us, or it did not answer; nothing was taken over.
        LedgerError: the ledger failed; nothing was taken over.
    """
    name = f"{'Chargebee' if kind is CallKind.ADD else 'Reversals at Chargebee'} since {since.date().isoformat()}"
    key = hashlib.sha256(f"{site.site} {name} {len(ledger.batches.all())}".encode()).hexdigest()
    batch_id = ledger.admission.begin(
        NewBatch(
            key=key,
            site=site.site,
            file_name=name,
            file_sha256="",
            headers=TAKEN_OVER_HEADERS,
            columns={header: index for index, header in enumerate(TAKEN_OVER_HEADERS)},
            options_json=InputOptions().as_json(),
            kind=kind,
        )
    )
    try:
        taken, listed = await _take_over(ledger, batch_id, kind, int(since.timestamp()), site, settings)
        ledger.requests.doubt_the_listed(site.site, listed)
    except BaseException:
        ledger.admission.discard(batch_id)
        raise
    if not taken:
        ledger.admission.discard(batch_id)
        return 0
    totals: dict[str, ControlTotal] = {}
    for row in ledger.reports.rows(batch_id):
        assert row.money is not None
        totals.setdefault(row.money.currency_code or "", ControlTotal()).add(row.money)
    ledger.admission.finish(batch_id, taken, totals)
    ledger.admission.admit(batch_id)
    return taken


async def _take_over(
    ledger: Ledger, batch_id: int, kind: CallKind, since: int, site: SiteSettings, settings: RunSettings
) -> tuple[int, dict[str, "array[int]"]]:
    """How many credits were taken over, and the number of each that is listed (`number_of`), by the call for the
    business entity that has it."""
    listed: dict[str, array[int]] = {}
    taken, next_row = 0, 2  # a spreadsheet's first data line
    take_over = ledger.requests.take_over
    async with asking_of(ledger.slots, site, settings) as asking:
        try:
            async for page in in_pages(asking.chargebee.credits_since(since - 1, kind)):
                named = foreign(page, settings.business_entity_id)
                credits = [c for c in named if kind is CallKind.ADD or is_of_reversal(c.reference)]
                # In the ledger's thread, where the limiter's notes are written meanwhile.
                taken += await asking.in_thread(partial(take_over, site.site, batch_id, next_row, credits))
                next_row += len(credits)
                for each in credits:
                    numbers = listed.setdefault(each.call or "{}", array("q"))
                    numbers.append(number_of(each.customer_id, each.reference))
        except LookFailed as error:
            raise _no_answer(error) from error
    return taken, listed


@asynccontextmanager
async def asking_of(slots: Slots | Budget, site: SiteSettings, settings: RunSettings) -> AsyncIterator[Session]:
    """The way to ask a site within its limits, for as long as the block goes on."""
    with ledger_thread() as in_thread:
        async with session_at(site, slots, settings, in_thread) as session:
            yield session


def _no_answer(error: LookFailed) -> Outage:
    return Outage(
        f"Chargebee did not answer a question: {error}.", hint="Nothing was sent. Run reconcile again in a while."
    )
