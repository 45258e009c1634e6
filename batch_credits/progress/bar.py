"""What a person at a terminal sees while a run goes on: one calm line; and which display suits a stream."""

import os
import textwrap
import time
from collections.abc import Callable
from typing import TextIO

from tqdm import tqdm

from batch_credits.model import CallKind
from batch_credits.progress.observers import Display, JsonProgress, LineProgress, Progress, SilentProgress
from batch_credits.progress.pace import left_in_words, state_that_fits, took_in_words
from batch_credits.text.visible import visible

BAR_SECONDS = 0.2  # between two drawings of the bar
MIN_BAR_WIDTH = 8
NO_BAR_BELOW = 50  # columns: words say more there
WITH_BAR, WITHOUT_BAR = "{n_fmt}/{total_fmt} |{bar}| {desc}", "{n_fmt}/{total_fmt}: {desc}"
ROOM_FOR_AN_ECHO = 2  # of ^C, which would make a full line wrap
DEFAULT_COLUMNS = 80
NARROWEST = 20  # columns: a fold leaves at least words
SCREEN_ROWS = 20  # some terminals say 0, and tqdm would show nothing on them; our one line needs no more


class TqdmProgress(Display):
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

    def _draw(self, time_words: str, *, is_over: bool = False) -> None:
        if self._bar is None:
            return
        width = self._width()
        has_bar = width >= NO_BAR_BELOW
        room = width - len(f"{self._tally.done}/{self._tally.total}: ") - (MIN_BAR_WIDTH + 2 if has_bar else 0)
        text = state_that_fits(self._tally, time_words, room, is_over=is_over)
        self._bar.ncols = width
        self._bar.bar_format = WITH_BAR if has_bar else WITHOUT_BAR
        self._bar.n = self._tally.done
        self._bar.set_description_str(text, refresh=False)
        self._bar.refresh()

    def _show_note(self, text: str) -> None:
        text = visible(text)
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
            self._draw(took_in_words(self._clock() - self._started_at), is_over=True)
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
