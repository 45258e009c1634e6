"""The site's time."""

import time

import pytest

from batch_credits.sandbox.clock import SiteClock, steady_clock


def test_a_steady_clock_tells_unix_seconds() -> None:
    assert abs(steady_clock()() - time.time()) < 5


def test_time_can_be_skipped() -> None:
    clock = SiteClock(lambda: 1000.0)
    clock.advance(30)
    clock.advance(0.5)

    assert (clock(), clock.skipped_seconds) == (1030.5, 30.5)


@pytest.mark.parametrize("seconds", [-1.0, float("inf"), float("nan")])
def test_time_never_runs_backwards(seconds: float) -> None:
    clock = SiteClock(lambda: 1000.0)

    with pytest.raises(ValueError, match="from 0 up"):
        clock.advance(seconds)
    assert clock() == 1000
