"""What a person at a terminal sees while a run goes on: a few calm lines; and which display suits a stream.

    Batch  120/300 rows, 40 %, 1,234.50 of 3,086.25 USD |████      |
    Run    100 credited, 0 failed, 2 in doubt, 118 of 120 a minute
    Time   1 min 20 s passed, about 2 min left
    Waits  the last minute's 120 requests are used: 58 s

A narrow terminal has the same in more lines.
"""

import os
import re
import textwrap
import time
from collections.abc import Callable
from typing import TextIO

from batch_credits.model import CallKind
from batch_credits.progress.block import NARROWEST, ROOM_FOR_AN_ECHO, Block, size_of
from batch_credits.progress.observers import Display, JsonProgress, LineProgress, Progress, SilentProgress
from batch_credits.progress.words import (
    batch_in_words,
    left_in_words,
    pace_in_words,
    run_in_words,
    span_in_words,
    waiting_in_words,
)
from batch_credits.settings import LINE_SECONDS
from batch_credits.text.colour import coloured, takes_colour
from batch_credits.text.visible import visible

BAR_SECONDS = 0.2  # between two drawings
MIN_BAR_WIDTH, MAX_BAR_WIDTH = 8, 40
LABELS_BELOW = 40  # columns: from there on labels have a column of their own
LABEL_WIDTH = 7
NO_BREAK = "\u00a0"
_BAD = re.compile(r"(?<![\d,])[1-9][\d,]* failed")
_UNSETTLED = re.compile(r"(?<![\d,])[1-9][\d,]* (?:in doubt|to review)|^Waits.*", re.MULTILINE)


class TqdmProgress(Display):
    """A few lines on a terminal, redrawn in place, each shorter than the terminal is wide."""

    def __init__(
        self,
        stream: TextIO,
        *,
        budget_per_minute: int = 0,
        kind: CallKind = CallKind.ADD,
        clock: Callable[[], float] = time.monotonic,
        bar_seconds: float = BAR_SECONDS,
        size: Callable[[], tuple[int, int]] | None = None,
    ) -> None:
        super().__init__(
            stream, budget_per_minute=budget_per_minute, kind=kind, clock=clock, interval_seconds=bar_seconds
        )
        self._size = size or (lambda: size_of(stream))
        self._block = Block(stream)
        self._is_ascii = "utf" not in (stream.encoding or "utf-8").lower()

    def _show(self) -> None:
        pace = self._tally.pace()
        passed, left = span_in_words(self._tally.seconds_passed), left_in_words(self._tally.seconds_left(pace))
        self._draw(
            [*run_in_words(self._tally), pace_in_words(self._tally, pace)],
            [f"{passed} passed", *([left] if left else [])],
            waiting_in_words(self._tally),
        )

    def _draw(self, run: list[str], times: list[str], waits: str) -> None:
        columns, rows = self._size()
        width = max(NARROWEST, columns - 1 - ROOM_FOR_AN_ECHO)  # a full last column makes some terminals wrap
        lines = [*_folded("Batch", batch_in_words(self._tally), width)]
        if len(lines) == 1:
            lines = [self._with_bar(lines[0], width)]
        lines += [*_folded("Run", run, width), *_folded("Time", times, width)]
        lines += _folded("Waits", [waits], width, may_break=True) if waits else []
        lines = lines[: max(1, rows - 1)]  # nothing can be drawn anew that was scrolled away
        widths = [len(line) for line in lines]
        is_coloured = takes_colour(self._stream)
        self._block.draw([_painted(line) for line in lines] if is_coloured else lines, widths, columns)

    def _with_bar(self, line: str, width: int) -> str:
        room = min(width - len(line) - 1, MAX_BAR_WIDTH + 2)
        if room < MIN_BAR_WIDTH + 2:
            return line
        from tqdm import tqdm  # here, since only a terminal needs it

        done, total = min(self._tally.done, self._tally.total), max(1, self._tally.total)
        bar = tqdm.format_meter(done, total, 0, ncols=room, bar_format="|{bar}|", ascii=self._is_ascii)
        return f"{line} {bar}"

    def _show_note(self, text: str) -> None:
        columns, _ = self._size()
        width = max(NARROWEST, columns - 1)
        folded = textwrap.fill(visible(text), width, break_long_words=False, break_on_hyphens=False)
        if not self._open:
            self._line(folded)
            return
        self._block.above(folded, columns)
        self._show()

    def _show_nothing(self) -> None:
        self._block.clear(self._size()[0])

    def _show_end(self) -> None:
        self._draw(run_in_words(self._tally), [f"took {span_in_words(self._tally.seconds_passed)}"], "")
        self._block.leave()


def _folded(label: str, texts: list[str], width: int, *, may_break: bool = False) -> list[str]:
    """The texts behind their label, in as many lines as they need, and broken only between texts if they fit."""
    said = ", ".join(texts)
    if not may_break and max(map(len, texts)) + LABEL_WIDTH < width:
        said = ", ".join(text.replace(" ", NO_BREAK) for text in texts)
    has_column = width >= LABELS_BELOW
    lines = textwrap.wrap(
        f"{label:<{LABEL_WIDTH}}{said}" if has_column else f"{label}: {said}",
        width,
        subsequent_indent=" " * (LABEL_WIDTH if has_column else 2),
        break_on_hyphens=False,
    )
    return [line.replace(NO_BREAK, " ") for line in lines]


def _painted(line: str) -> str:
    line = _BAD.sub(lambda found: coloured(found[0], "red"), line)
    return _UNSETTLED.sub(lambda found: coloured(found[0], "yellow"), line)


def progress_for(
    stream: TextIO,
    *,
    budget_per_minute: int = 0,
    kind: CallKind = CallKind.ADD,
    json_lines: bool = False,
    silent: bool = False,
    line_seconds: float = LINE_SECONDS,
) -> Progress:
    """The display that suits the stream: lines that are drawn anew need a terminal that can."""
    if silent:
        return SilentProgress()
    if json_lines:
        return JsonProgress(stream, budget_per_minute=budget_per_minute, kind=kind, line_seconds=line_seconds)
    if stream.isatty() and os.environ.get("TERM") != "dumb":
        return TqdmProgress(stream, budget_per_minute=budget_per_minute, kind=kind)
    return LineProgress(stream, budget_per_minute=budget_per_minute, kind=kind, line_seconds=line_seconds)
