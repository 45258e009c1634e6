"""The site's limit is everybody's: less at once when others use it, slowly more again, and nearly no refusals."""

import asyncio
import random
import re
from collections import deque
from itertools import pairwise
from typing import Any

import pytest

from batch_credits.gate.limiter import RateLimiter
from batch_credits.gate.share import Share
from batch_credits.progress.observers import SilentProgress

SITE_LIMIT = 600


class Watching(SilentProgress):
    """Our share, at each change; and those of them that a person is told in a sentence."""

    def __init__(self) -> None:
        self.shares: list[int] = []
        self.shrank: list[int] = []

    def slowed_to(self, per_minute: int) -> None:
        self.shares.append(per_minute)

    def note(self, text: str) -> None:
        [share] = re.findall(r"at ([0-9,]+) requests a minute", text)
        self.shrank.append(int(share.replace(",", "")))


class SharedSite:
    """Counts every arrival of a rolling minute, also those it refuses, and says when there will be room."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.arrivals: deque[float] = deque()
        self.requests = self.refused = 0

    def arrive(self) -> float | None:
        """Seconds to wait if refused."""
        now = asyncio.get_running_loop().time()
        while self.arrivals and self.arrivals[0] <= now - 60.0:
            self.arrivals.popleft()
        self.arrivals.append(now)
        if len(self.arrivals) <= SITE_LIMIT:
            return None
        return max(1.0, self.arrivals[len(self.arrivals) - SITE_LIMIT] + 60.0 - now)

    async def request(self) -> float | None:
        latency = self.chance.lognormvariate(-2.2, 0.6)
        await asyncio.sleep(latency / 2)
        wait = self.arrive()
        self.requests += 1
        self.refused += wait is not None
        await asyncio.sleep(latency / 2)
        return wait


async def runs(site: SharedSite, limiter: RateLimiter, rows: int) -> None:
    left = [None] * rows

    async def work() -> None:
        while left:
            left.pop()
            while True:
                await limiter.enter("POST")
                wait = await site.request()
                limiter.leave("POST")
                if wait is None:
                    break
                limiter.throttled(wait)

    await asyncio.gather(*(work() for _ in range(40)))


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))])
@pytest.mark.parametrize(("share", "gap"), [(480, 0.0), (480, 20.0), (600, 7.0)])
def test_two_runs_share_one_site(virtually: Any, seed: int, share: int, gap: float) -> None:
    site, rows = SharedSite(seed), 3000

    async def one(delay: float) -> None:
        await asyncio.sleep(delay)
        await runs(site, RateLimiter(share, 40), rows)

    async def main() -> float:
        began = asyncio.get_running_loop().time()
        await asyncio.gather(one(0.0), one(gap))
        return asyncio.get_running_loop().time() - began

    took = virtually(main())
    assert took <= 1.2 * (2 * rows / SITE_LIMIT * 60.0) + gap
    assert site.refused < 0.02 * site.requests


def test_a_refusal_shrinks_at_once_and_growth_is_slow() -> None:
    share = Share(100)
    share.shrink(0.0, 90)
    assert share.at(0.0) == 81
    share.shrink(1.0, 10)  # one refusal is no reason to give up nearly all
    assert share.at(1.0) == 56
    assert share.at(61.0) == 66
    share.keep(61.0)
    assert share.at(121.0) == 76
    assert share.at(1000.0) == 100
    share.shrink(1000.0, 100)
    assert share.at(1000.0) == 90


def test_a_share_is_never_nothing() -> None:
    share = Share(2)
    for second in range(50):
        share.shrink(float(second), 0)
    assert share.at(50.0) == 1


def test_of_another_whole_it_is_the_same_part() -> None:
    share = Share(100)
    share.resize(50, 0.0)
    assert share.at(0.0) == 50
    share.shrink(0.0, 40)
    assert share.at(0.0) == 36
    share.resize(100, 0.0)
    assert share.at(0.0) == 72
    assert share.at(60.0) == 82
    share.resize(0, 60.0)
    assert share.at(60.0) == 0
    share.resize(10, 61.0)
    assert share.at(61.0) == 10


def test_a_smaller_part_of_the_budget_is_nothing_that_a_refusal_took(virtually: Any) -> None:
    async def main() -> None:
        watching = Watching()
        limiter = RateLimiter(100, 50, progress=watching, held=0)
        limiter.resize(60)
        assert watching.shares == [100], "nobody slowed it"
        await limiter.enter("POST")
        limiter.leave("POST")
        limiter.throttled(1.0)
        limiter.resize(30)
        assert watching.shares == [100, 42, 21]
        assert limiter.resize(30) == 30, "the rest of its part is not given to others"

    virtually(main())


def test_requests_that_had_left_before_do_not_shrink_again(virtually: Any) -> None:
    async def main() -> None:
        watching = Watching()
        limiter = RateLimiter(100, 50, progress=watching)
        for _ in range(10):
            await limiter.enter("POST")
        for _ in range(10):
            limiter.leave("POST")
            limiter.throttled(1.0)
        assert watching.shares == watching.shrank == [70]
        await limiter.enter("POST")
        limiter.leave("POST")
        limiter.throttled(1.0)
        assert watching.shares == watching.shrank and watching.shrank[1] < 70

    virtually(main())


def test_without_a_budget_a_refusal_only_pauses(virtually: Any) -> None:
    async def main() -> None:
        watching = Watching()
        limiter = RateLimiter(0, 5, progress=watching)
        limiter.throttled(30.0)
        assert not watching.shrank
        began = asyncio.get_running_loop().time()
        await limiter.enter("POST")
        assert asyncio.get_running_loop().time() - began == pytest.approx(30.0)
        assert limiter.free_slots() is None

    virtually(main())


def test_while_others_use_the_limit_requests_are_spread(virtually: Any) -> None:
    async def main() -> None:
        watching = Watching()
        limiter = RateLimiter(60, 50, progress=watching)
        await limiter.enter("POST")
        limiter.leave("POST")
        limiter.throttled(1.0)
        assert watching.shares == [42]
        left: list[float] = []
        for _ in range(10):
            await limiter.enter("POST")
            left.append(asyncio.get_running_loop().time())
        assert all(later - earlier > 1.2 for earlier, later in pairwise(left[1:]))
        assert limiter.free_slots() == 1

    virtually(main())
