"""The lines on a terminal, and the display that suits a stream."""

import io
import threading
from collections.abc import Callable
from typing import Any

import pyte
import pytest

from batch_credits.model import ControlTotal, Money, Outcome
from batch_credits.progress.bar import TqdmProgress, progress_for
from batch_credits.progress.observers import JsonProgress, LineProgress, Progress, SilentProgress
from batch_credits.progress.pace import BatchMoney
from batch_credits.progress.waiting import Waiting
from tests.unit.progress.test_observers import Clock, clock, settle

__all__ = ["clock"]  # a fixture
MONEY = BatchMoney({"USD": ControlTotal(300, 308_625)}, {"USD": ControlTotal(10, 1_000)})


class Terminal(io.StringIO):
    """A stream that says it is a terminal, with an emulator behind it that knows what stands on its screen."""

    def __init__(self, columns: int = 80, rows: int = 30) -> None:
        super().__init__()
        self.size = (columns, rows)
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.Stream(self.screen)

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._stream.feed(text.replace("\n", "\r\n"))
        return super().write(text)

    def resize(self, columns: int) -> None:
        """As a terminal that does not fold anew what it shows."""
        self.size = (columns, self.size[1])
        self.screen.resize(columns=columns)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display if line.strip()]


def shown(terminal: Terminal, clock: Clock, *, budget: int = 120) -> TqdmProgress:
    """A run half-way, which was resumed and is throttled."""
    progress = TqdmProgress(terminal, budget_per_minute=budget, clock=clock, size=lambda: terminal.size)
    progress.start(300, 10, 0, MONEY)
    for _ in range(100):
        progress.credited(Money(100, None, "USD"))
    settle(progress, clock, 100, 50)
    progress.settled(Outcome.FAILED)
    progress.settled(Outcome.IN_DOUBT)
    progress.throttled()
    progress.waits(Waiting("the last minute's 120 requests are used", 57.6))
    clock.now += 1
    progress.tick()
    return progress


@pytest.mark.parametrize("width", [12, 20, 24, 40, 60, 80, 120, 200])
def test_no_line_is_as_wide_as_the_terminal(clock: Clock, width: int) -> None:
    terminal = Terminal(max(width, 24))
    progress = TqdmProgress(terminal, budget_per_minute=120, clock=clock, size=lambda: (width, 30))
    progress.start(1_000_000, 999_000, 0, MONEY)
    settle(progress, clock, 100, 50)
    progress.settled(Outcome.IN_DOUBT)
    progress.throttled()
    progress.waits(Waiting("the last minute's 120 requests are used", 57.6))
    progress.close()
    assert max(map(len, terminal.lines)) < max(width, 24)


def test_where_there_is_room_it_says_all_in_four_lines(clock: Clock) -> None:
    terminal = Terminal(80)
    progress = shown(terminal, clock)
    batch, *others = terminal.lines
    assert batch.startswith("Batch  111/300 rows, 37 %, 110.00 of 3,086.25 USD |█")
    assert batch.endswith("|")
    assert others == [
        "Run    100 credited, 1 failed, 1 in doubt, 1 throttled, 119 of 120 a minute",
        "Time   51 s passed, about 100 s left",
        "Waits  the last minute's 120 requests are used: 57 s",
    ]
    progress.close()
    assert terminal.lines[1:] == [
        "Run    100 credited, 1 failed, 1 in doubt, 1 throttled",
        "Time   took 51 s",
    ]


@pytest.mark.parametrize("columns", [60, 40, 24])
def test_a_narrow_terminal_loses_nothing(clock: Clock, columns: int) -> None:
    wide, narrow = Terminal(120), Terminal(columns)
    shown(wide, clock)
    shown(narrow, clock)

    def words(terminal: Terminal) -> list[str]:
        said = [line.partition(" |")[0] for line in terminal.lines]
        return [word.rstrip(":") for word in " ".join(said).split()]

    assert words(narrow) == words(wide)


def test_what_belongs_together_is_not_broken(clock: Clock) -> None:
    terminal = Terminal(40)
    shown(terminal, clock)
    assert terminal.lines == [
        "Batch: 111/300 rows, 37 %,",
        "  110.00 of 3,086.25 USD",
        "Run: 100 credited, 1 failed,",
        "  1 in doubt, 1 throttled,",
        "  119 of 120 a minute",
        "Time: 51 s passed, about 100 s left",
        "Waits: the last minute's 120 requests",
        "  are used: 57 s",
    ]


def test_a_terminal_of_few_rows_has_what_matters_most(clock: Clock) -> None:
    terminal = Terminal(40, 4)
    shown(terminal, clock)
    assert terminal.lines[0].startswith("Batch: 111/300")
    assert len(terminal.lines) == 3


@pytest.mark.parametrize(
    ("variables", "is_coloured"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "xterm", "NO_COLOR": ""}, True),
     ({"TERM": "dumb"}, False)],
)  # fmt: skip
def test_what_went_wrong_is_coloured_where_colour_is_wanted(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], is_coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal(100)
    shown(terminal, clock)
    assert ("\x1b[31m1 failed\x1b[0m" in terminal.getvalue()) is is_coloured
    assert ("\x1b[33m1 in doubt\x1b[0m" in terminal.getvalue()) is is_coloured
    assert "m0 failed" not in terminal.getvalue()


def test_a_note_folds_between_words_and_stands_above(clock: Clock) -> None:
    terminal = Terminal(30)
    progress = TqdmProgress(terminal, clock=clock, size=lambda: (30, 30))
    progress.note("The site is read-only, next look in 30 s.")
    progress.start(10, 0)
    progress.note("The site answers; sending is tried again.")
    progress.close()
    assert terminal.lines[:4] == [
        "The site is read-only, next", "look in 30 s.", "The site answers; sending is", "tried again.",
    ]  # fmt: skip
    assert [line for line in terminal.lines if line.startswith("Batch")] == [terminal.lines[4]]


def test_a_terminal_that_became_narrower_is_drawn_anew(clock: Clock) -> None:
    terminal = Terminal(80)
    progress = shown(terminal, clock)
    terminal.resize(50)
    clock.now += 1
    progress.tick()
    assert [line.split()[0] for line in terminal.lines].count("Time") <= 1


def test_a_dumb_terminal_has_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert type(progress_for(Terminal())) is LineProgress


def test_who_steps_aside_leaves_nothing_and_comes_back(clock: Clock) -> None:
    terminal = Terminal(60)
    progress = TqdmProgress(terminal, clock=clock, size=lambda: (60, 30))
    progress.start(10, 0)
    progress.step_aside()
    assert terminal.lines == []
    clock.now += 1
    progress.tick()
    assert terminal.lines[0].startswith("Batch  0/10 rows, 0 % |")
    progress.close()


def test_a_stream_without_letters_for_it_has_a_plain_bar(clock: Clock) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    progress = TqdmProgress(stream, clock=clock, size=lambda: (60, 30))
    progress.start(10, 5)
    progress.close()
    stream.seek(0)
    assert "|####" in stream.read()


def test_it_is_drawn_a_few_times_a_second_and_starts_no_thread(clock: Clock) -> None:
    terminal = Terminal(80)
    threads = threading.active_count()
    progress = TqdmProgress(terminal, clock=clock, size=lambda: (80, 30))
    progress.start(8000, 0)
    settle(progress, clock, 8000, 1)
    assert terminal.getvalue().count("\r") <= 8
    assert threading.active_count() == threads
    progress.close()
    assert terminal.lines[0].startswith("Batch  8,000/8,000 rows, 100 %")


DISPLAYS: list[Callable[[io.StringIO], Progress]] = [LineProgress, JsonProgress, TqdmProgress]


@pytest.mark.parametrize("display", DISPLAYS)
def test_a_stream_that_went_away_stops_nothing(display: Callable[[io.StringIO], Progress]) -> None:
    stream = Terminal()
    progress = display(stream)
    progress.start(10, 0)
    stream.close()
    progress.note("nobody reads this")
    progress.settled(Outcome.CREDITED)
    progress.close()


@pytest.mark.parametrize("display", DISPLAYS)
def test_closing_twice_or_before_the_start_is_no_harm(display: Callable[[io.StringIO], Progress]) -> None:
    stream = Terminal()
    progress = display(stream)
    progress.note("Reading the file.")
    progress.close()
    progress.start(1, 0)
    progress.close()
    shown = stream.getvalue()
    progress.close()
    assert stream.getvalue() == shown
    assert "Reading the file." in shown


@pytest.mark.parametrize(
    ("stream", "options", "expected"),
    [
        (Terminal(), {}, TqdmProgress),
        (io.StringIO(), {}, LineProgress),
        (Terminal(), {"json_lines": True}, JsonProgress),
        (Terminal(), {"json_lines": True, "silent": True}, SilentProgress),
    ],
)
def test_the_display_suits_the_stream(stream: io.StringIO, options: dict[str, Any], expected: type) -> None:
    assert type(progress_for(stream, **options)) is expected


@pytest.mark.parametrize("json_lines", [False, True])
def test_lines_and_events_come_as_often_as_was_said(monkeypatch: pytest.MonkeyPatch, json_lines: bool) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    for every, wanted in ((0.2, 6), (1.0, 2), (10.0, 1)):
        stream = io.StringIO()
        progress = progress_for(stream, json_lines=json_lines, line_seconds=every)
        progress._clock = lambda: now[0]  # type: ignore[attr-defined]
        progress.start(10, 0)
        for _ in range(5):
            now[0] += 0.201
            progress.tick()
        assert len(stream.getvalue().splitlines()) == wanted, every
