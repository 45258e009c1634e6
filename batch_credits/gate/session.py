"""The way to one site, put together in one place: its limits, what of them earlier runs have used, and the client.

Whoever asks or sends goes through a session, so nothing of a site's minute is forgotten.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

from batch_credits.chargebee import Chargebee, Transport, http_transport
from batch_credits.gate.limiter import RateLimiter
from batch_credits.gate.memory import RemembersSlots, SlotMemory
from batch_credits.ledger import InThread
from batch_credits.progress.observers import Progress, SilentProgress
from batch_credits.settings import RunSettings, SiteSettings

T = TypeVar("T")
_UNWATCHED = SilentProgress()


class Session:
    """Calls to one site, within its limits. Build it in a running event loop; `begin` before the first call.

    `in_thread` serves `memory`, the ledger; `journaled` says how many attempts may leave, or have left, unanswered;
    `progress` is told how much of the site's limit is ours, as that changes.
    """

    def __init__(
        self,
        transport: Transport,
        memory: RemembersSlots,
        site: str,
        settings: RunSettings,
        in_thread: InThread,
        journaled: Callable[[], int] = lambda: 0,
        progress: Progress = _UNWATCHED,
    ) -> None:
        self.in_thread = in_thread
        self.limiter = RateLimiter.within(settings, progress)
        self.chargebee = Chargebee(transport, self.limiter, settings)
        self._slots = SlotMemory(self.limiter, memory, site, in_thread, journaled)
        self._timeout_seconds, self._window_seconds = settings.timeout_seconds, settings.window_seconds

    async def begin(self) -> None:
        """Take the slots that the site may still count of earlier runs.

        Raises:
            LedgerError: they cannot be read.
        """
        await self._slots.recall(self._timeout_seconds, self._window_seconds)

    async def end(self) -> None:
        """Let nobody through any more, and note for the next run what the site still counts."""
        self.limiter.close()
        await self._slots.close()


@asynccontextmanager
async def session_at(
    site: SiteSettings, memory: RemembersSlots, settings: RunSettings, in_thread: InThread
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
