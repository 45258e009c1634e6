"""An event loop without a clock, a selector or a socket: when nothing is ready, time jumps to the next timer.

Days pass in milliseconds, and the same coroutines with the same numbers run in the same order every time.
"""

import asyncio
from asyncio import base_events
from collections.abc import Coroutine
from typing import Any

_ROUND_SECONDS = 1e-6


class Hung(Exception):
    """Nothing is scheduled and the work is not done, or it goes on beyond every bound."""


class _NoSelector:
    """Stands where a selector would wait for sockets: it "waits" by moving the clock."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        self._loop.pass_time(timeout)
        return []

    def close(self) -> None:
        """Nothing to close."""


class VirtualLoop(base_events.BaseEventLoop):
    """One process's loop. `origin` is its monotonic clock at the start: another number in every process. Those of 2,000
    schedules take 4,500 steps at most."""

    def __init__(self, origin: float, *, max_seconds: float = 1e6, max_steps: int = 50_000) -> None:
        super().__init__()
        self._selector = _NoSelector(self)
        self._now = origin
        self._end = origin + max_seconds
        self._steps_left = max_steps
        self._clock_resolution = 1e-9
        self.set_exception_handler(lambda _loop, _context: None)

    def time(self) -> float:
        return self._now

    def pass_time(self, timeout: float | None) -> None:
        """Called between two rounds of callbacks."""
        self._steps_left -= 1
        if timeout is None:
            raise Hung("nothing is scheduled, and the work is not done")
        # A round takes a moment, as in life: whoever polls for a moment in the near future sees it come.
        self._now += _ROUND_SECONDS
        if timeout > 0:
            self._now = max(self._now, self._scheduled[0].when())
        if self._steps_left <= 0:
            raise Hung("too many steps")
        if self._now > self._end:
            raise Hung("too much time went by")

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """No other thread, so nobody to wake."""

    def run_while(self, main: Coroutine[Any, Any, Any], give_up: "asyncio.Future[None]") -> "asyncio.Task[Any]":
        """Run until `main` has ended or `give_up` is done."""
        task = self.create_task(main)
        for each in (task, give_up):
            each.add_done_callback(lambda _future: self.stop())
        self.run_forever()
        return task

    def bury(self) -> None:
        """End whatever still runs, and close. What it would do to the world is the caller's to prevent."""
        self._steps_left, self._end = 100_000, float("inf")
        for _round in range(10):
            tasks = [task for task in asyncio.all_tasks(self) if not task.done()]
            if not tasks:
                break
            for task in tasks:
                task.cancel()
            self.call_soon(self.stop)
            self.run_forever()
        else:
            raise Hung("tasks did not end when they were cancelled")
        self.close()
