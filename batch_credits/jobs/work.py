"""Be one of the workers that send what a site owes, whoever admitted it: on any host, for as long as is wanted.

A worker has its own key, pace and timeout. How a batch is to be sent (silence, business entity, quarantine, ...) is in
the record of its newest run. What was left without a job, by a run that was killed, gets one here.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from batch_credits.errors import JournalFailed, LedgerError, RunStopped
from batch_credits.ledger import Ledger
from batch_credits.model import Outcome
from batch_credits.process.signals import Signals
from batch_credits.sending.member import ALL, Member
from batch_credits.sending.queue.jobs import Jobs
from batch_credits.sending.told import AllTold
from batch_credits.settings import RunSettings, SiteSettings

WATCH_SECONDS = 1.0  # how old may be what is told of a worker
UNKNOWN_SITE_SECONDS = 2.0  # between looks whether the ledger knows the site


@dataclass(frozen=True, slots=True)
class WorkOrders:
    """For which site to work, how fast, and whether to end when nothing is owed. `is_same_site`: the operator says so,
    though the address changed."""

    site: SiteSettings
    settings: RunSettings
    until_idle: bool
    is_same_site: bool = False


@dataclass(frozen=True, slots=True)
class Worked:
    """What one worker did: rows by outcome, and why it ended with a job in hand, if it did."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    stopped: RunStopped | None = None


async def work(
    ledger: Ledger,
    orders: WorkOrders,
    signals: Signals,
    begun: Callable[[], None],
    watch: Callable[[AllTold], None] = lambda told: None,
) -> Worked:
    """Work until told to stop, or nothing is owed. `begun` is called once it has begun, and `watch` from time to time
    with what it has done so far.

    Raises:
        UsageError: the ledger knows the site at another address, or has come to know it at one meanwhile.
        LedgerError: the ledger cannot be used; nothing was sent.
        JournalFailed: the ledger or its queue failed for longer than a moment; nothing was sent after that.
    """
    site = orders.site
    ledger.sites.check_address(site.site, site.address, is_same_site=orders.is_same_site)
    with signals.doing(signals.finish_first):  # whoever hears that it has begun may tell it to end, in order
        begun()
        site_id = await _known(ledger, orders, signals)
        return Worked() if site_id is None else await _work_for(ledger, orders, site_id, signals, watch)


async def _work_for(
    ledger: Ledger, orders: WorkOrders, site_id: int, signals: Signals, watch: Callable[[AllTold], None]
) -> Worked:
    site, own = orders.site, orders.settings
    async with (
        Jobs.opened(str(ledger.path), site_id, own.lease_seconds) as jobs,
        Member.opened(ledger.path, site, site_id, own, is_same_site=orders.is_same_site) as member,
    ):
        with signals.doing(_stopping(member, signals)):
            if signals.arrived:
                member.stop(signals.arrived, signals.why)
            watching = asyncio.create_task(_watched(member, watch))
            owed = _OwedToSite(ledger, jobs, site_id, own.lease_seconds)
            try:
                await member.work(owed.waiting, owed.is_nothing if orders.until_idle else _never)
            except LedgerError as error:
                raise JournalFailed(error.message, hint=error.hint) from error
            finally:
                watching.cancel()
                watch(member.told)
        return Worked(member.told.so_far()[0], member.stopped)


async def _watched(member: Member, watch: Callable[[AllTold], None]) -> None:
    while True:
        watch(member.told)
        await asyncio.sleep(WATCH_SECONDS)


async def _known(ledger: Ledger, orders: WorkOrders, signals: Signals) -> int | None:
    """The site's number, as soon as it has one; None: nothing is owed to it, and no more was wanted."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    with signals.doing(lambda: loop.call_soon_threadsafe(stop.set)):
        while (site_id := ledger.sites.number(orders.site.site)) is None:
            if orders.until_idle or signals.arrived:
                return None
            ledger.workers.live_on()  # so that others see it
            try:
                await asyncio.wait_for(stop.wait(), UNKNOWN_SITE_SECONDS)
            except TimeoutError:
                pass
    return site_id


def _stopping(member: Member, signals: Signals) -> Callable[[], object]:
    """What a signal does: the first lets answers come in, the second ends at once."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        member.stop(signals.arrived, signals.why)

    return lambda: loop.call_soon_threadsafe(stop)


async def _never() -> bool:
    return False


class _OwedToSite:
    """What a site owes, as jobs. A batch whose run goes on and that has had none for so many seconds gets one: whoever
    was to enqueue it was killed."""

    def __init__(self, ledger: Ledger, jobs: Jobs, site_id: int, patience_seconds: float) -> None:
        self._ledger = ledger
        self._jobs = jobs
        self._site_id = site_id
        self._patience_seconds = patience_seconds
        self._loop = asyncio.get_running_loop()
        self._without: dict[int, float] = {}  # since when

    async def waiting(self) -> list[int]:
        """The batches that have jobs for somebody."""
        unfinished = self._ledger.teams.unfinished(self._site_id)
        have_jobs, now = await self._jobs.batches(), self._loop.time()
        self._without = {each: self._without.get(each, now) for each in unfinished if each not in have_jobs}
        for batch_id, since in self._without.items():
            if now - since >= self._patience_seconds:
                await self._jobs.enqueue(batch_id, ALL)
        return await self._jobs.batches(waiting=True)

    async def is_nothing(self) -> bool:
        """Whether no batch has a job, nor anybody one in hand, nor is to get one."""
        return not (self._without or await self._jobs.batches())
