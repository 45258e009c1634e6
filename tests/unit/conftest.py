"""An event loop whose time passes by itself: when nothing is ready, the clock jumps to the next timer."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from batch_credits.process import clock

VIRTUAL_START = 1000.0


class VirtualSelector:
    """Waits for sockets that never come, by moving the clock."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise AssertionError("hung: nothing is scheduled, and the test is not over")
        self._loop.now += round(timeout, 3) if self._loop.seconds_a_look else timeout
        self._loop.rounds += 1
        if self._loop.rounds > self._loop.most_rounds:
            raise AssertionError("hung: the test goes round and round")
        return []

    def close(self) -> None:
        """Nothing to close."""


class VirtualLoop(asyncio.base_events.BaseEventLoop):
    def __init__(self, most_rounds: int) -> None:
        super().__init__()
        self.now = VIRTUAL_START
        self.rounds = 0
        self.most_rounds = most_rounds
        self.seconds_a_look = 0.0  # or timers are rounded to milliseconds, and may be early, as in uvloop
        self._clock_resolution = 1e-6
        self._selector = VirtualSelector(self)

    def time(self) -> float:
        self.now += self.seconds_a_look
        return self.now

    def _process_events(self, event_list: list[Any]) -> None:
        """No events but timers."""

    def _write_to_self(self) -> None:
        """No other thread wakes us."""


@pytest.fixture
def virtually() -> Callable[..., Any]:
    """Runs a coroutine to its end in virtual time; if `seconds_a_look` pass whenever one looks at it, as uvloop's."""

    def run(work: Coroutine[Any, Any, Any], most_rounds: int = 500_000, seconds_a_look: float = 0.0) -> Any:
        loop = VirtualLoop(most_rounds)
        if seconds_a_look:
            loop.seconds_a_look, loop._clock_resolution = seconds_a_look, 0.0005
        boottime, clock.boottime = clock.boottime, loop.time
        try:
            return loop.run_until_complete(work)
        finally:
            clock.boottime = boottime
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            if left:
                loop.run_until_complete(asyncio.wait(left))
            loop.close()

    return run
