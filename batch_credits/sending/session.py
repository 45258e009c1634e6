"""Sending what a batch owes: one run's worker pool, settler, journal and limiter, joined.

    sending = Sending(run, transport, in_thread)
    await sending.run()                    the pilot, if there is one; then every doubt and every row still owed

Signals end it early, and it ends by itself when nothing is owed. The ledger alone remembers what came of it.
"""

import asyncio
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from batch_credits.call import call_of
from batch_credits.chargebee.transport.seam import Transport
from batch_credits.errors import LedgerError, Outage, RunStopped
from batch_credits.gate.session import Session, ledger_thread
from batch_credits.ledger import Ledger
from batch_credits.ledger.group_commit import InThread, Journal, Rhythm
from batch_credits.model import PlannedCredit, RequestState
from batch_credits.process.signals import Signals
from batch_credits.process.switching import quick_switches
from batch_credits.progress.observers import Progress
from batch_credits.progress.pace import BatchMoney
from batch_credits.reconciler.settler import DoubtSettler
from batch_credits.sending.context import RunContext
from batch_credits.sending.issued import Issued
from batch_credits.sending.pilot import Agree, Pilot, agrees
from batch_credits.sending.waiting import Waits
from batch_credits.settings import RunSettings
from batch_credits.worker_pool.pool import WorkerPool

TICK_SECONDS = 0.5  # how old what the person sees may be
COLLECT_EVERY = 50_000  # objects made and not freed, between two walks of the garbage collector
SWITCH_SECONDS = 0.0005  # that a commit may wait for Python's lock, half a dozen times; requests are sent meanwhile


async def issue(
    run: RunContext,
    transport: Transport,
    signals: Signals,
    agree: Agree = agrees,
    begun: Callable[["Sending"], None] = lambda sending: None,
) -> Issued:
    """Send what the run's batch owes, and settle its doubts. `begun` is given what others may stop.

    Raises:
        LedgerError: the journal failed; nothing was sent after that.
    """
    with ledger_thread() as in_thread:
        sending = Sending(run, transport, in_thread, agree)
        begun(sending)
        with (
            _stop_on(signals, sending),
            ticking(run.progress, sending.say_what_is_waited_for),
            _rare_collections(),
            quick_switches(SWITCH_SECONDS),
        ):
            try:
                return await sending.run()
            except asyncio.CancelledError:
                if sending.pool.stopped is None:
                    raise
                _uncancel()  # the second signal: what was on its way is in doubt, and the ledger says so
                return sending.issued()


def start_progress(ledger: Ledger, batch_id: int, progress: Progress, money: BatchMoney) -> None:
    """Tell how many rows there are, how many are done, and their money. What is in flight is a colleague's, whose
    answers come; or in doubt, where nobody else can be sending."""
    rows, states = ledger.batches.staged(batch_id).rows_read, ledger.claims.unsettled(batch_id)
    in_flight = states[RequestState.IN_FLIGHT]
    doubts = states[RequestState.IN_DOUBT] + (0 if ledger.is_shared else in_flight)
    progress.start(rows, rows - states[RequestState.PENDING] - states[RequestState.IN_DOUBT] - in_flight, doubts, money)


@contextmanager
def ticking(progress: Progress, look: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Keep what is shown fresh while the run waits for the limit, a pause or a quarantine. `look` is called before each
    time, to say what it waits for."""

    async def tick() -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            look()
            progress.tick()

    task = asyncio.get_running_loop().create_task(tick())
    try:
        yield
    finally:
        task.cancel()


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Collect garbage rarely: sending leaves hardly a cycle behind."""
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


def fewer_commits(settings: RunSettings) -> RunSettings:
    """The settings for a ledger on a server, where a commit costs a millisecond of CPU on both sides, however large.
    Without a limit more is journaled ahead than is answered in the time that answers wait for the next attempts."""
    if settings.budget:
        return settings
    return replace(settings, flush_seconds=5 * settings.flush_seconds, pages_at_once=3)


def _uncancel() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.uncancel()


class Sending:
    """One run's worker pool, settler, journal and limiter, joined. `in_thread` serves the ledger's connection."""

    def __init__(
        self, run: RunContext, transport: Transport, in_thread: InThread, agree: Agree = agrees
    ) -> None:
        self._run = run
        self._in_thread = in_thread
        ledger, site, progress = run.ledger, run.batch.site, run.progress
        settings = fewer_commits(run.settings) if ledger.is_shared else run.settings
        self._was_told = False  # to stop
        self._session = Session(transport, ledger.slots, site, settings, in_thread, self._journaled, progress)
        self._chargebee = self._session.chargebee
        self._journal = Journal(
            ledger.claims,
            run.run_id,
            site,
            in_thread=in_thread,
            rhythm=Rhythm.of(settings),
            call=call_of(settings),
            on_failure=self._send_no_more,
        )
        self._settler = DoubtSettler(
            chargebee=self._chargebee,
            journal=self._journal,
            memory=ledger.looks,
            site=site,
            settings=settings,
            observer=progress,
            in_thread=in_thread,
        )
        self.pool = WorkerPool(self._session, self._journal, self._settler, settings, progress, run.chance)
        self._pilot = Pilot(run, self._session, agree, self._is_stopping)
        self._loop = asyncio.get_running_loop()
        self._waits = Waits(self._session, self.pool, self._settler, self._loop.time())

    def _journaled(self) -> int:
        return self.pool.journaled()

    def _is_stopping(self) -> bool:
        return self.pool.stopping

    def _send_no_more(self) -> None:
        """The journal failed: what is journaled and waits for a worker stays here, too."""
        self.pool.stop(None)

    def say_what_is_waited_for(self) -> None:
        """Tell whoever watches, and what was sent meanwhile."""
        self._run.progress.sent(self._chargebee.requests, self.pool.counts.retries)
        self._run.progress.waits(self._waits.at(self._loop.time()), self._session.limiter.seconds_for)

    def stop(self, error: RunStopped, grace_seconds: float | None = None) -> None:
        """Send nothing more, and let every answer on its way come in; or those that come in this time."""
        if not self._was_told:
            self._was_told = True
            self._run.progress.note(f"Stopping: {error.message.rstrip('.')}{self._waited_for(grace_seconds)}")
        self.pool.stop(error)
        self._pilot.wake()

    def _waited_for(self, grace_seconds: float | None) -> str:
        """What has left this machine and is not answered."""
        count = self._session.limiter.calls("POST")
        if not count:
            return "."
        answers = "the answer to 1 request" if count == 1 else f"the answers to {count} requests"
        timeout = self._run.settings.timeout_seconds
        seconds = f"{min(timeout, timeout if grace_seconds is None else grace_seconds):.0f} s at most"
        return f"; waiting for {answers} on the way, {seconds}. (Again: end at once, and leave them in doubt.)"

    async def run(self) -> Issued:
        """Send until nothing is owed or the pool is stopped, and make durable what was learned."""
        asides = [self._loop.create_task(aside) for aside in (self._note_site_clock(), self._stop_without_an_answer())]
        try:
            await self._session.begin()
            if self._run.settings.pilot:
                await self._run_pilot()
            if not (self.pool.stopping or self._run.is_pilot_alone):
                await self._take_doubts()
                await self.pool.run(self._pending_page)
        finally:
            for aside in asides:
                aside.cancel()
            await self._settler.close()
            await self._session.end()
            await self._journal.close()
        if self._settler.failure is not None:
            raise self._settler.failure
        return self.issued()

    async def _note_site_clock(self) -> None:
        """Remember what time it was at the site, once that is known: a later run may ask when this one sent."""
        began_ms = await self._chargebee.site_clock.began_ms()
        with suppress(LedgerError):  # it says so elsewhere, about what matters more
            await self._in_thread(lambda: self._run.ledger.runs.note_site_clock(self._run.run_id, began_ms))

    async def _stop_without_an_answer(self) -> None:
        """End a run that has not reached its site at all: to wait for it is for those that have."""
        seconds = self._run.settings.first_answer_seconds
        trouble = await self._chargebee.first_answer.missed(seconds)
        if trouble is not None and not self.pool.stopping:
            self.stop(Outage.from_the_first(seconds, trouble))

    async def _run_pilot(self) -> None:
        """Send the first rows alone, and stop unless they are agreed to."""
        read_page = await self._pilot.take()
        if not self.pool.stopping:
            await self.pool.run(read_page)
        if not self.pool.stopping:
            await self._journal.flush()
            why_not = await self._pilot.judge()
            if why_not is not None:
                self.pool.stop(why_not)
            elif not self.pool.stopping:
                await self._in_thread(lambda: self._run.ledger.teams.agree_to_pilot(self._run.run_id))

    def issued(self) -> Issued:
        """How the sending went, so far."""
        counts = self.pool.counts
        self._run.progress.sent(self._chargebee.requests, counts.retries)
        counts = replace(counts, throttled=counts.throttled + self._chargebee.throttled)
        return Issued(counts, self._chargebee.requests, self.pool.stopped)

    async def _take_doubts(self) -> None:
        after, limit = 0, self._run.settings.claim_page
        while True:
            page = await self._page(RequestState.IN_DOUBT, after, limit)
            for credit in page:
                self.pool.take_held(credit)
            if len(page) < limit:
                return
            after = page[-1].request_id

    async def _pending_page(self, after: int, limit: int) -> list[PlannedCredit]:
        return await self._page(RequestState.PENDING, after, limit)

    async def _page(self, state: RequestState, after: int, limit: int) -> list[PlannedCredit]:
        run = self._run
        return await self._in_thread(lambda: run.ledger.claims.planned_page(run.batch.batch_id, state, after, limit))


@contextmanager
def _stop_on(signals: Signals, sending: Sending) -> Iterator[None]:
    """The first signal lets every answer on its way come in; the second ends at once (what was sent is in doubt)."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None

    over, is_ending = False, False

    def stop() -> None:
        nonlocal is_ending
        if over:
            return
        sending.stop(signals.why, signals.grace_seconds)
        if signals.arrived > 1 and not is_ending:
            is_ending = True  # a third signal must not break off what the second began: it is soon done
            task.cancel()

    def in_the_loop() -> None:
        loop.call_soon_threadsafe(stop)  # a signal may come between any two steps of the program

    try:
        with signals.doing(in_the_loop):
            if signals.arrived:
                sending.stop(signals.why, signals.grace_seconds)
            yield
    finally:
        over = True
