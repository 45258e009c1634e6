"""A limiter's slots where processes share a site's limit: asked of the ledger, and given back to it.

The ledger always counts as ours at least what the limiter may use: the limiter uses less before the ledger is told so,
and more after the ledger has said so. So whatever gets lost between the two, the site is never asked too often. Who is
cut off from the ledger goes on with what it has until its lease is over, and a dead man's timer ends it then.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from batch_credits.errors import LeaseLost, LedgerError
from batch_credits.gate.limiter import RateLimiter
from batch_credits.ledger import Grant, Terms
from batch_credits.ledger.group_commit import InThread

CHANGE_SECONDS = 1.0  # between two turns while there is something to get, or to give back
NOTICE_SECONDS = 5.0  # else: so soon whoever begins to ask is noticed
TURNS_A_LEASE = 6  # at least: some may fail


class SharesSlots(Protocol):
    """What this needs of a ledger."""

    def begin(self, site: str, terms: Terms) -> None:
        """Have none yet, whatever was left from before."""

    def turn(self, site: str, terms: Terms, keeps: int) -> Grant:
        """Keep so many slots, give back what was more, take what should be ours and is there."""

    def end(self, site: str, terms: Terms, waits: Sequence[tuple[float, int]]) -> None:
        """Have none any more; these come back so many seconds later."""


class SharedBudget:
    """Keeps a limiter within what the ledger gives it. The limiter begins with no slot held."""

    def __init__(
        self,
        limiter: RateLimiter,
        desk: SharesSlots,
        site: str,
        in_thread: InThread,
        terms: Terms,
        *,
        window_seconds: float,
        lease_seconds: float,
    ) -> None:
        self._limiter = limiter
        self._desk = desk
        self._site = site
        self._in_thread = in_thread
        self._terms = terms
        self._window_seconds = window_seconds
        self._most_seconds = lease_seconds / TURNS_A_LEASE
        self._uses = 0
        self._turning: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Take what there is; from now on what comes and goes is followed.

        Raises:
            LedgerError: the ledger cannot be asked.
        """
        if self._terms.budget:
            await self._in_thread(lambda: self._desk.begin(self._site, self._terms))
            seconds = await self._turn()
            self._turning = asyncio.get_running_loop().create_task(self._follow(seconds))

    async def end(self) -> None:
        """Give everything back, once the limiter is closed. What cannot be told is back after our lease."""
        if self._turning is None:
            return
        self._turning.cancel()
        await asyncio.gather(self._turning, return_exceptions=True)
        waits = [(self._window_seconds - age, slots) for age, slots in self._limiter.ages()]
        under_way = self._limiter.calls("GET") + self._limiter.calls("POST")
        if under_way:
            waits.append((self._terms.linger_seconds, under_way))
        with suppress(LedgerError):
            await self._in_thread(lambda: self._desk.end(self._site, self._terms, waits))

    async def _follow(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(min(seconds, self._most_seconds))
            try:
                seconds = await self._turn()
            except LeaseLost:
                self._limiter.close()
                return
            except LedgerError:
                seconds = CHANGE_SECONDS  # who writes there says so

    async def _turn(self) -> float:
        """Returns the seconds until the next one."""
        keeps = self._limiter.resize(self._uses)
        grant = await self._in_thread(lambda: self._desk.turn(self._site, self._terms, keeps))
        self._uses = min(grant)
        self._limiter.resize(self._uses)
        return NOTICE_SECONDS if grant.slots == grant.fair else CHANGE_SECONDS
