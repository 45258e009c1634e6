"""The site's two limits: requests in the past minute, and requests at one instant (Chargebee API docs).

Both count every method together, and a refused request counts as a request: a caller who keeps knocking keeps the
door shut. Both also remember their highest mark, limit or not, and when the first and the last request came.
"""

import math
from collections import deque
from collections.abc import Callable

from batch_credits.sandbox.errors import too_many_requests

WINDOW_SECONDS = 60.0


class RollingWindow:
    """How many arrivals the past `seconds` saw, in constant time per arrival on average."""

    def __init__(self, seconds: float = WINDOW_SECONDS) -> None:
        self.peak = 0
        self._seconds = seconds
        self._arrivals: deque[float] = deque()

    def arrive(self, now: float) -> int:
        """Note an arrival at `now` (never earlier than the last); how many the window has, this one included."""
        arrivals = self._arrivals
        while arrivals and now - arrivals[0] >= self._seconds:
            arrivals.popleft()
        arrivals.append(now)
        if len(arrivals) > self.peak:
            self.peak = len(arrivals)
        return len(arrivals)

    def seconds_until_room(self, limit: int, now: float) -> float:
        """How long until one more arrival makes `limit` at most, if nobody else arrives meanwhile."""
        surplus = len(self._arrivals) - limit
        if surplus < 0:
            return 0.0
        return max(0.0, self._arrivals[surplus] + self._seconds - now)


class Limits:
    """Lets requests in, or refuses them; the caller pairs each `enter` with one `leave`, refused or not."""

    def __init__(self, clock: Callable[[], float], rate_per_minute: int, concurrency: int) -> None:
        self.max_in_flight = 0
        self.first_arrival: float | None = None  # unix seconds; None: no request came yet
        self.last_arrival: float | None = None
        self._clock = clock
        self._rate_per_minute = rate_per_minute
        self._concurrency = concurrency
        self._in_flight = 0
        self._window = RollingWindow()

    @property
    def peak_window(self) -> int:
        """The most requests that any rolling minute saw."""
        return self._window.peak

    def enter(self) -> None:
        """Count a request in.

        Raises:
            ApiError: 429, over a limit. The request is counted all the same.
        """
        now = self.last_arrival = self._clock()
        if self.first_arrival is None:
            self.first_arrival = now
        self._in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self._in_flight)
        arrivals = self._window.arrive(now)
        if self._rate_per_minute and arrivals > self._rate_per_minute:
            wait = math.ceil(self._window.seconds_until_room(self._rate_per_minute, now))
            raise too_many_requests(
                f"More than {self._rate_per_minute} requests in a minute", retry_after_seconds=max(1, wait)
            )
        if self._concurrency and self._in_flight > self._concurrency:
            raise too_many_requests(f"More than {self._concurrency} requests at one instant", retry_after_seconds=1)

    def leave(self) -> None:
        """Count a request out, once it has its answer or never will."""
        self._in_flight -= 1
