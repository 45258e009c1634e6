"""Time limits of many calls by one timer: a timer for each call costs a twentieth of a run without limits."""

import asyncio


class Deadlines:
    """Ends each call that takes longer than `seconds`. Build it in a running event loop.

    All calls get the same time, so the one that began first is due first, and the timer need only watch that one.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._due: dict[asyncio.Task[object], float] = {}  # in the order in which they began
        self._overdue: set[asyncio.Task[object]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, call: asyncio.Task[object]) -> float:
        """The task begins a call. It must `end` it, however it goes. Returns the moment, on the loop's clock."""
        now = self._loop.time()
        due = self._due[call] = now + self._seconds
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._cancel_overdue)
        return now

    def end(self, call: asyncio.Task[object]) -> None:
        """The call is over."""
        self._due.pop(call, None)
        self._overdue.discard(call)

    def ended(self, call: asyncio.Task[object]) -> bool:
        """Whether a cancellation that arrived in the call is only that its time was up."""
        return call in self._overdue and call.uncancel() == 0

    def close(self) -> None:
        """No call is under way any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _cancel_overdue(self) -> None:
        now = self._loop.time()
        self._timer = None
        for call, due in list(self._due.items()):
            if due > now:
                self._timer = self._loop.call_at(due, self._cancel_overdue)
                break
            del self._due[call]
            self._overdue.add(call)
            call.cancel()
