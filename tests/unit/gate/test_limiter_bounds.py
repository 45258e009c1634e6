"""The limiter against arithmetic: how long so many rows must take, and how long they take, without one window over.

With R a minute, N rows cannot all arrive sooner than (ceil(N / R) - 1) minutes after the first: the bound. A slot comes
back a minute after its answer, so every one of these minutes takes an answer's time more: that is the price of never
being over, and no limiter that knows only when requests left and were answered can pay less, for the request may have
arrived as late as its answer was written. If no answer takes longer than L, then every slot is taken at least once in
60 + L seconds, so every row has left within (ceil(N / R) - 1) * (60 + L), and has arrived L later.

So 1.01 of the bound is certain where no answer takes longer than about 0.6 s. Where some do, it depends: over many
minutes the mean answer counts, and total / bound nears 1 + mean / 60; over few, the slowest answer of the last minutes.
"""

import asyncio
import random
from collections.abc import Callable
from itertools import islice
from statistics import fmean
from typing import Any

import pytest

from batch_credits.gate.limiter import RateLimiter

ROWS = {150: (100, 151, 1_100, 1_200), 1_000: (1_001, 4_600, 10_000), 3_500: (3_501, 20_000)}
MANY = 4_600  # so many rows take a second, which is spent for the strictest bound alone
Latency = Callable[[random.Random], float]


def heavy_tailed(shortest: float, longest: float) -> Latency:
    """Seconds of an answer: the mean is nearly twice the shortest, and one in a thousand takes 30 times as long."""
    return lambda chance: min(longest, shortest * chance.paretovariate(2.0))


async def send_all(rows: int, budget: int, latency: Latency) -> tuple[list[float], list[float]]:
    """Send with as many workers as the budget has slots. Returns when each request arrived, and how long it took."""
    limiter, chance, loop = RateLimiter(budget, budget), random.Random(rows), asyncio.get_running_loop()
    arrivals: list[float] = []
    latencies: list[float] = []

    async def work() -> None:
        while len(latencies) < rows:
            seconds = latency(chance)
            latencies.append(seconds)
            await limiter.enter("POST")
            arrivals.append(loop.time() + seconds * chance.random())
            await asyncio.sleep(seconds)
            limiter.leave("POST")

    await asyncio.gather(*(work() for _ in range(min(rows, budget))))
    return sorted(arrivals), latencies


def is_over(arrivals: list[float], budget: int) -> bool:
    """Whether any rolling minute saw more arrivals than the budget."""
    return any(
        beyond - first < 60.0 - 1e-6 for first, beyond in zip(arrivals, islice(arrivals, budget, None), strict=False)
    )


ANSWERS = [(0.05, 0.5), (0.05, 5.0), (0.3, 5.0), (2.5, 5.0)]  # the shortest and the longest, in seconds
JOBS = [
    pytest.param(budget, rows, *seconds, marks=[pytest.mark.slow] if rows >= MANY and seconds != ANSWERS[0] else [])
    for budget, counts in ROWS.items()
    for rows in counts
    for seconds in ANSWERS
]


@pytest.mark.parametrize(("budget", "rows", "shortest", "longest"), JOBS)
def test_within_the_bound_and_never_over(
    virtually: Any, budget: int, rows: int, shortest: float, longest: float
) -> None:
    arrivals, latencies = virtually(send_all(rows, budget, heavy_tailed(shortest, longest)))
    assert len(arrivals) == rows
    assert not is_over(arrivals, budget)
    minutes = -(-rows // budget) - 1
    took = arrivals[-1] - arrivals[0]
    assert minutes * 60.0 - 1e-6 <= took <= minutes * (60.0 + max(latencies)) + max(latencies) + 1e-6
    if longest == 0.5 and minutes >= 5:  # then the line before says so too
        assert took <= 1.01 * minutes * 60.0


@pytest.mark.parametrize("shortest", [2.5, *(pytest.param(seconds, marks=pytest.mark.slow) for seconds in (0.05, 0.5))])
def test_over_many_minutes_the_mean_answer_counts(virtually: Any, shortest: float) -> None:
    budget, rows = 150, 15_000
    arrivals, latencies = virtually(send_all(rows, budget, heavy_tailed(shortest, 5.0)))
    assert not is_over(arrivals, budget)
    took, bound = arrivals[-1] - arrivals[0], 99 * 60.0
    assert took == pytest.approx(bound * (1 + fmean(latencies) / 60.0), rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("budget", list(ROWS))
def test_a_million_rows_within_a_hundredth_of_the_bound(virtually: Any, budget: int) -> None:
    rows = 1_000_000
    arrivals, _ = virtually(send_all(rows, budget, heavy_tailed(0.05, 5.0)), most_rounds=10 * rows)
    assert not is_over(arrivals, budget)
    assert arrivals[-1] - arrivals[0] <= 1.01 * 60.0 * (-(-rows // budget) - 1)
