"""What SIGINT and SIGTERM mean while a run goes on: taken once, at its beginning, so that no moment is left out.

    while the file is read and the question asked   the end: nothing was sent
    while rows are sent                             the first drains, the second ends at once
    while the reports are written, and after        they are finished first; the second ends at once
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from batch_credits.errors import Interrupted, NotBegun

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Signals:
    """Takes signals while one is needed; what a signal does is changed as the run goes on."""

    def __init__(self) -> None:
        self.arrived = 0
        self._act: Callable[[], object] = refuse

    @contextmanager
    def taken(self) -> Iterator[None]:
        """From here to the end of the block signals come here. Only a program's main thread may take them."""
        before = [(number, signal.signal(number, self._arrive)) for number in SIGNALS]
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)

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
        self._act()

    def have_arrived(self, times: int) -> None:
        """Word of signals came: they were so many in all."""
        while self.arrived < times:
            with suppress(Interrupted):  # before there is anything to interrupt
                self.arrive()

    def _arrive(self, number: int, frame: FrameType | None) -> None:
        self.arrive()


def refuse() -> None:
    """End before anything is sent.

    Raises:
        NotBegun: always.
    """
    raise NotBegun("Interrupted: nothing was sent.")
