"""What lost workers left is waited for together, where it is due together."""

import asyncio
from collections.abc import Callable
from typing import Any

from batch_credits.ledger import Moment
from batch_credits.reconciler.lost import LostHolders
from tests.unit.reconciler.test_settler import left_by_the_lost


def test_what_is_due_in_one_second_asks_for_one_moment() -> None:
    asked: list[int] = []

    def moment() -> Moment:
        asked.append(len(asked))
        return Moment(7)

    async def in_thread(ask: Callable[[], Any]) -> Any:
        return ask()

    async def wait() -> None:
        lost = LostHolders(moment, in_thread, 0.0)
        credits = [left_by_the_lost(0.3), left_by_the_lost(0.3)]
        credits[1].request_id += 1
        for credit in (*credits, credits[0]):
            lost.note(credit)
        assert lost.since(credits[0]) is None
        while lost.since(credits[1]) is None:
            await asyncio.sleep(0.01)
        assert lost.since(credits[0]) == Moment(7)
        await lost.close()

    asyncio.run(asyncio.wait_for(wait(), 30))
    assert asked == [0] or asked == [0, 1]  # a second may begin in between
