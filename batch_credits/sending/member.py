"""One worker of a team: it does the jobs of batches, one after the other, each with what `run` alone has, too.

    claim       the part of the customers that the job is about; where it is not free yet, the job comes again
    send        what the batch owes to them, under its newest run, as `issue` does for a run alone
    tell        how it goes, some times a second, in the ledger; and hear there whether the batch was stopped
    give back   the customers, as soon as nothing is owed to them, or when told to stop

A batch has a job for each part, and a last one for all customers: it settles the doubts that the parts left, after one
quarantine instead of one for each part, and ends the runs over the batch.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from time import time
from typing import Self

from batch_credits.chargebee.transport.choice import http_transport
from batch_credits.errors import (
    Interrupted,
    LeaseLost,
    LedgerBusy,
    LedgerError,
    Outage,
    RunStopped,
    TooManyFailures,
)
from batch_credits.ledger import Ledger, Newest, Part
from batch_credits.model import BatchRecord, RequestState
from batch_credits.model.address import Place
from batch_credits.process.signals import Signals
from batch_credits.sending.approved import approval_missing
from batch_credits.sending.context import RunContext
from batch_credits.sending.issued import Issued
from batch_credits.sending.over import end_runs, failures_of
from batch_credits.sending.queue.jobs import BEATS, Job, Jobs
from batch_credits.sending.session import Sending, issue
from batch_credits.sending.told import AllTold, Ended, Teller, by_name, error_of
from batch_credits.settings import RunSettings, SiteSettings, recorded
from batch_credits.worker_pool.counts import Counts

ALL = Part()
TELL_SECONDS = 0.25  # how old may be what this worker says, and what it knows of the others
POLL_SECONDS = 0.5  # between looks whether there is anything to do
PATIENCE_SECONDS = 8.0  # with a ledger that fails, before this worker ends
BUSY_SECONDS = (0.1, 2.0)  # at least and at most, before customers are claimed again that are not free
EARLY_LOOKS = (0.0, 3.0)  # at doubts of a part; what they don't settle is the last job's
OWN_TROUBLE = (Interrupted, Outage)  # what stops a worker says nothing about the others
OWED = (RequestState.PENDING, RequestState.IN_FLIGHT, RequestState.IN_DOUBT)


class Member:
    """A worker. `ledger` is for the job in hand, `line` is another way to the same ledger, for all else."""

    def __init__(
        self, jobs: Jobs, ledger: Ledger, line: Ledger, site: SiteSettings, own: RunSettings, is_same_site: bool
    ) -> None:
        self._jobs = jobs
        self._ledger = ledger
        self._line = line
        self._site = site
        self._own = own
        self._is_same_site = is_same_site
        self._signals = Signals()
        self._signals.sending_begins()
        self._told_to_stop = asyncio.Event()
        self._enough = asyncio.Event()  # no further job now: told to stop, or the ledger failed
        self._on_the_line = asyncio.Lock()
        self._failure: Exception | None = None  # of the last job
        self._failing_since: float | None = None
        self.stopped: RunStopped | None = None  # the last reason why a job ended early
        self.told = AllTold()
        self._jobs_done = 0

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, where: Place, site: SiteSettings, site_id: int, own: RunSettings, *, is_same_site: bool = False
    ) -> AsyncIterator[Self]:
        """A worker of the site, with ways of its own to the ledger at `where`. `is_same_site`: the operator says that
        its address is another one of the same site."""
        with Ledger.open_beside(where) as ledger, Ledger.open_beside(where) as line:
            async with Jobs.opened(str(where), site_id, own.lease_seconds) as jobs:
                yield cls(jobs, ledger, line, site, own, is_same_site)

    @property
    def must_stop(self) -> bool:
        """Whether it takes no more jobs."""
        return self._told_to_stop.is_set()

    def stop(self, times: int = 1, why: Interrupted | None = None) -> None:
        """Take no more jobs, and let the answers of the one in hand come in; told twice, end it at once."""
        self._told_to_stop.set()
        self._enough.set()
        self._signals.have_arrived(times, why)

    async def work(self, waiting: Callable[[], Awaitable[list[int]]], is_over: Callable[[], Awaitable[bool]]) -> None:
        """Do jobs until told to stop, or `is_over`. `waiting` tells the batches that have jobs for this worker.

        Raises:
            UsageError: the ledger knows the site at another address by now.
            LedgerError: the ledger or its queue failed.
        """
        over = asyncio.Event()
        sweeping = asyncio.create_task(self._sweep(over))
        try:
            while not self.must_stop:
                try:
                    if await self._work_once(waiting, is_over):
                        break
                except LedgerError as error:
                    self._bear(error)
                    await self._rest(POLL_SECONDS)
        finally:
            over.set()
            await sweeping
        if self._failure is not None:
            raise self._failure

    async def _work_once(
        self, waiting: Callable[[], Awaitable[list[int]]], is_over: Callable[[], Awaitable[bool]]
    ) -> bool:
        """Do what waits now. Returns whether all is over."""
        batches, done = await waiting(), self._jobs_done
        if batches:
            await self._jobs.work(self._do, batches, self._enough)
        elif await is_over():
            return True
        if self._failure is not None:
            raise self._failure
        self._failing_since = None
        if self._jobs_done == done:  # what waits is behind what others do
            await self._rest(POLL_SECONDS)
        return False

    def _bear(self, error: LedgerError) -> None:
        """A database may be away for a moment: go on, unless it is for long."""
        self._failure = None
        if not self.must_stop:
            self._enough.clear()
        now = asyncio.get_running_loop().time()
        if self._failing_since is None:
            self._failing_since = now
        if now - self._failing_since >= PATIENCE_SECONDS:
            raise error

    async def work_for(self, batch_id: int) -> None:
        """Do the jobs of one batch until it is over, or told to stop.

        Raises:
            LedgerError: the ledger or its queue failed.
        """

        async def waiting() -> list[int]:
            return [batch_id] if batch_id in await self._jobs.batches(waiting=True) else []

        async def is_over() -> bool:
            newest = self._line.teams.newest(batch_id)
            return newest is None or newest.is_over or newest.halted is not None

        await self.work(waiting, is_over)

    async def _sweep(self, over: asyncio.Event) -> None:
        """Say from time to time that this worker lives, and see to the jobs of those that don't, until it is over."""
        while not over.is_set():
            with suppress(LedgerError):  # whoever does a job says so
                async with self._on_the_line:
                    await asyncio.to_thread(self._line.workers.live_on)
                await self._jobs.sweep()
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), self._own.lease_seconds / BEATS)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._told_to_stop.wait(), seconds)

    # -- One job ---------------------------------------------------------------------------------------------

    async def _do(self, job: Job) -> bool:
        """Do a job. Returns whether it has to come again."""
        if self._enough.is_set():
            return True
        self._jobs_done += 1
        try:
            return await self._send(job)
        except LedgerBusy:
            least, most = BUSY_SECONDS
            await self._rest(min(most, max(least, self._own.lease_seconds / 20)))
            return True
        except LeaseLost:
            return True  # somebody has claimed it who found us silent: whoever has it goes on
        except Exception as error:  # the queue would take the job for done, and tell nobody
            self._failure = error
            self._enough.set()
            return True

    async def _send(self, job: Job) -> bool:
        newest, batch = self._ledger.teams.newest(job.batch_id), self._ledger.batches.staged(job.batch_id)
        if newest is None or newest.halted is not None or batch.site != self._site.site:
            return False
        site = self._site  # whose address may have become known, or another, since this worker began
        self._ledger.sites.check_address(site.site, site.address, is_same_site=self._is_same_site)
        settings = self._settings(newest, job.part)
        if job.part == ALL and not self._owes(batch):
            await self._end_runs(job.batch_id)
            return False
        if (missing := approval_missing(self._ledger, batch)) is not None:
            return await self._halt(job, missing)
        self._ledger.claims.claim(
            job.batch_id,
            newest.run_id,
            part=job.part,
            lease_seconds=settings.lease_seconds,
            timeout_seconds=settings.timeout_seconds,
        )
        issued = await self._issue(batch, newest, settings)
        if issued is None or issued.stopped is None:
            return await self._part_is_over(job)
        if isinstance(issued.stopped, OWN_TROUBLE):
            self.stopped = issued.stopped
            self.stop()
            return True
        return await self._halt(job, issued.stopped)

    async def _halt(self, job: Job, why: RunStopped) -> bool:
        """Let nobody go on with the batch before a person runs it again. Returns that the job need not come again."""
        self.stopped = why
        self._ledger.teams.halt(job.batch_id, by_name(why))
        await self._end_runs(job.batch_id, why)
        return False

    async def _end_runs(self, batch_id: int, why: RunStopped | None = None) -> None:
        """The runs over a batch are over: what was done is sealed, since this worker may live for long."""
        end_runs(self._ledger, batch_id, why)
        await asyncio.to_thread(self._ledger.seal)

    def _settings(self, newest: Newest, part: Part) -> RunSettings:
        """How this worker sends for that run: with its own pace, and whatever else belongs to the run. Looking first
        where the ledger may have forgotten what was paid, though the run began before that."""
        own, settings = self._own, recorded(newest.settings)[1]
        has_forgotten = self._ledger.keeping.why_unproven(self._site.site, settings.business_entity_id) is not None
        looks = settings.early_look_seconds if part == ALL else EARLY_LOOKS
        return replace(
            settings,
            rate_per_minute=own.rate_per_minute,
            plan=own.plan,
            share=own.share,
            even_pacing=own.even_pacing,
            concurrency=own.concurrency,
            timeout_seconds=own.timeout_seconds,
            max_outage_seconds=own.max_outage_seconds,
            lease_seconds=own.lease_seconds,
            verify_first=settings.verify_first or has_forgotten,
            wait=settings.wait and part == ALL,
            early_look_seconds=looks,
            pilot=0,
        )

    def _owes(self, batch: BatchRecord) -> bool:
        unsettled = self._ledger.claims.unsettled(batch.batch_id)
        return any(unsettled[state] for state in OWED) or bool(self._ledger.teams.owed_elsewhere(batch.batch_id))

    async def _issue(self, batch: BatchRecord, newest: Newest, settings: RunSettings) -> Issued | None:
        """Send what is claimed. None: there was nothing."""
        claims, me = self._ledger.claims, self._ledger.workers.me()
        if not any(claims.planned_page(batch.batch_id, state, 0, 1) for state in OWED):
            self._ledger.workers.end()
            return None
        teller, over, sendings = self.told.begin(Teller(time)), asyncio.Event(), list[Sending]()
        run = RunContext(self._ledger, batch, newest.run_id, settings, teller)
        listening = asyncio.create_task(self._listen(me, run, teller, sendings, over))
        try:
            async with http_transport(self._site, settings) as transport:
                ended = Ended(await issue(run, transport, self._signals, begun=sendings.append))
        except LedgerError as error:
            ended = Ended(Issued(Counts(), 0, None), error)
            # At once: its lease runs out meanwhile, and nothing is sent any more.
            with suppress(LedgerError):
                self._ledger.workers.end(teller.said(ended))
        finally:
            over.set()
            await listening  # to its end: what it writes in a thread of its own would outlive it
        if ended.failure is not None:
            raise ended.failure
        self._ledger.workers.end(teller.said(ended))
        return ended.issued

    async def _listen(
        self, me: int, run: RunContext, teller: Teller, sendings: list[Sending], over: asyncio.Event
    ) -> None:
        """Say how it goes, some times a second until it is over; and stop where the batch was stopped, or stop it for
        all where this worker found a reason.

        Where it cannot be said, sending goes on: the journal finds out whether anything can be written.
        """
        said, has_halted = "", False
        while not over.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), TELL_SECONDS)
            why = sendings[0].pool.stopped if sendings else None
            halts = why is not None and not isinstance(why, OWN_TROUBLE) and not has_halted
            has_halted |= halts
            now = teller.said()
            with suppress(LedgerError):
                async with self._on_the_line:
                    stop = await asyncio.to_thread(
                        self._tell, me, run, now if now != said else None, why if halts else None
                    )
                if stop is not None and sendings and why is None:
                    has_halted |= not isinstance(stop, TooManyFailures)
                    sendings[0].stop(stop)
            said = now

    def _tell(self, me: int, run: RunContext, said: str | None, why: RunStopped | None) -> RunStopped | None:
        """Say it, and hear whether the batch was stopped."""
        line, batch_id = self._line, run.batch.batch_id
        if said is not None:
            line.workers.tell(me, said)
        if why is not None:
            line.teams.halt(batch_id, by_name(why))
        newest = line.teams.newest(batch_id)
        if newest is not None and newest.halted is not None:
            halted: RunStopped = error_of(*newest.halted)
            return halted
        bound = run.settings.max_failures
        if bound is not None and failures_of(line, run.run_id) > bound:
            return TooManyFailures.beyond(bound)
        return None

    async def _part_is_over(self, job: Job) -> bool:
        """After the last part comes the job for all; then the runs are over. Returns that it need not come again."""
        if job.part == ALL:
            await self._end_runs(job.batch_id)
        elif await self._jobs.left(job.batch_id) == [job]:
            await self._jobs.enqueue(job.batch_id, ALL)
        return False
