"""The two limits, on a clock that the test moves."""

from dataclasses import dataclass

import pytest

from batch_credits.sandbox.errors import ApiError
from batch_credits.sandbox.limits import Limits, RollingWindow


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_window_rolls() -> None:
    window = RollingWindow()

    assert [window.arrive(now) for now in (0, 30, 59.9, 60, 61, 90)] == [1, 2, 3, 3, 4, 4]
    assert window.peak == 4


def test_refused_requests_count_and_the_wait_is_told() -> None:
    clock = Clock()
    limits = Limits(clock, rate_per_minute=2, concurrency=0)
    for _ in range(2):
        limits.enter()
    clock.now += 10

    with pytest.raises(ApiError) as caught:
        limits.enter()
    assert (caught.value.status, caught.value.api_error_code) == (429, "api_request_limit_exceeded")
    assert caught.value.retry_after_seconds == 50

    clock.now += 50  # the first two have left, the refused one has not
    limits.enter()
    with pytest.raises(ApiError):
        limits.enter()
    assert limits.peak_window == 3
    assert (limits.first_arrival, limits.last_arrival) == (1000.0, 1060.0)


def test_requests_at_one_instant() -> None:
    limits = Limits(Clock(), rate_per_minute=0, concurrency=2)
    limits.enter()
    limits.enter()
    with pytest.raises(ApiError) as caught:
        limits.enter()
    assert caught.value.status == 429
    limits.leave()
    limits.leave()

    limits.enter()
    assert limits.max_in_flight == 3


def test_without_limits_the_marks_are_kept() -> None:
    limits = Limits(Clock(), rate_per_minute=0, concurrency=0)
    for _ in range(500):
        limits.enter()

    assert (limits.max_in_flight, limits.peak_window) == (500, 500)
