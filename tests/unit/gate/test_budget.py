"""A limiter uses no more than the ledger gave it, whatever gets lost between the two."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest

from batch_credits.chargebee.client import GateClosed
from batch_credits.errors import LeaseLost, LedgerError
from batch_credits.gate.budget import SharedBudget
from batch_credits.gate.limiter import RateLimiter
from batch_credits.gate.session import Session
from batch_credits.ledger import Budget, Grant, Terms, Workers
from batch_credits.settings import RunSettings
from tests.unit.ledger.conftest import Book

SITE = "acme-test"
TERMS = Terms(100, 140.0, only_asks=False)


class Desk:
    """Gives what a test says, and remembers what it was told."""

    def __init__(self, *says: Grant | Exception) -> None:
        self.says = [*says]
        self.kept: list[tuple[float, int]] = []
        self.ends: list[Sequence[tuple[float, int]]] = []

    def begin(self, site: str, terms: Terms) -> None:
        assert (site, terms, self.kept) == (SITE, TERMS, [])

    def turn(self, site: str, terms: Terms, keeps: int) -> Grant:
        assert (site, terms) == (SITE, TERMS)
        self.kept.append((asyncio.get_running_loop().time(), keeps))
        said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if isinstance(said, Exception):
            raise said
        return said

    def end(self, site: str, terms: Terms, waits: Sequence[tuple[float, int]]) -> None:
        self.ends.append(waits)


async def on_the_spot(work: Callable[[], Any]) -> Any:
    return work()


def shared(desk: Any, limiter: RateLimiter, terms: Terms = TERMS, lease: float = 60.0) -> SharedBudget:
    return SharedBudget(limiter, desk, SITE, on_the_spot, terms, window_seconds=60.0, lease_seconds=lease)


async def request(limiter: RateLimiter, seconds: float) -> None:
    await limiter.enter("POST")
    await asyncio.sleep(seconds)
    limiter.leave("POST")


def test_it_begins_with_nothing_and_uses_what_it_is_given(virtually: Any) -> None:
    async def main() -> None:
        limiter = RateLimiter(100, 50, held=0)
        assert limiter.free_slots() == 0
        budget = shared(Desk(Grant(0, 3), Grant(2, 3), Grant(3, 3)), limiter)
        await budget.begin()
        assert limiter.free_slots() == 0
        waiting = asyncio.get_running_loop().create_task(limiter.enter("POST"))
        await asyncio.sleep(1.1)
        assert waiting.done(), "whoever waits is let through"
        assert limiter.free_slots() == 1
        await asyncio.sleep(1.1)
        assert limiter.free_slots() == 2
        await budget.end()

    virtually(main())


def test_what_is_out_beyond_its_share_is_kept_until_it_is_free(virtually: Any) -> None:
    desk = Desk(Grant(10, 10), Grant(10, 4))

    async def main() -> None:
        limiter = RateLimiter(100, 50, held=0)
        budget = shared(desk, limiter)
        await budget.begin()
        calls = [asyncio.get_running_loop().create_task(request(limiter, 8.0)) for _ in range(8)]
        await asyncio.sleep(5.5)
        assert limiter.free_slots() == 0
        await asyncio.gather(*calls)
        await asyncio.sleep(70)
        assert limiter.free_slots() == 4
        await budget.end()

    virtually(main())
    kept = {round(at - 1000): keeps for at, keeps in desk.kept}
    assert [kept[0], kept[5], kept[6], kept[67], kept[70]] == [0, 10, 8, 8, 4]


@pytest.mark.parametrize("lease", [60.0, 3.0])
def test_it_says_so_often_that_it_lives(virtually: Any, lease: float) -> None:
    desk = Desk(Grant(5, 5))

    async def main() -> None:
        budget = shared(desk, RateLimiter(100, 50, held=0), lease=lease)
        await budget.begin()
        await asyncio.sleep(100)
        await budget.end()

    virtually(main())
    times = [at for at, _keeps in desk.kept]
    assert max(after - before for before, after in pairwise(times)) <= min(5.01, lease / 5)


def test_cut_off_it_goes_on_with_what_it_has(virtually: Any) -> None:
    desk = Desk(Grant(5, 5), LedgerError("gone"))

    async def main() -> None:
        limiter = RateLimiter(100, 50, held=0)
        budget = shared(desk, limiter)
        await budget.begin()
        await asyncio.sleep(20)
        assert limiter.free_slots() == 5
        desk.says = [Grant(7, 7)]
        await asyncio.sleep(2)
        assert limiter.free_slots() == 7
        await budget.end()

    virtually(main())


def test_whoever_lost_its_lease_lets_nobody_through(virtually: Any) -> None:
    async def main() -> None:
        limiter = RateLimiter(100, 50, held=0)
        budget = shared(Desk(Grant(5, 5), LeaseLost("late")), limiter)
        await budget.begin()
        await asyncio.sleep(6)
        with pytest.raises(GateClosed):
            await limiter.enter("POST")
        await budget.end()

    virtually(main())


def test_at_its_end_it_says_when_each_slot_is_back(virtually: Any) -> None:
    desk = Desk(Grant(9, 9))

    async def main() -> None:
        limiter = RateLimiter(100, 50, held=0)
        budget = shared(desk, limiter)
        await budget.begin()
        await asyncio.gather(*(request(limiter, 1.0) for _ in range(3)))
        await asyncio.sleep(20.5)
        call = asyncio.get_running_loop().create_task(request(limiter, 30.0))
        await asyncio.sleep(1)
        limiter.close()
        await budget.end()
        told = len(desk.kept)
        await asyncio.sleep(60)
        assert len(desk.kept) == told
        await call

    virtually(main())
    assert desk.ends == [[(39.0, 3), (140.0, 1)]]


def test_a_ledger_that_cannot_be_told_of_the_end_stops_nothing(virtually: Any) -> None:
    class Failing(Desk):
        def end(self, *_: Any) -> None:
            raise LedgerError("gone")

    async def main() -> None:
        budget = shared(Failing(Grant(9, 9)), RateLimiter(100, 50, held=0))
        await budget.begin()
        await budget.end()

    virtually(main())


def test_what_never_began_gives_nothing_back_and_without_a_limit_nothing_is_asked(virtually: Any) -> None:
    desk = Desk(LedgerError("gone"))

    async def main() -> None:
        budget = shared(desk, RateLimiter(100, 50, held=0))
        with pytest.raises(LedgerError):
            await budget.begin()
        await budget.end()
        limiter = RateLimiter(0, 50, held=0)
        unlimited = shared(desk, limiter, Terms(0, 140.0, only_asks=False))
        await unlimited.begin()
        assert limiter.free_slots() is None
        await unlimited.end()

    virtually(main())
    assert (len(desk.kept), desk.ends) == (1, [])


def test_a_session_that_only_asks_leaves_the_rest_to_whoever_sends(virtually: Any, tmp_path: Any) -> None:
    book: Any = Book(tmp_path / "ledger.sqlite3")
    database = book.ledger._db

    def session(journaled: Callable[[], int] | None) -> Session:
        transport: Any = None
        desk = Budget(database, Workers(database))
        return Session(transport, desk, SITE, RunSettings(rate_per_minute=125), on_the_spot, journaled)

    async def main() -> None:
        sends, asks = session(lambda: 0), session(None)
        await sends.begin()
        await asks.begin()
        assert (sends.limiter.free_slots(), asks.limiter.free_slots()) == (99, 1)
        await asyncio.sleep(10)
        assert (sends.limiter.free_slots(), asks.limiter.free_slots()) == (95, 5)
        await asks.end()
        await asyncio.sleep(10)
        assert sends.limiter.free_slots() == 99
        await sends.end()

    virtually(main())
    book.close()
