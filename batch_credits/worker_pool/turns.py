"""Whose turn it is: of one customer's credits only one is in the pool's hands at a time, in the order of the file."""

from collections import deque

from batch_credits.model import PlannedCredit

_MAX_WAITING = 10_000  # rows kept in memory because their customer is busy; reading goes on below it


class Turns:
    """A customer's place is one credit's, from its turn on until it gives the place up; his others wait."""

    def __init__(self) -> None:
        # By customer whose place is taken; None while nobody waits, as with nearly every one.
        self._waiting: dict[str, deque[PlannedCredit] | None] = {}
        self._count = 0

    @property
    def are_full(self) -> bool:
        """Whether so many credits wait that no more should be read."""
        return self._count >= _MAX_WAITING

    def begins(self, credit: PlannedCredit) -> bool:
        """Whether it is the credit's turn: its customer's place was free, and is its own now. Else it waits."""
        if credit.customer_id not in self._waiting:
            self._waiting[credit.customer_id] = None
            return True
        waiting = self._waiting[credit.customer_id]
        if waiting is None:
            waiting = self._waiting[credit.customer_id] = deque()
        waiting.append(credit)
        self._count += 1
        return False

    def next_after(self, credit: PlannedCredit) -> PlannedCredit | None:
        """The credit gives its place up. Returns the customer's next, whose turn it is now, if one waits."""
        waiting = self._waiting[credit.customer_id]
        if not waiting:
            del self._waiting[credit.customer_id]
            return None
        self._count -= 1
        return waiting.popleft()
