"""The breaker by itself; how the pool lives with it is tested with the pool."""

import asyncio

from batch_credits.settings import RunSettings
from batch_credits.worker_pool.breaker import Breaker


def test_once_the_run_is_over_nothing_pauses_anybody() -> None:
    """Answers are lost while a run drains, too: a breaker opened by them would hold up its end."""

    async def main() -> None:
        async def probe() -> bool:
            raise AssertionError("nobody asks any more")

        settings = RunSettings(breaker_threshold=2)
        breaker = Breaker(settings, probe, lambda stop: None, lambda text: None, lambda: 0.5)
        breaker.cancel()
        for _ in range(3):
            breaker.trouble("no answer in time")
        breaker.open("read-only", None)
        assert breaker.closed.is_set()

    asyncio.run(main())
