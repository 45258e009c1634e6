"""A run on a ledger that hosts share: it enqueues the batch's jobs, is a worker for them itself, and follows them all.

    pilot       this process alone, before anybody else may send
    enqueue     a job for each part of the site's customers: one part where the site has a limit, which one worker
                reaches, so that others stand by; several where it has none
    work        as `batch-credits work` on any host does, for this batch
    follow      until the batch's runs are over, and nobody else has rows of it in hand

Two runs over one batch are two workers for it. Rows that another batch answers for are waited for; if nobody is left to
send them, they are this batch's.
"""

import asyncio
import os
import platform
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from batch_credits.chargebee.transport.choice import http_transport
from batch_credits.errors import Interrupted, LedgerBusy, LedgerError, RunStopped
from batch_credits.ledger import Ledger, Life, Part
from batch_credits.model.address import Place
from batch_credits.process.signals import Signals
from batch_credits.sending.context import RunContext
from batch_credits.sending.following import Following
from batch_credits.sending.issued import Issued
from batch_credits.sending.mates import Mates
from batch_credits.sending.member import ALL, Member
from batch_credits.sending.pilot import Agree
from batch_credits.sending.processes import share_of
from batch_credits.sending.queue.jobs import Jobs
from batch_credits.sending.session import issue, ticking
from batch_credits.sending.told import Ended, Teller, Told, by_name, error_of
from batch_credits.settings import RunSettings, SiteSettings
from batch_credits.worker_pool.counts import Counts

T = TypeVar("T")

PARTS = 8  # of the customers of a site without a limit: several workers share them
LOOK_SECONDS = 0.5  # how old may be what is shown of the workers: it is drawn no more often
# A batch has its jobs still, and who stands by for them holds nothing by which they could be known.
LEFT_TO_OTHERS = "whoever works for the site, now or later, goes on with it"
WAIT_SECONDS = 1.0  # between tries to hold the whole site, for a pilot


@dataclass(frozen=True, slots=True)
class Team:
    """A run of a batch by a team: `where` is its ledger, without a password; `site` is called by this process, and
    `is_same_site` where the operator says that its address is another one of the same site."""

    run: RunContext
    where: Place
    site: SiteSettings
    is_same_site: bool = False

    @property
    def own(self) -> RunSettings:
        """How this process sends."""
        return share_of(self.run.settings, 0)

    def site_id(self) -> int:
        """The number of the batch's site."""
        return self.run.ledger.teams.site_of(self.run.batch.batch_id)


async def enqueue(team: Team) -> None:
    """Admit the batch to the queue, and leave the sending to workers.

    Raises:
        LedgerError: the queue cannot be reached.
    """
    async with Jobs.opened(str(team.where), team.site_id(), team.own.lease_seconds) as jobs:
        await _enqueue(team, jobs)


async def _enqueue(team: Team, jobs: Jobs) -> None:
    parts = 1 if team.run.settings.budget_per_minute else PARTS
    for number in range(parts):
        await jobs.enqueue(team.run.batch.batch_id, Part(number, parts))


async def issue_in_team(team: Team, signals: Signals, agree: Agree) -> Issued:
    """Have the batch sent, and return how that went once it is over; or once this process was told to stop.

    Raises:
        LedgerError: the ledger failed; this process sent nothing after that.
    """
    if team.run.settings.pilot:
        piloted = await _pilot(team, signals, agree)
        if piloted.stopped is not None:
            return piloted
    site_id, own = team.site_id(), team.own
    async with AsyncExitStack() as stack:
        jobs = await stack.enter_async_context(Jobs.opened(str(team.where), site_id, own.lease_seconds))
        member = await stack.enter_async_context(
            Member.opened(team.where, team.site, site_id, own, is_same_site=team.is_same_site)
        )
        follower = Follower(team, jobs, member)
        await _enqueue(team, jobs)
        mates = await stack.enter_async_context(Mates.started(team.where, team.run, team.site.api_key))
        return await follower.follow(signals, mates)


async def _pilot(team: Team, signals: Signals, agree: Agree) -> Issued:
    """Send the pilot and have it judged, with the whole site in hand: wait for it where others send."""
    run, ledger = replace(team.run, is_pilot_alone=True), team.run.ledger
    while True:
        if signals.arrived:
            return Issued(Counts(), 0, signals.why)
        try:
            ledger.claims.claim(
                run.batch.batch_id,
                run.run_id,
                lease_seconds=run.settings.lease_seconds,
                timeout_seconds=run.settings.timeout_seconds,
            )
            break
        except LedgerBusy:
            run.progress.note("Others send to customers of this site; the pilot waits until they have finished.")
            await asyncio.sleep(WAIT_SECONDS)
    async with http_transport(team.site, run.settings) as transport:
        issued = await issue(run, transport, signals, agree)
    ledger.workers.end(Teller().said(Ended(issued)))
    if issued.stopped is not None and not isinstance(issued.stopped, Interrupted):
        ledger.teams.halt(run.batch.batch_id, by_name(issued.stopped))
    return issued


class Follower:
    """Follows a run of a team, whose own worker is `member`. Build it before anything is enqueued."""

    def __init__(self, team: Team, jobs: Jobs, member: Member) -> None:
        self._team = team
        self._ledger: Ledger = team.run.ledger
        self._batch_id = team.run.batch.batch_id
        self._jobs = jobs
        self._member = member
        self._following = Following(self._ledger.teams.workers(self._batch_id), team.run.progress)
        self._asking = asyncio.Lock()
        self._interrupted: RunStopped | None = None

    async def follow(self, signals: Signals, mates: Mates) -> Issued:
        """Work and show how all goes, until it is over. Returns how it went.

        Raises:
            LedgerError: the ledger failed.
        """
        loop, saying = asyncio.get_running_loop(), list[asyncio.Task[None]]()

        def stop() -> None:
            self._member.stop(signals.arrived, signals.why)
            mates.stop(signals.arrived)
            if self._interrupted is None:
                self._interrupted = signals.why
                saying.append(loop.create_task(self._say_stopping(signals.why, mates)))

        def in_the_loop() -> None:
            loop.call_soon_threadsafe(stop)

        with signals.doing(in_the_loop), ticking(self._team.run.progress):
            if signals.arrived:
                stop()
            working = asyncio.create_task(self._member.work(self._waiting, self._is_over))
            await self._watch(working)
            if working.exception() is not None:
                mates.stop(1)
            await self._watch(asyncio.create_task(mates.wait()))
            for each in saying:
                await each
            working.result()
        return self._issued()

    async def _watch(self, task: "asyncio.Task[None]") -> None:
        while not task.done():
            await asyncio.wait([task], timeout=LOOK_SECONDS)
            with suppress(LedgerError):  # for a moment; whoever works says so of what lasts
                self._following.show(await self._ask(lambda: self._ledger.teams.workers(self._batch_id)))

    async def _ask(self, ask: Callable[[], T]) -> T:
        """Ask the ledger in a thread, one question at a time: where it is lost it is waited for, and what is on its way
        to the site must not wait too."""
        async with self._asking:
            return await asyncio.to_thread(ask)

    async def _waiting(self) -> list[int]:
        """Whose jobs wait that concern this batch: its own, and those of batches that answer for rows of it."""
        mine = {self._batch_id, *await self._ask(lambda: self._ledger.teams.owed_elsewhere(self._batch_id))}
        return [batch_id for batch_id in await self._jobs.batches(waiting=True) if batch_id in mine]

    async def _is_over(self) -> bool:
        """Whether nobody has anything of this batch to send any more. What is left without a job gets one."""
        if await self._jobs.left(self._batch_id):
            return False
        newest = await self._ask(lambda: self._ledger.teams.newest(self._batch_id))
        if newest is None or newest.halted is not None:
            return True
        elsewhere = await self._ask(lambda: self._ledger.teams.owed_elsewhere(self._batch_id))
        if newest.is_over and not elsewhere:
            return True
        if not any([await self._jobs.left(batch_id) for batch_id in elsewhere]):
            await self._jobs.enqueue(self._batch_id, ALL)
        return False

    async def _say_stopping(self, why: RunStopped, mates: Mates) -> None:
        """Say it, and who goes on without this process, as far as the ledger says that soon."""
        asking = asyncio.ensure_future(self._ask(lambda: self._others(mates)))
        answered, _ = await asyncio.wait([asking], timeout=LOOK_SECONDS)
        self._team.run.progress.note(f"Stopping: {why.message}; {(answered and asking.result()) or LEFT_TO_OTHERS}.")

    def _others(self, mates: Mates) -> str:
        """Who is at work on it besides this process, in words; nothing where nobody is, or the ledger does not say."""
        own = {(platform.node(), pid) for pid in (os.getpid(), *mates.pids)}
        key, lives = self._team.run.batch.key, list[Life]()
        with suppress(LedgerError):
            lives = self._ledger.teams.lives()
        at_work = [each for each in lives if each.shards and each.batch == key]
        others = {(each.host, each.pid) for each in at_work} - own
        if not others:
            return ""
        return f"{len(others)} other workers go on" if len(others) > 1 else "1 other worker goes on"

    def _issued(self) -> Issued:
        """How the run went: what its workers say, and why it ended early."""
        said = [Told.read(worker.told).ended for worker in self._ledger.workers.of_run(self._team.run.run_id)]
        issued = [ended.issued for ended in said if ended is not None]
        newest = self._ledger.teams.newest(self._batch_id)
        halted: RunStopped | None = error_of(*newest.halted) if newest is not None and newest.halted else None
        stopped = halted or self._interrupted or self._member.stopped
        return Issued.together(issued, stopped)
