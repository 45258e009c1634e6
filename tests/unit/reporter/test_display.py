import pytest

from batch_credits.reporter.display import clip, clock, duration, readable_time, took
from tests.each import each


def test_long_values_are_clipped() -> None:
    assert clip("x" * 1000) == "x" * 199 + "…"
    assert clip("x" * 200) == "x" * 200
    assert clip("x" * 61, 60) == "x" * 59 + "…"


def test_what_turns_text_around_is_shown() -> None:
    assert clip("gnp\u202egpj.exe\u2069") == "gnp[U+202E]gpj.exe[U+2069]"
    assert clip("שלום مرحبا") == "שלום مرحبا"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-10-01T08:00:00.123+00:00", "2026-10-01 08:00:00 UTC"),
        ("2026-10-01T08:00:00Z", "2026-10-01 08:00:00 UTC"),
        ("long ago", "long ago"),
    ],
)
def test_times(text: str, expected: str) -> None:
    assert readable_time(text) == expected


@each(
    "seconds, expected",
    [(0, "0 s"), (0.1, "0.1 s"), (5, "5 s"), (60, "1 min"), (751, "12 min 31 s"), (3600, "1 h"), (7500, "2 h 5 min")],
)
def test_durations(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


def test_what_a_run_took_is_never_below_zero() -> None:
    assert took("2026-10-01T08:00:00Z", "2026-10-01T08:12:31Z") == "12 min 31 s"
    assert took("2026-10-01T08:00:00Z", "2026-10-01T07:00:00Z") == "0 s"


@each(
    "seconds, expected", [(0, "0:00"), (0.2, "0:00.2"), (65, "1:05"), (3730, "1:02:10"), (59.96, "1:00")]
)
def test_a_stopwatch(seconds: float, expected: str) -> None:
    assert clock(seconds) == expected
