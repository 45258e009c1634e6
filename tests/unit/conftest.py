"""An event loop whose time passes by itself: when nothing is ready, the clock jumps to the next timer."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

VIRTUAL_START = 1000.0


class VirtualSelector:
    """Waits for sockets that never come, by moving the clock."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise AssertionError("hung: nothing is scheduled, and the test is not over")
        self._loop.now += timeout
        self._loop.rounds += 1
        if self._loop.rounds > 500_000:
            raise AssertionError("hung: the test goes round and round")
        return []

    def close(self) -> None:
        """Nothing to close."""


class VirtualLoop(asyncio.base_events.BaseEventLoop):
    def __init__(self) -> None:
        super().__init__()
        self.now = VIRTUAL_START
        self.rounds = 0
        self._clock_resolution = 1e-6
        self._selector = VirtualSelector(self)

    def time(self) -> float:
        return self.now

    def _process_events(self, event_list: list[Any]) -> None:
        """No events but timers."""

    def _write_to_self(self) -> None:
        """No other thread wakes us."""


@pytest.fixture
def virtually() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Runs a coroutine to its end in virtual time."""

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        loop = VirtualLoop()
        try:
            return loop.run_until_complete(work)
        finally:
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            if left:
                loop.run_until_complete(asyncio.wait(left))
            loop.close()

    return run
