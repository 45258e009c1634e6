"""What an earlier run sent within the last minute counts, however that run ended."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from batch_credits.errors import LedgerError
from batch_credits.gate.limiter import RateLimiter
from batch_credits.gate.memory import SlotMemory
from batch_credits.ledger import Ledger, times

SITE = "acme-test"
EPOCH_MS = 1_790_000_000_000


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Any]:
    with Ledger.open(tmp_path / "ledger.sqlite3") as opened:
        yield opened


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The wall clock keeps step with the loop's; `jump` moves it away."""
    wall = {"jump": 0}
    monkeypatch.setattr(
        times, "now_ms", lambda: EPOCH_MS + wall["jump"] + int(asyncio.get_running_loop().time() * 1000)
    )
    return wall


async def on_the_spot(work: Callable[[], Any]) -> Any:
    return work()


async def process(
    ledger: Any, budget: int, arrivals: list[float], rows: int, *, killed_after: float | None = None, journaled: int = 0
) -> None:
    """One process that sends so many requests; or it is killed, and closes nothing."""
    limiter = RateLimiter(budget, 50)
    slots = SlotMemory(limiter, ledger.slots, SITE, on_the_spot, lambda: journaled, 80.0)
    await slots.begin()

    async def call() -> None:
        await limiter.enter("POST")
        await asyncio.sleep(0.1)
        arrivals.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.1)
        limiter.leave("POST")

    if killed_after is None:
        await asyncio.gather(*(call() for _ in range(rows)))
        await slots.end()
        return
    calls = [asyncio.get_running_loop().create_task(call()) for _ in range(rows)]
    await asyncio.sleep(killed_after)
    assert slots._noting is not None
    calls.append(slots._noting)
    for one in calls:
        one.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


def most_in_a_minute(arrivals: list[float]) -> int:
    return max(sum(first <= one < first + 60 - 1e-6 for one in arrivals) for first in arrivals)


@pytest.mark.parametrize("gap", [0.0, 5.0, 59.0])
def test_runs_in_a_row_never_overrun_together(virtually: Any, ledger: Any, clock: Any, gap: float) -> None:
    arrivals: list[float] = []

    async def main() -> None:
        for rows in (40, 70, 90):
            await process(ledger, 48, arrivals, rows)
            await asyncio.sleep(gap)

    virtually(main())
    assert len(arrivals) == 200
    assert most_in_a_minute(arrivals) <= 48


def test_after_a_minute_nothing_counts(virtually: Any, ledger: Any, clock: Any) -> None:
    async def main() -> float:
        await process(ledger, 48, [], 48)
        await asyncio.sleep(60.1)
        began = asyncio.get_running_loop().time()
        await process(ledger, 48, [], 48)
        return asyncio.get_running_loop().time() - began

    assert virtually(main()) < 1


def test_what_a_killed_run_had_noted_counts(virtually: Any, ledger: Any, clock: Any) -> None:
    arrivals: list[float] = []

    async def main() -> None:
        await process(ledger, 40, arrivals, 30, killed_after=3.0)
        await process(ledger, 40, arrivals, 40)

    virtually(main())
    assert len(arrivals) == 70
    assert most_in_a_minute(arrivals) <= 40


def test_what_a_killed_run_had_under_way_counts_a_minute_from_now(virtually: Any, ledger: Any, clock: Any) -> None:
    async def main() -> None:
        await process(ledger, 40, [], 0, killed_after=1.0, journaled=7)
        await asyncio.sleep(70)
        assert ledger.slots.taken(SITE, 80.0) == [(60.0, 7)]
        await asyncio.sleep(40)
        assert [requests for _, requests in ledger.slots.taken(SITE, 80.0)] == [7]
        await asyncio.sleep(31)
        assert ledger.slots.taken(SITE, 80.0) == []

    virtually(main())


@pytest.mark.parametrize("jump_days", [-400, -1, 1, 400])
def test_no_jump_of_the_clock_makes_a_run_wait_longer_than_a_minute(
    virtually: Any, ledger: Any, clock: dict[str, int], jump_days: int
) -> None:
    async def main() -> float:
        await process(ledger, 10, [], 10)
        clock["jump"] = jump_days * 86_400_000
        began = asyncio.get_running_loop().time()
        await process(ledger, 10, [], 10)
        return asyncio.get_running_loop().time() - began

    assert virtually(main()) <= 60.3


def test_without_a_limit_nothing_is_held_back(virtually: Any, ledger: Any, clock: Any) -> None:
    async def main() -> float:
        await process(ledger, 10, [], 10)
        began = asyncio.get_running_loop().time()
        await process(ledger, 0, [], 100)
        return asyncio.get_running_loop().time() - began

    assert virtually(main()) < 1


def test_every_site_has_its_own(virtually: Any, ledger: Any, clock: Any) -> None:
    async def main() -> None:
        await process(ledger, 10, [], 10)
        assert ledger.slots.taken("other-test", 80.0) == []
        assert sum(requests for _, requests in ledger.slots.taken(SITE, 80.0)) == 10

    virtually(main())


def test_notes_are_few(virtually: Any, ledger: Any, clock: Any) -> None:
    class Counting:
        notes = 0

        @property
        def slots(self) -> Self:
            return self

        def note(self, *_: Any) -> None:
            self.notes += 1

        def taken(self, *_: Any) -> list[tuple[float, int]]:
            return []

    counting = Counting()

    async def main() -> float:
        began = asyncio.get_running_loop().time()
        await process(counting, 3000, [], 2000)
        return asyncio.get_running_loop().time() - began

    assert counting.notes <= virtually(main()) + 3


def test_a_ledger_that_takes_no_note_stops_nothing(virtually: Any) -> None:
    class Failing:
        @property
        def slots(self) -> Self:
            return self

        def note(self, *_: Any) -> None:
            raise LedgerError("disk full")

        def taken(self, *_: Any) -> list[tuple[float, int]]:
            return [(30.0, 5)]

    arrivals: list[float] = []
    virtually(process(Failing(), 10, arrivals, 30))
    assert len(arrivals) == 30


def test_a_run_that_never_began_leaves_the_note_alone(virtually: Any, ledger: Any, clock: Any) -> None:
    async def main() -> None:
        await process(ledger, 10, [], 10)
        await SlotMemory(RateLimiter(10, 5), ledger.slots, SITE, on_the_spot, lambda: 0, 80.0).end()
        assert sum(requests for _, requests in ledger.slots.taken(SITE, 80.0)) == 10

    virtually(main())


def test_once_closed_nothing_is_noted_any_more(virtually: Any) -> None:
    """The ledger is closed next."""

    class Notes:
        def __init__(self) -> None:
            self.noted = 0

        def taken(self, site: str, timeout_seconds: float, window_seconds: float) -> list[float]:
            return []

        def note(self, site: str, ages: Any, under_way: int) -> None:
            self.noted += 1

    async def main() -> None:
        notes: Any = Notes()
        limiter = RateLimiter(60, 5)
        slots = SlotMemory(limiter, notes, SITE, on_the_spot, lambda: 0, 80.0)
        await slots.begin()
        await limiter.enter("POST")
        limiter.leave("POST")
        assert limiter.changed.is_set()
        await slots.end()
        noted = notes.noted
        assert noted == 2, "at the beginning, and at the end"
        await asyncio.sleep(100)
        assert notes.noted == noted

    virtually(main())
