"""The site's limits, kept: requests in any 60 seconds (the window), calls at one instant, and pauses when told to wait.

The server counts arrivals in a rolling minute, and we don't see when a request arrives: only that it left
and that it was answered. So a slot comes back 60 seconds after its *answer*. Every arrival then lies between
the taking of its slot and a minute before its return, and no jitter of the network can put more arrivals into
a minute than there are slots. Nothing is left unused either: a slot is idle only while the server still counts it.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from typing import Self

from batch_credits.chargebee.client import GateClosed
from batch_credits.chargebee.transport.seam import Method
from batch_credits.gate.share import Share
from batch_credits.progress.observers import Progress, SilentProgress
from batch_credits.settings import MAX_GETS_AT_ONCE, WINDOW_SECONDS, RunSettings

LATE_SECONDS = 0.05  # that a timer may be late, and spread requests catch up on
_UNWATCHED = SilentProgress()


class RateLimiter:
    """A gate with `budget` requests a rolling minute (0: no limit) and `concurrency` calls of each method at once.

    Of GET never more than `gets_at_once`: no site takes more, whatever it takes of POST.

    Times are the running event loop's. GET goes first: it settles doubt and probes. `even`: requests are spread
    over the minute, where there is a budget. `progress` is told when our share of the site's limit changes. `held`: how
    many slots of the budget are this process's to begin with, where others have the rest; None: all of them.

    `freed` is set when requests may leave again, after a pause or a full minute; `changed` when a slot of the budget
    was taken, or its request answered. Whoever waits for one of them clears it.
    """

    def __init__(
        self,
        budget: int,
        concurrency: int,
        *,
        gets_at_once: int = MAX_GETS_AT_ONCE,
        even: bool = False,
        progress: Progress = _UNWATCHED,
        held: int | None = None,
        window_seconds: float = WINDOW_SECONDS,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._whole = budget  # of all processes; 0: no limit
        self._share = Share(budget if held is None else held, window_seconds)
        self._budget = self._share.whole  # what is ours of it now
        self._even = even
        self._window = window_seconds
        self.answers = 0  # to requests of ours, or given up
        self._answers_to_shrink = 0  # requests that had left before we shrank say nothing new
        self._at_once = {"POST": concurrency, "GET": min(concurrency, gets_at_once)}
        self._taken = 0  # slots out: in flight, or answered less than a window ago
        self._coming_back: deque[float] = deque()
        self._in_flight = {"GET": 0, "POST": 0}
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {"GET": deque(), "POST": deque()}
        self._paused_until = 0.0
        self._next_at = 0.0  # for the next request, where they are spread
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._progress = progress
        self.freed = asyncio.Event()
        self.changed = asyncio.Event()

    @classmethod
    def within(cls, settings: RunSettings, progress: Progress = _UNWATCHED, held: int | None = None) -> Self:
        """The gate that keeps the operator's limits."""
        return cls(
            settings.budget,
            settings.concurrency,
            even=settings.even_pacing,
            progress=progress,
            held=held,
            window_seconds=settings.window_seconds,
        )

    async def enter(self, method: Method) -> None:
        """Wait for a slot, and take it.

        Raises:
            GateClosed: the run is stopping.
        """
        if self._closed:
            raise GateClosed
        waiting, now = self._waiting[method], self._loop.time()
        if not waiting and self._may_go(method, now):
            self._take(method, now)
            return
        turn: asyncio.Future[None] = self._loop.create_future()
        waiting.append(turn)
        self._pump()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.leave(method)  # the slot was given as we were cancelled
            raise

    def leave(self, method: Method) -> None:
        """The request was answered, or given up: its slot comes back in a minute."""
        self._in_flight[method] -= 1
        self.answers += 1
        if self._whole:
            self._coming_back.append(self._loop.time() + self._window)
            self.changed.set()
        elif not self._waiting["POST"] and not self._waiting["GET"]:
            return  # no slot to come back, and nobody to let through
        self._pump()

    def pause(self, seconds: float) -> None:
        """Let nobody through for so long."""
        now = self._loop.time()
        self._paused_until = max(self._paused_until, now + seconds)
        self._set_timer(now)

    def throttled(self, seconds: float) -> None:
        """The site refused a request for its limit: pause, and use less of it."""
        now = self._loop.time()
        shrinks = bool(self._whole) and self.answers > self._answers_to_shrink
        if shrinks:
            self._share.shrink(now, self._taken)
            self._answers_to_shrink = self.answers + self._in_flight["GET"] + self._in_flight["POST"]
        elif self._whole:
            self._share.keep(now)
        self._follow_share(now)
        self.pause(seconds)
        if shrinks:
            self._progress.note(
                "The site's limit is used up, by others too: sending goes on more slowly, at"
                f" {self._budget:,} requests a minute, and slowly faster again."
            )

    def free_slots(self) -> int | None:
        """How many requests could leave now; None means any number."""
        if self._loop.time() < self._paused_until:
            return 0
        if not self._whole:
            return None
        self._pump()  # who waits goes first; a slot collected here and given to nobody would wake nobody
        self._collect(self._loop.time())
        free = max(0, self._budget - self._taken)
        return min(free, max(1, int(self._budget / self._window))) if self._is_spread() else free

    def paused_seconds(self) -> float:
        """For how long nobody is let through yet, as the site said."""
        return max(0.0, self._paused_until - self._loop.time())

    def used_up(self) -> tuple[int, float | None]:
        """How many requests the last minute has used, if that is all there are, and the seconds until the first of them
        comes back, None where other processes have all of them; (0, 0): there are more to have."""
        if self._whole and not self._share.whole and not self._taken:
            return self._whole, None
        if not self._whole or self._is_spread() or self._taken < self._budget or not self._coming_back:
            return 0, 0.0
        return self._taken, max(0.0, self._coming_back[0] - self._loop.time())

    def seconds_for(self, requests: int) -> float:
        """How long it takes at least until so many more requests have left, by the limit alone. Whatever is under way
        is taken to be answered now."""
        if not self._whole or requests <= 0:
            return 0.0
        budget = self._budget or self._whole  # none of it is ours yet
        if self._is_spread():
            return (requests - 1) * self._window / budget
        waits_for = requests - max(0, self._budget - self._taken)  # how many must come back first
        if waits_for <= 0:
            return 0.0
        windows, place = divmod(waits_for - 1, budget)
        under_way = place >= len(self._coming_back)
        first = self._window if under_way else max(0.0, self._coming_back[place] - self._loop.time())
        return windows * self._window + first

    def waiting(self) -> int:
        """How many requests wait for a slot."""
        return len(self._waiting["GET"]) + len(self._waiting["POST"])

    def take_until(self, waits: Sequence[tuple[float, int]]) -> None:
        """Take the slots that earlier runs left taken, given as (seconds until they come back, how many)."""
        if not self._whole:
            return
        now = self._loop.time()
        for seconds, slots in waits:
            self._coming_back.extend([now + min(seconds, self._window)] * slots)
            self._taken += slots
        self._coming_back = deque(sorted(self._coming_back))

    def resize(self, slots: int) -> int:
        """Use so many slots from now on, where processes share the budget. Returns how many are ours: what is out
        beyond them comes back as all do, after its answer and a minute, and is ours until then.

        What a refusal left us of them, it leaves us of these: what we don't use is nobody's gain.
        """
        now = self._loop.time()
        if slots != self._share.whole:
            self._share.resize(slots, now)
            self._follow_share(now)
        self._collect(now)
        self._pump()
        if self._taken < self._budget:
            self.freed.set()
        return max(self._share.whole, self._taken)

    def ages(self) -> list[tuple[float, int]]:
        """The slots that wait to come back, as (seconds since their answers, how many), to a second."""
        now = self._loop.time()  # collects nothing: it would give nobody what it finds, and wake nobody
        seconds = Counter(int(now - due + self._window) for due in self._coming_back if due > now)
        return [(float(age), slots) for age, slots in seconds.items()]

    def calls(self, method: Method) -> int:
        """How many calls of this method are under way."""
        return self._in_flight[method]

    def close(self) -> None:
        """Let nobody through any more; whoever waits gets `GateClosed`."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for waiting in self._waiting.values():
            while waiting:
                turn = waiting.popleft()
                if not turn.done():
                    turn.set_exception(GateClosed())

    def _may_go(self, method: str, now: float) -> bool:
        if self._in_flight[method] >= self._at_once[method] or now < self._paused_until:
            return False
        if not self._whole:
            return True
        if self._is_spread() and now < self._next_at:
            return False
        if self._taken >= self._budget:
            self._collect(now)
        return self._taken < self._budget

    def _is_spread(self) -> bool:
        """No bursts: the operator wants it so, or others use the limit too and a refusal shall meet few under way."""
        return self._even or self._budget < self._share.whole

    def _take(self, method: str, now: float) -> None:
        self._in_flight[method] += 1
        if self._whole:
            self._taken += 1
            self.changed.set()
            if self._is_spread():
                gap = self._window / self._budget
                self._next_at = max(self._next_at, now - LATE_SECONDS) + gap

    def _collect(self, now: float) -> None:
        if self._is_spread():
            self._follow_share(now)
        while self._coming_back and self._coming_back[0] <= now:
            self._coming_back.popleft()
            self._taken -= 1

    def _follow_share(self, now: float) -> None:
        share = self._share.at(now)
        if share != self._budget:
            self._budget = share
            self._progress.slowed_to(share if share < self._share.whole else self._whole)

    def _pump(self) -> None:
        now = self._loop.time()  # one for all: what is not due yet for a waiter must be in the future for the timer
        for method, waiting in self._waiting.items():
            while waiting:
                if waiting[0].done():  # cancelled while it waited
                    waiting.popleft()
                elif self._may_go(method, now):
                    self._take(method, now)
                    waiting.popleft().set_result(None)
                else:
                    break
        self._set_timer(now)

    def _set_timer(self, now: float) -> None:
        """Wake up when the next slot comes back or the pause ends, whoever may be waiting for it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._closed:
            return
        if now < self._paused_until:
            due = self._paused_until
        elif self._coming_back and self._taken >= self._budget:
            due = self._coming_back[0]
        elif self._whole and self._is_spread() and now < self._next_at:
            due = self._next_at
        else:
            return
        self._timer = self._loop.call_at(due, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._collect(self._loop.time())  # or, with nobody waiting, the next timer would be due at once, for ever
        self._pump()
        self.freed.set()
