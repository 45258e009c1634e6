"""What a person sees while a run goes on: one calm line, or sober lines where there is no terminal.

Everything is written to a stream that is handed in. A row costs a counter and a look at the clock; the screen
is touched a few times a second. A terminal that went away stops the display, never the payout.
"""

import json
import os
import textwrap
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol, TextIO

from tqdm import tqdm

from batch_credits.model import CallKind, Outcome
from batch_credits.pace import MINUTE, RunTally, left_in_words, state_in_words, state_that_fits, took_in_words

BAR_SECONDS = 0.2  # between two drawings of the bar
LINE_SECONDS = 10.0  # between two lines where there is no terminal
MIN_BAR_WIDTH = 8
NO_BAR_BELOW = 50  # columns: words say more there
WITH_BAR, WITHOUT_BAR = "{n_fmt}/{total_fmt} |{bar}| {desc}", "{n_fmt}/{total_fmt}: {desc}"
ROOM_FOR_AN_ECHO = 2  # of ^C, which would make a full line wrap
DEFAULT_COLUMNS = 80
NARROWEST = 20  # columns: a fold leaves at least words
SCREEN_ROWS = 20  # some terminals say 0, and tqdm would show nothing on them; our one line needs no more


class Progress(Protocol):
    """What the worker pool tells a watcher. No method raises, and none waits."""

    def start(self, total: int, done: int, in_doubt: int = 0) -> None:
        """So many rows are to be credited, of which so many are done, and so many in doubt from before."""

    def settled(self, outcome: Outcome, *, was_in_doubt: bool = False) -> None:
        """A row reached this outcome. In doubt and pending do not count as done; a row may leave doubt later."""

    def throttled(self) -> None:
        """The site told us to wait."""

    def slowed_to(self, per_minute: int) -> None:
        """So many requests a minute may be sent now; the whole budget once nobody else uses the site's limit."""

    def tick(self) -> None:
        """Time passed, and perhaps nothing else: what is shown must not go stale while a run waits."""

    def note(self, text: str) -> None:
        """A sentence for the person: a pause, what is waited for."""

    def step_aside(self) -> None:
        """The person is about to be asked or shown something: leave the screen, until the next state is shown."""

    def close(self) -> None:
        """The run has ended. May be called twice."""


class SilentProgress:
    """Shows nothing."""

    def start(self, total: int, done: int, in_doubt: int = 0) -> None:
        """Nothing to show."""

    def settled(self, outcome: Outcome, *, was_in_doubt: bool = False) -> None:
        """Nothing to show."""

    def throttled(self) -> None:
        """Nothing to show."""

    def slowed_to(self, per_minute: int) -> None:
        """Nothing to show."""

    def tick(self) -> None:
        """Nothing to show."""

    def note(self, text: str) -> None:
        """Nothing to show."""

    def step_aside(self) -> None:
        """Nothing to show."""

    def close(self) -> None:
        """Nothing to show."""


class _Display:
    """Counts every call, and shows the numbers now and then. Its children say how."""

    def __init__(
        self,
        stream: TextIO,
        *,
        budget_per_minute: int = 0,
        kind: CallKind = CallKind.ADD,
        clock: Callable[[], float] = time.monotonic,
        interval_seconds: float,
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._interval_seconds = interval_seconds
        self._tally = RunTally(budget_per_minute, clock, kind)
        self._next_at = 0.0
        self._started_at = 0.0
        self._open = False
        self._broken = False

    def start(self, total: int, done: int, in_doubt: int = 0) -> None:
        """Show the first state at once."""
        self._open = True
        self._started_at = self._clock()
        self._next_at = self._started_at + self._interval_seconds
        self._tally.start(total, done, in_doubt)
        self._attempt(self._show_start)

    def settled(self, outcome: Outcome, *, was_in_doubt: bool = False) -> None:
        """Count one row, and show the state if it is time."""
        self._tally.settle(outcome, was_in_doubt)
        self.tick()

    def tick(self) -> None:
        """Show the state if it is time."""
        if self._open and (now := self._clock()) >= self._next_at:
            self._next_at = now + self._interval_seconds
            self._attempt(self._show)

    def throttled(self) -> None:
        """Count it; the next state shows it."""
        self._tally.throttled += 1

    def slowed_to(self, per_minute: int) -> None:
        """Remember it; the next state shows it."""
        self._tally.slowed_to = per_minute

    def note(self, text: str) -> None:
        """Show a sentence at once."""
        self._attempt(lambda: self._show_note(text))

    def step_aside(self) -> None:
        """Leave the screen, where something of us stands on it."""
        self._attempt(self._show_nothing)

    def close(self) -> None:
        """Show the last state."""
        if self._open:
            self._open = False
            self._attempt(self._show_end)

    def _attempt(self, show: Callable[[], None]) -> None:
        """Money goes on moving when nobody can watch: a broken pipe or a closed terminal ends the display only."""
        if self._broken:
            return
        try:
            show()
        except (OSError, ValueError):  # ValueError: the stream is closed
            self._broken = True

    def _line(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()

    def _show_start(self) -> None:
        self._show()

    def _show(self) -> None:
        raise NotImplementedError

    def _show_note(self, text: str) -> None:
        self._line(text)

    def _show_nothing(self) -> None:
        """What was written stays."""

    def _show_end(self) -> None:
        self._show()


class LineProgress(_Display):
    """Sober lines for logs and schedulers, `line_seconds` apart at least."""

    def __init__(
        self,
        stream: TextIO,
        *,
        budget_per_minute: int = 0,
        kind: CallKind = CallKind.ADD,
        clock: Callable[[], float] = time.monotonic,
        line_seconds: float = LINE_SECONDS,
    ) -> None:
        super().__init__(
            stream, budget_per_minute=budget_per_minute, kind=kind, clock=clock, interval_seconds=line_seconds
        )

    def _show(self) -> None:
        left = left_in_words(self._tally.minutes_left(self._tally.pace()))
        self._line(", ".join([*state_in_words(self._tally), *([left] if left else [])]))

    def _show_end(self) -> None:
        took = took_in_words(self._clock() - self._started_at)
        self._line(", ".join([*state_in_words(self._tally), took]))


class JsonProgress(_Display):
    """One JSON object a line, for `--log-format json`.

    `event` is progress_started, progress, note or progress_ended; `at` is UTC, ISO 8601.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        budget_per_minute: int = 0,
        kind: CallKind = CallKind.ADD,
        clock: Callable[[], float] = time.monotonic,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
        line_seconds: float = LINE_SECONDS,
    ) -> None:
        super().__init__(
            stream, budget_per_minute=budget_per_minute, kind=kind, clock=clock, interval_seconds=line_seconds
        )
        self._utc_now = utc_now

    def _show_start(self) -> None:
        self._event("progress_started", self._state())

    def _show(self) -> None:
        self._event("progress", self._state())

    def _show_note(self, text: str) -> None:
        self._event("note", {"text": text})

    def _show_end(self) -> None:
        self._event("progress_ended", self._state() | {"seconds": round(self._clock() - self._started_at, 3)})

    def _state(self) -> dict[str, Any]:
        tally = self._tally
        pace = tally.pace()
        left = tally.minutes_left(pace)
        return {
            "total": tally.total,
            "done": tally.done,
            **{tally.kind.name_of(each): tally.counts[each] for each in Outcome if each is not Outcome.IN_DOUBT},
            "in_doubt": tally.in_doubt,
            "throttled": tally.throttled,
            "rows_per_minute": round(pace, 1),
            "budget_per_minute": tally.budget_per_minute,
            **({"slowed_to_per_minute": tally.slowed_to} if tally.is_slowed else {}),
            "seconds_left": None if left is None else round(left * MINUTE),
        }

    def _event(self, name: str, fields: dict[str, Any]) -> None:
        at = self._utc_now().isoformat(timespec="milliseconds")
        self._line(json.dumps({"event": name, "at": at, **fields}, ensure_ascii=False))


class TqdmProgress(_Display):
    """One line on a terminal, redrawn in place, always shorter than the terminal is wide."""

    def __init__(
        self,
        stream: TextIO,
        *,
        budget_per_minute: int = 0,
        kind: CallKind = CallKind.ADD,
        clock: Callable[[], float] = time.monotonic,
        bar_seconds: float = BAR_SECONDS,
        columns: Callable[[], int] | None = None,
    ) -> None:
        super().__init__(
            stream, budget_per_minute=budget_per_minute, kind=kind, clock=clock, interval_seconds=bar_seconds
        )
        self._columns = columns or (lambda: _columns_of(stream))
        self._bar: _Bar | None = None

    def _show_start(self) -> None:
        # The intervals are ours: with tqdm's own it would start a thread to watch over them.
        self._bar = _Bar(
            total=self._tally.total,
            initial=self._tally.done,
            file=self._stream,
            ncols=self._width(),
            nrows=SCREEN_ROWS,
            bar_format=WITHOUT_BAR,
            miniters=0,
            mininterval=0,
            leave=True,
        )
        self._show()

    def _show(self) -> None:
        self._draw(left_in_words(self._tally.minutes_left(self._tally.pace())))

    def _draw(self, time_words: str) -> None:
        if self._bar is None:
            return
        width = self._width()
        has_bar = width >= NO_BAR_BELOW
        room = width - len(f"{self._tally.done}/{self._tally.total}: ") - (MIN_BAR_WIDTH + 2 if has_bar else 0)
        text = state_that_fits(self._tally, time_words, room)
        self._bar.ncols = width
        self._bar.bar_format = WITH_BAR if has_bar else WITHOUT_BAR
        self._bar.n = self._tally.done
        self._bar.set_description_str(text, refresh=False)
        self._bar.refresh()

    def _show_note(self, text: str) -> None:
        if self._bar is None:
            self._line(self._folded(text))
        else:
            self._stream.write("\r" + " " * (self._columns() - 1) + "\r")  # an echoed ^C stands behind the bar
            self._bar.write(self._folded(text), file=self._stream)

    def _width(self) -> int:
        return self._columns() - 1 - ROOM_FOR_AN_ECHO  # a full last column makes some terminals wrap

    def _folded(self, text: str) -> str:
        return textwrap.fill(text, max(NARROWEST, self._columns() - 1), break_long_words=False, break_on_hyphens=False)

    def _show_nothing(self) -> None:
        if self._bar is not None:
            self._bar.clear()

    def _show_end(self) -> None:
        if self._bar is not None:
            self._draw(took_in_words(self._clock() - self._started_at))
            self._bar.close()
            self._bar = None


class _Bar(tqdm):  # type: ignore[type-arg]  # generic in the stubs only
    """A bar without tqdm's monitor thread: we redraw it by our own clock."""

    monitor_interval = 0


def progress_for(
    stream: TextIO,
    *,
    budget_per_minute: int = 0,
    kind: CallKind = CallKind.ADD,
    json_lines: bool = False,
    silent: bool = False,
) -> Progress:
    """The display that suits the stream: a line that redraws itself needs a terminal that can."""
    if silent:
        return SilentProgress()
    if json_lines:
        return JsonProgress(stream, budget_per_minute=budget_per_minute, kind=kind)
    if stream.isatty() and os.environ.get("TERM") != "dumb":
        return TqdmProgress(stream, budget_per_minute=budget_per_minute, kind=kind)
    return LineProgress(stream, budget_per_minute=budget_per_minute, kind=kind)


def _columns_of(stream: TextIO) -> int:
    """How wide the terminal is now: people resize it."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or DEFAULT_COLUMNS
    except (OSError, ValueError):
        return DEFAULT_COLUMNS
