"""What SIGINT, SIGTERM and SIGHUP mean while a run goes on: taken once, at its beginning, so no moment is left out.

    while the file is read and the question asked   the end: nothing was sent
    while rows are sent                             the first drains, the second ends at once
    while the reports are written, and after        they are finished first; the second ends at once

A deadline that comes near is a first signal. Where there is a grace, the clock gives the second one while rows are
sent: a service manager kills what is still there a while after its SIGTERM, and then there are no reports.

SIGHUP comes when a terminal goes away, as with a connection that is lost, and often twice: it is a first signal and
never a second one. It is left alone where somebody ignores it, as nohup does, or has a use for it.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

from batch_credits.errors import DeadlineNear, Interrupted, NotBegun
from batch_credits.process.alarm import ALARM, Alarm

ALWAYS_TAKEN = (signal.SIGINT, signal.SIGTERM)
SIGNALS = (*ALWAYS_TAKEN, signal.SIGHUP)
MAX_SLEEP_SECONDS = 60.0  # between looks at the clock: somebody may set it, or the machine sleep


@dataclass(frozen=True, slots=True)
class Deadline:
    """By when all answers must be in, as it was `said`; and when to stop for that (seconds since 1970)."""

    said: str
    stop_at: float


class Signals:
    """Takes signals while one is needed; what a signal does is changed as the run goes on."""

    def __init__(self, *, grace_seconds: float | None = None, deadline: Deadline | None = None) -> None:
        self.arrived = 0
        self.grace_seconds = grace_seconds
        self.why = Interrupted("interrupted")  # the run ends early
        self._act: Callable[[], object] = self.refuse
        self._deadline = deadline
        self._patience_ends: float | None = None  # when the grace is over
        self._alarm: Alarm | None = None

    @contextmanager
    def taken(self) -> Iterator[None]:
        """From here to the end of the block signals come here. Only a program's main thread may take them."""
        taken = [each for each in SIGNALS if each in ALWAYS_TAKEN or signal.getsignal(each) == signal.SIG_DFL]
        before = [(number, signal.signal(number, self._arrive)) for number in taken]
        try:
            if self._deadline is None and self.grace_seconds is None:
                yield
                return
            with self._clock_heard():
                yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)

    @contextmanager
    def _clock_heard(self) -> Iterator[None]:
        before = signal.signal(ALARM, self._look_at_the_clock)
        self._alarm = Alarm()
        try:
            self._set_alarm()
            yield
        finally:
            alarm, self._alarm = self._alarm, None
            alarm.close()
            signal.signal(ALARM, before)

    @contextmanager
    def doing(self, act: Callable[[], object]) -> Iterator[None]:
        """In this block a signal does this instead: note or raise, for it may come between any two steps."""
        before, self._act = self._act, act
        try:
            yield
        finally:
            self._act = before

    def sending_begins(self) -> None:
        """From here on nobody may be told that nothing was sent."""
        self._act = self.finish_first

    def refuse(self) -> None:
        """End before anything is sent.

        Raises:
            NotBegun: always.
        """
        said = self.why.message
        raise NotBegun(f"{said[:1].upper()}{said[1:]}: nothing was sent.")

    def finish_first(self) -> None:
        """Let what is under way come to its end; end at once if told again.

        Raises:
            Interrupted: told again.
        """
        if self.arrived > 1:
            raise Interrupted("interrupted", hint="The ledger has it all: run the same command again to carry on.")

    def arrive(self) -> None:
        """A signal came, or word of one that another process took."""
        self.arrived += 1
        if self.arrived == 1 and self.grace_seconds is not None and not isinstance(self.why, DeadlineNear):
            self._patience_ends = time.monotonic() + self.grace_seconds
            self._set_alarm()
        self._act()

    def have_arrived(self, times: int, why: Interrupted | None = None) -> None:
        """Word of signals came: they were so many in all. `why`: what they stand for."""
        self.why = why or self.why
        while self.arrived < times:
            with suppress(Interrupted):  # before there is anything to interrupt
                self.arrive()

    def _arrive(self, number: int, frame: FrameType | None) -> None:
        if number in ALWAYS_TAKEN or not self.arrived:
            self.arrive()

    def _look_at_the_clock(self, number: int, frame: FrameType | None) -> None:
        is_near = self._deadline is not None and time.time() >= self._deadline.stop_at
        is_over = self._patience_ends is not None and time.monotonic() >= self._patience_ends
        near, self._deadline = self._deadline, None if is_near else self._deadline
        self._patience_ends = None if is_over else self._patience_ends
        self._set_alarm()
        if is_near and near is not None and not self.arrived:
            self.why = DeadlineNear.at(near.said)
            self.arrive()
        # Reports that are being written come to their end: only a person breaks them off.
        if is_over and self.arrived == 1 and self._act != self.finish_first:
            self.arrive()

    def _set_alarm(self) -> None:
        left = [MAX_SLEEP_SECONDS]
        if self._deadline is not None:
            left.append(self._deadline.stop_at - time.time())
        if self._patience_ends is not None:
            left.append(self._patience_ends - time.monotonic())
        if self._alarm is not None and len(left) > 1:
            self._alarm.set(min(left))
