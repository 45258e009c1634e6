"""Time limits by one timer, in virtual time: each call ends when its own time is up, and no other."""

import asyncio
from typing import Any

import pytest

from batch_credits.chargebee.deadlines import Deadlines

SECONDS = 5.0


async def call(deadlines: Deadlines, begins: float, takes: float) -> tuple[str, float]:
    """One call's end, and when it came."""
    await asyncio.sleep(begins)
    task = asyncio.current_task()
    assert task is not None
    deadlines.begin(task)
    try:
        await asyncio.sleep(takes)
        how = "answered"
    except asyncio.CancelledError:
        how = "time was up" if deadlines.ended(task) else "cancelled"
    finally:
        deadlines.end(task)
    await asyncio.sleep(0)  # a task that is still being cancelled would not come past this
    return how, asyncio.get_running_loop().time()


def test_each_call_ends_when_its_own_time_is_up(virtually: Any) -> None:
    async def main() -> list[tuple[str, float]]:
        deadlines = Deadlines(SECONDS)
        began = asyncio.get_running_loop().time()
        calls = [(0, 1), (0, 99), (2, 99), (2, 4.9), (2, 99), (30, 99), (30, 2)]
        ended = await asyncio.gather(*(call(deadlines, begins, takes) for begins, takes in calls))
        deadlines.close()
        return [(how, round(at - began, 3)) for how, at in ended]

    late = "time was up"
    assert virtually(main()) == [
        ("answered", 1.0),
        (late, 5.0),
        (late, 7.0),
        ("answered", 6.9),
        (late, 7.0),
        (late, 35.0),
        ("answered", 32.0),
    ]


@pytest.mark.parametrize("after", [1.0, SECONDS])
def test_a_call_that_others_cancel_is_cancelled(virtually: Any, after: float) -> None:
    async def main() -> str:
        deadlines = Deadlines(SECONDS)
        task = asyncio.create_task(call(deadlines, 0, 99))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(after, task.cancel)
        how, _at = await task
        deadlines.close()
        return how

    assert virtually(main()) == "cancelled"
