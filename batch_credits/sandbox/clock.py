"""The site's time. It never runs backwards, and tests may move it on."""

import time
from collections.abc import Callable


def steady_clock() -> Callable[[], float]:
    """A clock of unix seconds that starts at the wall clock's time and never jumps after that."""
    offset = time.time() - time.monotonic()
    return lambda: time.monotonic() + offset


class SiteClock:
    """Unix seconds of a clock that never runs backwards, plus what was skipped."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.skipped_seconds = 0.0
        self._clock = clock

    def __call__(self) -> float:
        """The time now."""
        return self._clock() + self.skipped_seconds

    def advance(self, seconds: float) -> None:
        """Skip some time: keys, limits and lags all grow older at once.

        Raises:
            ValueError: it is no number from 0 up.
        """
        if not 0 <= seconds < float("inf"):
            raise ValueError("The clock can be advanced by a number of seconds from 0 up.")
        self.skipped_seconds += seconds
