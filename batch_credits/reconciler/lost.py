"""Doubt that a lost worker may have left: for how long it waits, and what can witness.

A worker is lost whose shards were taken over since its lease was over, and not since it had ended: what it has sent may
have left until its lease's end, and arrived as late as its timeout after that. When that was nobody here can know, but
that the lease was over when the shards were taken over, and so before its credits came to the settler. Everything is
counted from there, on this process's monotonic clock:

    lease + timeout         whatever was sent from then on is younger than anything that the lost worker sent
    the longer of that      an absence may be believed now, beside a witness that was sent since
      and the quarantine
    as long again           where nothing was sent since, nothing will be: from now on whatever is known can witness, as
                            it can for the doubt that a process left which has ended
"""

import asyncio
from collections.abc import Callable
from math import ceil

from batch_credits.ledger import Moment
from batch_credits.ledger.group_commit import InThread
from batch_credits.model import PlannedCredit


class LostHolders:
    """The credits of one settler that a lost worker may have sent. `moment` gives now as a place in the history."""

    def __init__(self, moment: Callable[[], Moment], in_thread: InThread, quarantine_seconds: float) -> None:
        self._moment = moment
        self._in_thread = in_thread
        self._quarantine_seconds = quarantine_seconds
        self._loop = asyncio.get_running_loop()
        self._held_at: dict[int, float] = {}
        self._moments: dict[int, asyncio.Task[Moment]] = {}  # by the second in which they are due: many share one

    def note(self, credit: PlannedCredit) -> None:
        """The settler has it from now on."""
        if credit.lost_seconds and credit.last_sent is None and credit.request_id not in self._held_at:
            self._held_at[credit.request_id] = self._loop.time()
            due = self._due(credit)
            if due not in self._moments:
                self._moments[due] = self._loop.create_task(self._moment_at(due))

    def over_at(self, credit: PlannedCredit) -> float | None:
        """When its absence may be believed, by the event loop's clock; None: no lost worker sent it last."""
        if not self._concerns(credit):
            return None
        return max(self._held_at[credit.request_id] + self._wait(credit), self._due(credit))

    def seconds_alone(self, credit: PlannedCredit) -> float:
        """For how long only what was sent since can witness its absence; 0: whatever is known can."""
        over_at = self.over_at(credit)
        return 0.0 if over_at is None else max(0.0, over_at + self._wait(credit) - self._loop.time())

    def since(self, credit: PlannedCredit) -> Moment | None:
        """A moment after which whatever was sent is younger than what the lost worker sent; None: it is not over yet.

        Raises:
            LedgerError: the ledger could not say.
        """
        taken = self._moments[self._due(credit)]
        return taken.result() if taken.done() else None

    async def close(self) -> None:
        """Wait for nothing more."""
        for task in self._moments.values():
            task.cancel()
        await asyncio.gather(*self._moments.values(), return_exceptions=True)

    def _concerns(self, credit: PlannedCredit) -> bool:
        return credit.last_sent is None and credit.request_id in self._held_at

    def _wait(self, credit: PlannedCredit) -> float:
        return max(self._quarantine_seconds, credit.lost_seconds)

    def _due(self, credit: PlannedCredit) -> int:
        return ceil(self._held_at[credit.request_id] + credit.lost_seconds)

    async def _moment_at(self, due: int) -> Moment:
        await asyncio.sleep(due - self._loop.time())
        return await self._in_thread(self._moment)
