"""The line on a terminal, and the display that suits a stream."""

import io
import threading
from collections.abc import Callable
from typing import Any

import pytest

from batch_credits.model import Outcome
from batch_credits.progress.bar import TqdmProgress, progress_for
from batch_credits.progress.observers import JsonProgress, LineProgress, Progress, SilentProgress
from tests.unit.progress.test_observers import Clock, clock, settle

__all__ = ["clock"]  # a fixture


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True

    @property
    def last_drawn(self) -> str:
        return self.getvalue().rstrip("\n").rpartition("\r")[2]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
def test_the_bar_always_fits_the_terminal(clock: Clock, width: int) -> None:
    terminal = Terminal()
    progress = TqdmProgress(terminal, budget_per_minute=120, clock=clock, columns=lambda: width)
    progress.start(1_000_000, 999_000)
    settle(progress, clock, 100, 50)
    progress.settled(Outcome.IN_DOUBT)
    progress.throttled()
    progress.close()
    drawn = [line for part in terminal.getvalue().split("\n") for line in part.split("\r")]
    assert max(map(len, drawn)) < width


def test_the_bar_says_all_where_there_is_room(clock: Clock) -> None:
    terminal = Terminal()
    progress = TqdmProgress(terminal, budget_per_minute=120, clock=clock, columns=lambda: 120)
    progress.start(300, 0)
    settle(progress, clock, 100, 50)
    assert terminal.last_drawn.startswith("100/300 |")
    assert terminal.last_drawn.endswith("| 120 of 120 a minute, 2 min left, 100 credited, 0 failed, 0 in doubt")
    progress.close()
    assert terminal.last_drawn.endswith("| took 50 s, 100 credited, 0 failed, 0 in doubt")


@pytest.mark.parametrize(
    ("columns", "failed", "drawn"),
    [
        (80, 0, "| 120 of 120 a minute, 2 min left, 100 credited, 0 failed"),
        (80, 3, "| 120 of 120 a minute, 2 min left, 100 credited, 3 failed"),
        (60, 3, "| 2 min left, 100 credited, 3 failed"),
        (40, 3, "103/300: 2 min left, 100 credited"),
        (30, 3, "103/300: 100 credited"),
        (20, 3, "103/300: 3 failed"),
        (12, 3, "103/300: "),
    ],
)
def test_a_narrow_terminal_has_what_matters_most(clock: Clock, columns: int, failed: int, drawn: str) -> None:
    terminal = Terminal()
    progress = TqdmProgress(terminal, budget_per_minute=120, clock=clock, columns=lambda: columns)
    progress.start(300, 0)
    settle(progress, clock, failed, 0, Outcome.FAILED)
    settle(progress, clock, 100, 50)
    said = terminal.last_drawn
    progress.close()
    assert said.endswith(drawn)


def test_a_note_folds_between_words(clock: Clock) -> None:
    terminal = Terminal()
    progress = TqdmProgress(terminal, clock=clock, columns=lambda: 30)
    progress.note("The site is read-only, next look in 30 s.")
    progress.start(10, 0)
    progress.note("The site answers; sending is tried again.")
    progress.close()
    assert terminal.getvalue().startswith("The site is read-only, next\nlook in 30 s.\n")
    assert "\rThe site answers; sending is\ntried again.\n" in terminal.getvalue()


def test_a_dumb_terminal_has_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert type(progress_for(Terminal())) is LineProgress


def test_who_steps_aside_leaves_an_empty_line_and_comes_back(clock: Clock) -> None:
    terminal = Terminal()
    progress = TqdmProgress(terminal, clock=clock, columns=lambda: 60)
    progress.start(10, 0)
    progress.step_aside()
    assert terminal.last_drawn == "" or terminal.last_drawn.isspace()
    clock.now += 1
    progress.tick()
    assert terminal.last_drawn.startswith("0/10 |")
    progress.close()


def test_a_terminal_that_states_no_height_has_a_bar(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr("tqdm.std._screen_shape_wrapper", lambda: lambda _: (80, -1))
    terminal = Terminal()
    progress = TqdmProgress(terminal, clock=clock, columns=lambda: 80)
    progress.start(10, 0)
    progress.close()
    assert "0/10 |" in terminal.last_drawn


def test_a_note_stands_on_a_line_of_its_own(clock: Clock) -> None:
    terminal = Terminal()
    progress = TqdmProgress(terminal, clock=clock, columns=lambda: 60)
    progress.start(10, 0)
    progress.note("The site is read-only, next look in 30 s.")
    progress.close()
    assert "\rThe site is read-only, next look in 30 s.\n" in terminal.getvalue()
    assert terminal.getvalue().endswith("\n")


def test_the_bar_is_drawn_a_few_times_a_second_and_starts_no_thread(clock: Clock) -> None:
    terminal = Terminal()
    threads = threading.active_count()
    progress = TqdmProgress(terminal, clock=clock, columns=lambda: 80)
    progress.start(8000, 0)
    settle(progress, clock, 8000, 1)
    assert terminal.getvalue().count("\r") <= 8
    assert threading.active_count() == threads
    progress.close()
    assert "8000/8000" in terminal.last_drawn


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
