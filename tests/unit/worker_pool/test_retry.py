"""How long to wait before another try."""

from hypothesis import given
from hypothesis import strategies as st

from batch_credits.settings import RunSettings
from batch_credits.worker_pool.retry import backoff_seconds, may_try_again, throttle_seconds
from tests.each import each

SETTINGS = RunSettings(backoff_seconds=1.0, max_backoff_seconds=60.0, max_retry_after_seconds=300.0)


@each(
    "tries, low, high", [(1, 0.5, 1), (2, 1, 2), (3, 2, 4), (7, 30, 60), (8, 30, 60), (10_000, 30, 60)]
)
def test_backoff_doubles_up_to_its_bound(tries: int, low: float, high: float) -> None:
    assert backoff_seconds(SETTINGS, tries, 0.0) == low
    assert low <= backoff_seconds(SETTINGS, tries, 0.999999) < high


@given(st.integers(1, 10**6), st.floats(0, 1, exclude_max=True))
def test_backoff_is_never_nothing_and_never_too_long(tries: int, chance: float) -> None:
    assert 0 < backoff_seconds(SETTINGS, tries, chance) <= SETTINGS.max_backoff_seconds


@each(
    "told, waits", [(0.0, 0.1), (0.05, 0.1), (7.0, 7.0), (300.0, 300.0), (999_999_999.0, 300.0)]
)
def test_the_site_is_obeyed_within_reason(told: float, waits: float) -> None:
    assert throttle_seconds(SETTINGS, told, 1, 0.5) == waits


def test_a_site_that_names_no_time_is_backed_off_from() -> None:
    assert throttle_seconds(SETTINGS, None, 3, 0.5) == backoff_seconds(SETTINGS, 3, 0.5)


def test_tries_are_bounded_in_count_and_time() -> None:
    settings = RunSettings(max_attempts=3, max_retry_seconds=100.0)
    assert may_try_again(settings, 2, 99.9)
    assert not may_try_again(settings, 3, 0.0)
    assert not may_try_again(settings, 1, 100.0)
