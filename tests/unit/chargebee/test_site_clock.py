"""When a run began by the site's clock, learned from its answers and from no clock that anybody can set."""

import asyncio
import time
from typing import Any

import pytest

from batch_credits.chargebee.site_clock import SiteClock

NOON = {"date": "Mon, 23 Nov 2026 12:00:00 GMT"}
NOON_MS = 1_795_435_200_000


def test_the_first_date_less_the_time_that_passed(virtually: Any) -> None:
    async def main() -> int:
        clock = SiteClock()
        await asyncio.sleep(90)
        clock.note(NOON)
        return await clock.began_ms()

    assert virtually(main()) == NOON_MS - 90_000


def test_later_dates_change_nothing(virtually: Any) -> None:
    async def main() -> int:
        clock = SiteClock()
        clock.note(NOON)
        clock.note({"date": "Mon, 23 Nov 2026 13:00:00 GMT"})
        return await clock.began_ms()

    assert virtually(main()) == NOON_MS


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 23 Nov 99999999999 12:00:00 GMT", ",", "12:00"])
def test_what_is_no_date_teaches_nothing(virtually: Any, date: str) -> None:
    async def main() -> bool:
        clock = SiteClock()
        clock.note({"date": date})
        clock.note({})
        return clock.is_known

    assert virtually(main()) is False


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Tokyo"])
@pytest.mark.parametrize("date", ["Mon Nov 23 12:00:00 2026", "Mon, 23 Nov 2026 12:00:00 -0000", NOON["date"]])
def test_the_zone_of_this_machine_has_no_part_in_it(
    virtually: Any, monkeypatch: pytest.MonkeyPatch, date: str, zone: str
) -> None:
    """The old form of C's asctime says no zone, and is UTC (RFC 9110, 5.6.7). Eight hours too late, a credit that was
    made of ours would seem to be older than its first sending."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()

    async def main() -> int:
        clock = SiteClock()
        clock.note({"date": date})
        return await clock.began_ms()

    try:
        assert virtually(main()) == NOON_MS
    finally:
        monkeypatch.undo()
        time.tzset()
