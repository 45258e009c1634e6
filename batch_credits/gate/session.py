"""The way to one site, put together in one place: its limits, what of them earlier runs have used, and the client.

Whoever asks or sends goes through a session, so nothing of a site's minute is forgotten.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

from batch_credits.chargebee.client import Chargebee
from batch_credits.chargebee.transport.choice import http_transport
from batch_credits.chargebee.transport.seam import Transport
from batch_credits.gate.budget import SharedBudget
from batch_credits.gate.limiter import RateLimiter
from batch_credits.gate.memory import RemembersSlots, SlotMemory
from batch_credits.ledger import Budget, Terms
from batch_credits.ledger.group_commit import InThread
from batch_credits.progress.observers import Progress, SilentProgress
from batch_credits.settings import RunSettings, SiteSettings

T = TypeVar("T")
_UNWATCHED = SilentProgress()


class Session:
    """Calls to one site, within its limits. Build it in a running event loop; `begin` before the first call.

    `in_thread` serves `memory`, the ledger: where processes share it, they share the site's limit too, else one after
    the other has all of it. `journaled` says how many attempts may leave, or have left, unanswered; None: this one only
    asks. `progress` is told how much of the site's limit is ours, as that changes.
    """

    def __init__(
        self,
        transport: Transport,
        memory: RemembersSlots | Budget,
        site: str,
        settings: RunSettings,
        in_thread: InThread,
        journaled: Callable[[], int] | None = None,
        progress: Progress = _UNWATCHED,
    ) -> None:
        self.in_thread = in_thread
        self._slots: SharedBudget | SlotMemory
        if isinstance(memory, Budget):
            self.limiter = RateLimiter.within(settings, progress, held=0)
            linger = settings.timeout_seconds + settings.window_seconds
            self._slots = SharedBudget(
                self.limiter,
                memory,
                site,
                in_thread,
                Terms(settings.budget, linger, only_asks=journaled is None),
                window_seconds=settings.window_seconds,
                lease_seconds=settings.lease_seconds,
            )
        else:
            self.limiter = RateLimiter.within(settings, progress)
            self._slots = SlotMemory(
                self.limiter,
                memory,
                site,
                in_thread,
                journaled or (lambda: 0),
                settings.timeout_seconds,
                settings.window_seconds,
            )
        self.chargebee = Chargebee(transport, self.limiter, settings)

    async def begin(self) -> None:
        """Leave out of the limit what others have of it, or what the site may still count of earlier runs.

        Raises:
            LedgerError: they cannot be read.
        """
        await self._slots.begin()

    async def end(self) -> None:
        """Let nobody through any more, and note for whoever comes next what the site still counts."""
        self.limiter.close()
        await self._slots.end()


@asynccontextmanager
async def session_at(
    site: SiteSettings, memory: RemembersSlots | Budget, settings: RunSettings, in_thread: InThread
) -> AsyncIterator[Session]:
    """A session that only asks, for as long as the block goes on."""
    async with http_transport(site, settings) as transport:
        session = Session(transport, memory, site.site, settings, in_thread)
        try:
            await session.begin()
            yield session
        finally:
            await session.end()


@contextmanager
def ledger_thread() -> Iterator[InThread]:
    """A thread for the ledger's connection, which serves one at a time."""
    with ThreadPoolExecutor(1, thread_name_prefix="ledger") as thread:
        loop = asyncio.get_running_loop()

        def in_thread(work: Callable[[], T]) -> "asyncio.Future[T]":
            return loop.run_in_executor(thread, work)

        yield in_thread
