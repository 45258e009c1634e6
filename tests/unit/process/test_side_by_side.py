"""Questions that are asked side by side."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from functools import wraps
from typing import Any

import pytest

from batch_credits.process.side_by_side import side_by_side


def in_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """A test that runs in a loop of its own."""

    @wraps(test)
    def run() -> None:
        asyncio.run(test())

    return run


class Site:
    """Answers the later the earlier it was asked, from `silent` on never, and counts how many wait."""

    def __init__(self, broken: int | None = None, silent: int = 1_000) -> None:
        self.broken, self.silent = broken, silent
        self.waiting = self.most = self.given_up = 0

    async def ask(self, number: int) -> int:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        try:
            for _ in range(20 - number % 20):
                await asyncio.sleep(0)
            if number >= self.silent:
                await asyncio.Event().wait()
            if number == self.broken:
                raise ValueError(number)
            return number * number
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        finally:
            self.waiting -= 1


@in_loop
async def test_answers_come_in_the_order_of_the_items_and_so_many_at_once() -> None:
    site = Site()
    found = [each async for each in side_by_side(site.ask, iter(range(50)), 7)]
    assert found == [(number, number * number) for number in range(50)]
    assert site.most == 7


@in_loop
async def test_one_at_a_time_and_nothing_at_all() -> None:
    site = Site()
    assert [number async for number, _ in side_by_side(site.ask, range(3), 1)] == [0, 1, 2]
    assert site.most == 1
    assert [each async for each in side_by_side(site.ask, (), 5)] == []


@in_loop
async def test_an_error_gives_the_others_up() -> None:
    site = Site(broken=3, silent=4)
    seen: list[int] = []
    with pytest.raises(ValueError, match="3"):
        async for number, _ in side_by_side(site.ask, range(20), 5):
            seen.append(number)
    assert seen == [0, 1, 2]
    assert site.waiting == 0 and site.given_up > 0


@in_loop
async def test_who_leaves_early_leaves_nothing_behind() -> None:
    site = Site(silent=1)
    async with aclosing(side_by_side(site.ask, range(20), 5)) as answers:
        async for _ in answers:
            break
    assert (site.waiting, site.given_up) == (0, 4)
