"""The breaker by itself; how the pool lives with it is tested with the pool."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from batch_credits.errors import KeyRefused, Outage, RunStopped
from batch_credits.settings import RunSettings
from batch_credits.worker_pool.breaker import Breaker


def test_once_the_run_is_over_nothing_pauses_anybody() -> None:
    """Answers are lost while a run drains, too: a breaker opened by them would hold up its end."""

    async def main() -> None:
        async def probe() -> bool:
            raise AssertionError("nobody asks any more")

        settings = RunSettings(breaker_threshold=2)
        wake = asyncio.Event()
        breaker = Breaker(settings, probe, lambda stop: None, lambda text: None, lambda: 0.5, wake)
        breaker.cancel()
        for _ in range(3):
            breaker.trouble("no answer in time")
        breaker.open("read-only", None)
        assert breaker.closed.is_set()

    asyncio.run(main())


SETTINGS = RunSettings(
    breaker_threshold=3, backoff_seconds=2.0, max_backoff_seconds=8.0, max_outage_seconds=100.0,
    max_retry_after_seconds=30.0,
)  # fmt: skip


class Bench:
    """A breaker whose probe is answered as told, and never if nothing is said."""

    def __init__(self, *answers: bool | Exception) -> None:
        self._answers: Iterator[bool | Exception] = iter(answers)
        self.stops: list[RunStopped | None] = []
        self.said: list[str] = []
        self.probes: list[float] = []
        self.loop = asyncio.get_running_loop()
        self.began = self.loop.time()
        self.wake = asyncio.Event()
        self.breaker = Breaker(SETTINGS, self.probe, self.stops.append, self.said.append, lambda: 1.0, self.wake)

    async def probe(self) -> bool:
        self.probes.append(self.loop.time() - self.began)
        answer = next(self._answers, False)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def troubles(self, count: int) -> bool:
        """Whether it is open after so many more."""
        for _ in range(count):
            self.breaker.trouble("no answer in time.")
        return not self.breaker.closed.is_set()


def test_it_opens_at_the_threshold_and_not_before(virtually: Any) -> None:
    async def main() -> None:
        bench = Bench(True)
        assert not bench.troubles(2)
        assert bench.troubles(1)
        await bench.breaker.closed.wait()
        assert not bench.troubles(2), "the count begins anew"

    virtually(main())


def test_what_is_proven_between_begins_the_count_anew(virtually: Any) -> None:
    async def main() -> None:
        bench = Bench(True)
        for _ in range(5):
            assert not bench.troubles(2)
            bench.breaker.proof()
        assert bench.troubles(3)

    virtually(main())


def test_each_look_waits_longer_until_one_is_answered(virtually: Any) -> None:
    async def main() -> None:
        bench = Bench(False, False, False, False, True)
        assert bench.troubles(3)
        assert not bench.wake.is_set()
        await bench.wake.wait()
        assert bench.breaker.closed.is_set()
        assert bench.probes == [2, 2 + 4, 2 + 4 + 8, 2 + 4 + 8 + 8, 2 + 4 + 8 + 8 + 8]
        assert bench.said[0] == "Sending is paused, next look in 2 s: no answer in time."
        assert bench.said[-1] == "The site answers; sending is tried again."
        assert bench.stops == [] and len(bench.said) == 6

    virtually(main())


def test_a_site_that_answers_looks_alone_is_looked_at_ever_more_rarely(virtually: Any) -> None:
    async def main() -> None:
        bench = Bench(*[True] * 4)
        for _ in range(3):
            assert bench.troubles(3)
            await bench.breaker.closed.wait()
        assert bench.probes == [2, 2 + 4, 2 + 4 + 8]
        bench.breaker.proof()
        assert bench.troubles(3)
        await bench.breaker.closed.wait()
        assert bench.probes[-1] == 2 + 4 + 8 + 2

    virtually(main())


@pytest.mark.parametrize(("told", "waits"), [(None, 2), (1.0, 2), (7.0, 7), (500.0, 30)])
def test_it_waits_as_long_as_the_site_says_within_reason(virtually: Any, told: float | None, waits: float) -> None:
    async def main() -> None:
        bench = Bench(True)
        bench.breaker.open("read-only", told)
        bench.breaker.open("again", 9.0)
        await bench.breaker.closed.wait()
        assert bench.probes == [waits]

    virtually(main())


def test_a_site_that_stays_away_too_long_is_an_outage(virtually: Any) -> None:
    async def main() -> None:
        bench = Bench()
        assert bench.troubles(3)
        await bench.breaker.closed.wait()
        [stop] = bench.stops
        assert isinstance(stop, Outage) and "within 100 s: no answer in time." in stop.message
        assert "run the same command again" in stop.hint
        assert 100 <= bench.loop.time() - bench.began <= 100 + 8

    virtually(main())


def test_the_time_away_is_counted_from_the_first_trouble_since_the_last_proof(virtually: Any) -> None:
    async def main() -> None:
        bench = Bench()
        bench.breaker.waited()
        await asyncio.sleep(99)
        bench.breaker.proof()
        bench.breaker.waited()
        await asyncio.sleep(99)
        bench.breaker.waited()
        assert bench.stops == []
        await asyncio.sleep(1)
        bench.breaker.waited()
        [stop] = bench.stops
        assert isinstance(stop, Outage) and "it kept telling us to wait" in stop.message
        assert bench.probes == []

    virtually(main())


@pytest.mark.parametrize("error", [KeyRefused("no such key"), ZeroDivisionError("a bug")], ids=repr)
def test_a_probe_that_fails_stops_and_closes(virtually: Any, error: Exception) -> None:
    async def main() -> None:
        bench = Bench(error)
        assert bench.troubles(3)
        await bench.breaker.closed.wait()
        is_known = isinstance(error, RunStopped)
        assert bench.stops == [error if is_known else None]
        assert bench.breaker.failure is (None if is_known else error)
        assert len(bench.probes) == 1

    virtually(main())


def test_once_cancelled_the_look_under_way_ends_too(virtually: Any) -> None:
    async def main() -> None:
        bench = Bench()
        assert bench.troubles(3)
        bench.breaker.cancel()
        assert bench.breaker.closed.is_set()
        await asyncio.sleep(1_000)
        assert bench.probes == [] and bench.stops == []

    virtually(main())


def test_what_was_held_against_the_site_is_forgotten_when_sending_begins_again(virtually: Any) -> None:
    """After the pilot, say, which ended while the site was looked for."""

    async def main() -> None:
        bench = Bench(True)
        assert bench.troubles(3)
        bench.breaker.cancel()
        assert not bench.troubles(9), "nobody is held up any more"
        bench.breaker.begin()
        assert not bench.troubles(2)
        assert bench.troubles(1)
        await bench.breaker.closed.wait()
        assert bench.probes == [2]

    virtually(main())
