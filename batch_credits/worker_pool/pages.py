"""What is owed, page by page, one of them read ahead: the dispatcher seldom waits for the ledger."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Coroutine
from typing import Any

from batch_credits.model import PlannedCredit

# The credits after this request id, so many at most, in ascending order of their ids.
ReadPage = Callable[[int, int], Coroutine[Any, Any, list[PlannedCredit]]]


class Owed:
    """The credits that `read_page` has, `size` at a time, without those whose request ids are `left_out`.

    Build it in a running event loop, and `close` it.
    """

    def __init__(self, read_page: ReadPage, size: int, left_out: Collection[int]) -> None:
        self._read_page = read_page
        self._size = size
        self._left_out = left_out
        self._read: deque[PlannedCredit] = deque()
        self._last_id = 0
        self._reading: asyncio.Task[list[PlannedCredit]] | None = None
        self.is_all_read = False

    @property
    def is_all_taken(self) -> bool:
        """Whether there is nothing more to take, nor to read."""
        return self.is_all_read and not self._read

    def take(self) -> PlannedCredit | None:
        """The next one; None if all that was read is taken."""
        return self._read.popleft() if self._read else None

    async def read_more(self) -> None:
        """Have another page to take from, and let the next one be read meanwhile.

        Raises:
            LedgerError: it cannot be read.
        """
        credits = await (self._reading or self._read_page(self._last_id, self._size))
        self._reading = None
        self._read.extend(credit for credit in credits if credit.request_id not in self._left_out)
        if len(credits) < self._size:
            self.is_all_read = True
        else:
            self._last_id = credits[-1].request_id
            self._reading = asyncio.get_running_loop().create_task(self._read_page(self._last_id, self._size))

    async def close(self) -> None:
        """Read nothing more."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
