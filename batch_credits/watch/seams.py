"""What a watch has of the world besides files: clocks, waiting, signals, and who listens. Tests hand in their own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

from batch_credits.errors import BatchCreditsError
from batch_credits.watch.settings import TOLD_SECONDS

T = TypeVar("T")


class Left(Exception):
    """The watch ends before all is through; `code` is what its process says then."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Tell(Protocol):
    """Says a line; `is_urgent`: a person is to do something, or something does not go on."""

    def __call__(self, text: str, *, is_urgent: bool = False) -> None:
        """Say it."""


class Notify(Protocol):
    """Tells those whom the runs tell, where no run can: `code` is one of `notices.reasons.OF_WATCH`."""

    def __call__(
        self, code: str, *, file: str | None = None, exit_code: int | None = None, where: Path | None = None
    ) -> None:
        """Tell it."""


@dataclass(frozen=True, slots=True)
class Seams:
    """`now` is of a monotonic clock, in seconds, `utc` of this machine's. `wait` waits so long, or less when a signal
    comes; `signals` counts those that came."""

    now: Callable[[], float]
    utc: Callable[[], datetime]
    wait: Callable[[float], None]
    signals: Callable[[], int]
    tell: Tell
    notify: Notify
    patience_seconds: float | None = None  # that something may be in the way; None: for as long as it takes
    _said: dict[str, str] = field(default_factory=dict)

    def at(self) -> str:
        """The time: UTC, ISO 8601."""
        return self.utc().isoformat(timespec="seconds")

    def pause(self, seconds: float) -> None:
        """Wait so long.

        Raises:
            Left: the watch is told to end.
        """
        until = self.now() + seconds
        self.go_on()
        while (left := until - self.now()) > 0:
            self.wait(left)
            self.go_on()

    def go_on(self) -> None:
        """Do nothing.

        Raises:
            Left: the watch is told to end.
        """
        if self.signals():
            raise Left(4)

    def once(self, about: str, text: str) -> None:
        """Say something once, until it is something else, or over."""
        if self._said.get(about) != text:
            self._said[about] = text
            self.tell(text, is_urgent=True)

    def is_over(self, about: str) -> bool:
        """Something that was said of it, if anything, is over. Whether anything was said."""
        return self._said.pop(about, None) is not None

    def impatient(self, since: float, *, was_told: bool) -> bool:
        """Something has been in the way since then. Returns whether it was told: once, and not of a single pass, which
        says it by its exit code.

        Raises:
            Left: out of patience.
        """
        waited = self.now() - since
        if self.patience_seconds is not None:
            if waited > self.patience_seconds:
                raise Left(4)
        elif waited > TOLD_SECONDS and not was_told:
            self.notify("in_the_way")
            return True
        return was_told

    def until_it_works(self, what: str, act: Callable[[], T], every_seconds: float) -> T:
        """Do something, again and again while something is in the way that may be mended: it is said once.

        Raises:
            Left: the watch is told to end, or out of patience.
        """
        began, was_told = self.now(), False
        while True:
            try:
                done = act()
            except (OSError, BatchCreditsError) as error:
                self.once(what, f"{what}: {_in_words(error)} It is tried again until it works.")
            else:
                if self.is_over(what):
                    self.tell(f"{what}: it goes on.")
                return done
            was_told = self.impatient(began, was_told=was_told)
            self.pause(every_seconds)


def _in_words(error: OSError | BatchCreditsError) -> str:
    if isinstance(error, BatchCreditsError):
        return f"{error.message} {error.hint}".strip()
    return f"{error.strerror or error}{f' ({error.filename})' if error.filename else ''}."
