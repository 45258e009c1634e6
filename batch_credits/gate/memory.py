"""Slots taken from the site's limit, remembered from one process to the next.

The site counts what an earlier run sent within the last minute, so the next one must. A note goes to the ledger
about once a second while slots are taken and answers come, and one at the end; it costs no request any time.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from batch_credits.errors import LedgerError
from batch_credits.gate.limiter import RateLimiter
from batch_credits.ledger.group_commit import InThread
from batch_credits.settings import WINDOW_SECONDS

NOTE_SECONDS = 1.0


class RemembersSlots(Protocol):
    """What this needs of a ledger."""

    def note(self, site: str, ages: Sequence[tuple[float, int]], under_way: int) -> None:
        """Remember the requests answered lately, as (seconds ago, how many), and those under way."""

    def taken(self, site: str, timeout_seconds: float, window_seconds: float) -> list[tuple[float, int]]:
        """The requests that the site may still count, as (seconds until it does not, how many)."""


class SlotMemory:
    """Keeps the ledger's note of a limiter's slots. `journaled` says how many attempts may leave or have left."""

    def __init__(
        self,
        limiter: RateLimiter,
        memory: RemembersSlots,
        site: str,
        in_thread: InThread,
        journaled: Callable[[], int],
        timeout_seconds: float,
        window_seconds: float = WINDOW_SECONDS,
    ) -> None:
        self._limiter = limiter
        self._memory = memory
        self._site = site
        self._in_thread = in_thread
        self._journaled = journaled
        self._timeout_seconds, self._window_seconds = timeout_seconds, window_seconds
        self._noting: asyncio.Task[None] | None = None  # from the beginning on

    async def begin(self) -> None:
        """Take the slots that earlier runs left taken, before anything is sent.

        Raises:
            LedgerError: it cannot be read.
        """
        seconds = self._timeout_seconds, self._window_seconds
        waits = await self._in_thread(lambda: self._memory.taken(self._site, *seconds))
        self._limiter.take_until(waits)
        await self._write()
        self._noting = asyncio.get_running_loop().create_task(self._note_changes())

    async def end(self) -> None:
        """Note how it ends. A ledger that fails says so elsewhere, about what matters more."""
        if self._noting is None:
            return  # what earlier runs left is noted still, and nothing was sent
        self._noting.cancel()
        await asyncio.gather(self._noting, return_exceptions=True)
        await self._write()

    async def _note_changes(self) -> None:
        while True:
            await self._limiter.changed.wait()
            await asyncio.sleep(NOTE_SECONDS)
            self._limiter.changed.clear()
            await self._write()

    async def _write(self) -> None:
        ages, under_way = self._limiter.ages(), self._limiter.calls("GET") + self._journaled()
        with suppress(LedgerError):
            await self._in_thread(lambda: self._memory.note(self._site, ages, under_way))
