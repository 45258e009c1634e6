"""When a command ends by itself: times as people write them, and those that are no deadline."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import click
import pytest

from batch_credits.cli.options.ending import EndChoice, Moment, TimeOf
from batch_credits.cli.values import Seconds
from batch_credits.errors import UsageError

EVENING = datetime(2026, 11, 28, 21, 0, tzinfo=UTC).timestamp()


@pytest.fixture(autouse=True)
def evening(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """It is 22:00, in Berlin."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Europe/Berlin")
        time.tzset()
        patched.setattr(time, "time", lambda: EVENING)
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("23:30", 1.5), ("22:00:36", 0.01), ("6:00", 8), ("06:00", 8), ("10:00", 12), ("10:01", -12 + 1 / 60),
        ("21:59", -1 / 60), ("+90m", 1.5), ("+36s", 0.01), ("+2h", 2), ("2026-11-29T06:00+01:00", 8),
        ("2026-11-28T22:30Z", 1.5),
    ],
)  # fmt: skip
def test_times(text: str, hours: float) -> None:
    assert TimeOf().convert(text, None, None).at - time.time() == pytest.approx(hours * 3600)


def test_a_time_of_day_where_the_clock_is_put_back() -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(time, "time", lambda: datetime(2026, 10, 24, 20, 0, tzinfo=UTC).timestamp())  # 22:00, in summer
        assert TimeOf().convert("06:00", None, None).at - time.time() == 9 * 3600


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("24:00", "no time"), ("6", "no time"), ("soon", "no time"), ("+5", "no time"), ("-5m", "no time"),
        ("", "no time"), ("2026-11-29T06:00", "no zone"), ("2026-11-29", "no zone"),
    ],
)  # fmt: skip
def test_what_is_no_time(text: str, said: str) -> None:
    with pytest.raises(click.BadParameter, match=said):
        TimeOf().convert(text, None, None)


def test_it_stops_so_early_that_all_answers_are_in() -> None:
    signals: Any = EndChoice(TimeOf().convert("06:00", None, None), 60).signals(80)
    assert signals._deadline.stop_at == time.time() + 8 * 3600 - 82
    assert signals._deadline.said == "06:00, 2026-11-29 06:00:00+01:00"
    assert signals.grace_seconds == 60
    signals = EndChoice(Moment("2026-11-29T06:00+01:00", time.time() + 8 * 3600), 60).signals(80)
    assert signals._deadline.said == "2026-11-29T06:00+01:00"


@pytest.mark.parametrize(("text", "said"), [("21:59", "has passed"), ("22:01", "is too near: an answer may take 80 s")])
def test_too_late(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        EndChoice(TimeOf().convert(text, None, None), 60).signals(80)


@pytest.mark.parametrize(
    ("text", "seconds"), [("600", 600), ("90s", 90), ("10m", 600), ("2h", 7200), ("0", 0), ("0.5", 0.5), ("7.5m", 450)]
)
def test_durations(text: str, seconds: float) -> None:
    assert Seconds().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "m", "-1", "1d", "169h", "nan", "inf", "1e3", "10 m"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(click.BadParameter, match="no such time"):
        Seconds().convert(text, None, None)
