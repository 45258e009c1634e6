"""The clock of keys goes on while the machine sleeps, where the system has such a one."""

import time

import pytest

from batch_credits.process import clock


def test_it_is_the_systems_clock_that_counts_sleep() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before <= clock.boottime() <= time.clock_gettime(time.CLOCK_BOOTTIME)


def test_it_is_not_the_clock_that_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(time, "clock_gettime", lambda number: asked.append(number) or 1.0)
    clock.boottime()
    assert asked == [time.CLOCK_BOOTTIME]
