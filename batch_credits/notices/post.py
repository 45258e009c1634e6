"""Who tells: for each target a thread of its own, so that none waits for another and the run for none of them.

A notice is tried a few times, and makes way for the next one once it failed. When the command is over, what is still to
be told has a few seconds; what is under way then is given up, and said.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import assert_never

from batch_credits.notices.command import start
from batch_credits.notices.http import post
from batch_credits.notices.mail import write
from batch_credits.notices.notice import Notice
from batch_credits.notices.targets import Command, Mail, Target, Webhook
from batch_credits.notices.undelivered import Undelivered

ATTEMPT_SECONDS = 4.0  # for each step of a connection
PAUSES_SECONDS = (0.5, 1.5)  # before the second and the third try
END_SECONDS = 10.0  # in which the last notices must be told
HURRIED_SECONDS = 2.0  # the same, where somebody asked twice for the end
PATIENCE_SECONDS = 1.0  # of somebody who looks on
_KILL_SECONDS = 1.0  # that the end of a command may take
_TICK_SECONDS = 0.05
_LATE = "it did not answer in time"


def _silently() -> None:
    """Nobody looks on."""


class Post:
    """Tells notices to their targets."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._carriers = [_Carrier(target) for target in targets]

    def tell(self, notices_for: Sequence[tuple[Target, Notice]]) -> None:
        """Let each of these be told, in this order. Waits for nothing."""
        for carrier in self._carriers:
            carrier.take([notice for target, notice in notices_for if target is carrier.target])

    def close(self, waits: Callable[[], None] = _silently, *, is_hurried: bool = False) -> list[str]:
        """Wait until all is told, for some seconds at most; a command has the time that it was given. Returns what was
        not told, a sentence for each target. Ends sooner once `give_up` was called. `waits` is called once, if whoever
        looks on may wonder."""
        for carrier in self._carriers:
            carrier.finish(HURRIED_SECONDS if is_hurried else carrier.seconds)
        wonders_at: float | None = time.monotonic() + PATIENCE_SECONDS
        while any(carrier.is_busy() for carrier in self._carriers):
            time.sleep(_TICK_SECONDS)
            if wonders_at is not None and time.monotonic() > wonders_at:
                wonders_at = None
                waits()
        return [sentence for carrier in self._carriers if (sentence := carrier.end())]

    def give_up(self) -> None:
        """Wait no longer. May come from a signal, between any two steps: it only notes it."""
        for carrier in self._carriers:
            carrier.give_up()


class _Carrier:
    """One target and its thread, which ends with the process."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._waiting: deque[Notice] = deque()
        self._wake = threading.Event()
        self._until: float | None = None  # once no more is to come
        self._is_given_up = False
        self._under_way: Notice | None = None
        self._untold: list[tuple[Notice, str]] = []
        self._thread: threading.Thread | None = None

    def take(self, notices: Sequence[Notice]) -> None:
        if not notices:
            return
        self._waiting.extend(notices)
        if self._thread is None:
            thread = threading.Thread(target=self._work, name=f"notices to {self.target.name}", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the system has none to give: what waits is not told, and said at the end
                return
            self._thread = thread
        self._wake.set()

    @property
    def seconds(self) -> float:
        """How long it may take to tell what is left. A command ends itself after its time."""
        return self.target.seconds + _KILL_SECONDS if isinstance(self.target, Command) else END_SECONDS

    def finish(self, seconds: float) -> None:
        """No more is to come; what is left must be told in so long."""
        self._until = time.monotonic() + seconds
        self._wake.set()

    def give_up(self) -> None:
        self._is_given_up = True

    def is_busy(self) -> bool:
        """Whether it is still worth waiting for."""
        if self._is_given_up or self._thread is None or self._until is None:
            return False
        return self._thread.is_alive() and time.monotonic() < self._until

    def end(self) -> str:
        """Give up what is under way. Returns what it could not tell, if anything; never more of the target than its
        name."""
        self._is_given_up = True
        if isinstance(self.target, Command) and self._thread is not None:
            self._thread.join(_KILL_SECONDS)  # or what it started would outlive us
        late = "it was ended before its time" if isinstance(self.target, Command) else _LATE
        untold = [*self._untold]
        if (under_way := self._under_way) is not None:
            untold.append((under_way, late))
        untold += [(notice, late) for notice in [*self._waiting]]
        if not untold:
            return ""
        if isinstance(self.target, Command):
            return f"{self.target.name} failed: {untold[-1][1]}."
        events = " and ".join(dict.fromkeys(str(notice.event) for notice, _ in untold))
        return f"Notice ({events}) not delivered to {self.target.name}: {untold[-1][1]}."

    def _work(self) -> None:
        while not self._is_given_up:
            if not self._waiting:
                if self._until is not None:
                    return
                self._wake.wait()
                self._wake.clear()
                continue
            notice = self._under_way = self._waiting.popleft()
            reason = self._told(notice)
            if self._is_given_up:  # it was said already
                return
            if reason:
                self._untold.append((notice, reason))
            self._under_way = None

    def _told(self, notice: Notice) -> str:
        """Try it. Returns why it was not told; nothing, if it was."""
        for pause in (*PAUSES_SECONDS, None):
            try:
                self._try(notice)
            except Undelivered as error:
                if error.is_final or pause is None or self._waiting:
                    return error.reason
            except Exception as error:  # a bug of ours: no notice may end a run
                return f"this is a bug in batch-credits: {type(error).__name__}"
            else:
                return ""
            time.sleep(pause)
            if self._is_given_up:
                break
        return _LATE

    def _try(self, notice: Notice) -> None:
        match self.target:
            case Webhook():
                post(self.target, notice, ATTEMPT_SECONDS)
            case Mail():
                write(self.target, notice, ATTEMPT_SECONDS)
            case Command():
                start(self.target, notice, lambda: self._is_given_up)
            case _:
                assert_never(self.target)
