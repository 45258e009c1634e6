"""The pilot: the first rows of a run, credited like all others and read back, before the others are sent.

It goes the way of every row (journal, pool, limiter): a pilot is only a bound on what the pool may claim. Then each
credit is read from Chargebee's own list and held against the file. A list may show a new credit late, so it is
asked again for a bounded time; what it still does not show does not agree.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event

from batch_credits.chargebee.client import LookFailed
from batch_credits.chargebee.lists import ListedCredit
from batch_credits.errors import PilotNotAgreed, RunStopped
from batch_credits.gate.session import Session
from batch_credits.ledger.group_commit import Rhythm
from batch_credits.model import BatchRecord, ControlTotal, Outcome, PlannedCredit, ReportRow, sum_totals
from batch_credits.sending.context import RunContext
from batch_credits.text.counted import rows as rows_in_words
from batch_credits.worker_pool.pages import ReadPage

_NOT_LISTED = "Chargebee's list does not show it"


@dataclass(frozen=True, slots=True)
class PilotRow:
    """One row of the pilot: what the file says, what the ledger says of it, and the credit that Chargebee lists.

    `problem` is the sentence saying what does not agree; empty where all does.
    """

    source: ReportRow
    asked: PlannedCredit
    listed: ListedCredit | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PilotReport:
    """The pilot, read back. `left` counts and sums by currency what is still to be sent."""

    batch: BatchRecord
    rows: tuple[PilotRow, ...]
    left: Mapping[str, ControlTotal]

    @property
    def disagreeing(self) -> tuple[PilotRow, ...]:
        """The rows that were not read back as the file has them."""
        return tuple(row for row in self.rows if row.problem)

    @property
    def rows_left(self) -> int:
        """How many rows the run would send or settle now."""
        return sum(total.count for total in self.left.values())


# Shows the report, and says whether to go on; asked only while the pilot agrees or to show that it does not.
Agree = Callable[[PilotReport], bool]


def agrees(report: PilotReport) -> bool:
    """Whether every row was read back as the file has it: what is said where nobody is asked."""
    return not report.disagreeing


class Pilot:
    """The pilot of one run. `is_stopping` says whether nothing more may be sent, and so nothing asked."""

    def __init__(
        self, run: RunContext, session: Session, agree: Agree, is_stopping: Callable[[], bool]
    ) -> None:
        self._ledger, self._batch = run.ledger, run.batch
        self._settings, self._progress = run.settings, run.progress
        self._chargebee, self._in_thread = session.chargebee, session.in_thread
        self._agree = agree
        self._is_stopping = is_stopping
        self._woken = asyncio.Event()
        self._credits: list[PlannedCredit] = []

    async def take(self) -> ReadPage:
        """The pilot's credits, as the pages that a pool reads."""
        batch_id, most = self._batch.batch_id, self._settings.pilot
        self._credits = await self._in_thread(lambda: self._ledger.claims.first_owed(batch_id, most))
        unread = list(self._credits)

        async def read_page(after: int, limit: int) -> list[PlannedCredit]:
            page = unread[:limit]
            del unread[:limit]
            return page

        return read_page

    def wake(self) -> None:
        """The run is stopping: wait for no list any more."""
        self._woken.set()

    async def judge(self) -> RunStopped | None:
        """Read the pilot's credits back, and have the report agreed to. Returns why the run must not go on.

        Raises:
            LedgerError: what this run holds could not be kept meanwhile.
        """
        if not self._credits:
            return None
        try:
            rows = await self._read_back()
            if self._is_stopping():
                return None
            left = await self._in_thread(self._left)
            report = PilotReport(self._batch, tuple(rows), left)
            self._progress.step_aside()
            goes_on = await self._asked(report)
        except RunStopped as stop:
            return stop
        # Somebody may have thought for minutes: let the loop see which connections were closed meanwhile.
        await asyncio.sleep(0.05)
        return _why_not(report, goes_on)

    async def _asked(self, report: PilotReport) -> bool:
        """Ask; and keep what this run holds, however long the person thinks: the event loop stands still meanwhile, and
        with it whatever else says that this process lives. (A file's is its own anyhow.)
        """
        if not self._ledger.is_shared:
            return self._agree(report)
        answered = Event()
        keeping = asyncio.ensure_future(self._in_thread(lambda: self._keep_until(answered)))
        try:
            return self._agree(report)
        finally:
            answered.set()
            await keeping

    def _keep_until(self, answered: Event) -> None:
        while not answered.wait(Rhythm.of(self._settings).keep):
            self._ledger.claims.commit(None, [], [])

    def _left(self) -> dict[str, ControlTotal]:
        totals = self._ledger.totals.counted(self._batch.batch_id)
        return sum_totals(totals.get(outcome, {}) for outcome in (Outcome.PENDING, Outcome.IN_DOUBT))

    async def _read_back(self) -> list[PilotRow]:
        ids = [credit.request_id for credit in self._credits]
        sources = await self._in_thread(lambda: list(self._ledger.reports.rows(self._batch.batch_id, ids)))
        rows = [
            PilotRow(source, credit, None, _unsettled(source))
            for source, credit in zip(sources, self._credits, strict=True)
        ]
        reasons: dict[str, str] = {}
        for wait in self._settings.pilot_look_seconds:
            unseen = [index for index, row in enumerate(rows) if row.listed is None and not _unsettled(row.source)]
            if not unseen or self._is_stopping():
                break
            await self._wait(wait, len(unseen), reasons)
            lists: dict[str, list[ListedCredit]] = {}  # of this look, each customer's asked for once
            for index in unseen:
                rows[index] = await self._look(rows[index], lists)
        return rows

    async def _wait(self, seconds: float, unseen: int, reasons: Mapping[str, str]) -> None:
        if not seconds:
            return
        what = "1 credit" if unseen == 1 else f"{unseen} credits"
        self._progress.note(f"Chargebee's list does not show {what} of the pilot yet; next look in {seconds:.0f} s.")
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            pass  # nobody stopped the run meanwhile

    async def _look(self, row: PilotRow, lists: dict[str, list[ListedCredit]]) -> PilotRow:
        customer_id = row.asked.customer_id
        try:
            if customer_id not in lists:
                lists[customer_id] = await self._chargebee.credits_of(customer_id, row.asked.kind)
        except LookFailed as error:
            return PilotRow(row.source, row.asked, None, f"Chargebee's list could not be read: {error}")
        return compared(row.source, row.asked, lists[customer_id])


def compared(source: ReportRow, asked: PlannedCredit, listed: Sequence[ListedCredit]) -> PilotRow:
    """Hold what the customer's list shows against what the file asks for."""
    ours = next((item for item in listed if item.credit_id == source.credit_id), None)
    same_name = [item.credit_id for item in listed if item.reference == asked.reference]
    if len(same_name) > 1:
        problem = f"Chargebee lists {len(same_name)} credits under this reference: {', '.join(same_name)}"
    elif ours is None:
        problem = _NOT_LISTED
    elif ours.reference != asked.reference:
        problem = "the reference is another one"
    elif not ours.has_money_of(asked):
        problem = "amount, currency or credit type is another one"
    else:
        problem = ""
    return PilotRow(source, asked, ours, problem)


def _unsettled(source: ReportRow) -> str:
    """Why there is no credit to read back, if there is none."""
    if source.outcome in (Outcome.CREDITED, Outcome.ALREADY_CREDITED):
        return ""
    return f"{source.outcome.value.replace('_', ' ')}: {source.error or 'it was not credited'}"


def _why_not(report: PilotReport, goes_on: bool) -> RunStopped | None:
    if report.disagreeing:
        return PilotNotAgreed(
            f"the pilot does not agree with the file in {len(report.disagreeing)} of {rows_in_words(len(report.rows))}",
            hint="Nothing more was sent. Look at these rows in Chargebee, and find out why, before you run again.",
        )
    if not goes_on and report.rows_left:
        return PilotNotAgreed(
            "the pilot agrees with the file, and nobody said yes to go on",
            hint="Nothing more was sent.",
        )
    return None
