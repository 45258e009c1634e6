"""The limiter against arithmetic: how long so many rows must take, and how long they take, without one window over.

With R a minute, N rows cannot all arrive sooner than (ceil(N / R) - 1) minutes after the first. A slot comes back a
minute after its answer, so every such minute takes an answer's time more: that is the price of never being over.
"""

import asyncio
import random
from typing import Any

import pytest

from batch_credits.worker_pool import RateLimiter

LONGEST_SECONDS = 5.0
QUICK_SECONDS, SLOW_SECONDS = 0.05, 0.3  # the shortest answers; the mean is nearly twice as long, the tail heavy


async def send_all(rows: int, budget: int, shortest: float) -> list[float]:
    """Send with as many workers as the budget has slots. Returns when each request arrived."""
    limiter, chance, loop = RateLimiter(budget, budget), random.Random(rows), asyncio.get_running_loop()
    arrivals: list[float] = []
    left = iter(range(rows))

    async def work() -> None:
        for _ in left:
            await limiter.enter("POST")
            latency = min(LONGEST_SECONDS, shortest * chance.paretovariate(2.0))
            there = latency * chance.random()
            await asyncio.sleep(there)
            arrivals.append(loop.time())
            await asyncio.sleep(latency - there)
            limiter.leave("POST")

    await asyncio.gather(*(work() for _ in range(min(rows, budget))))
    return sorted(arrivals)


@pytest.mark.parametrize("shortest", [QUICK_SECONDS, SLOW_SECONDS])
@pytest.mark.parametrize(
    ("budget", "rows"), [(150, 100), (150, 1_100), (1_000, 4_600), (1_000, 9_600), (3_500, 20_000)]
)
def test_to_the_limit_and_never_over_it(virtually: Any, budget: int, rows: int, shortest: float) -> None:
    arrivals = virtually(send_all(rows, budget, shortest))
    assert len(arrivals) == rows
    assert all(beyond - first >= 60.0 - 1e-6 for first, beyond in zip(arrivals, arrivals[budget:], strict=False))
    minutes = -(-rows // budget) - 1
    took = arrivals[-1] - arrivals[0]
    assert took <= minutes * (60.0 + 4 * shortest) + LONGEST_SECONDS
    if shortest == QUICK_SECONDS and minutes:
        assert took <= 1.01 * minutes * 60.0
