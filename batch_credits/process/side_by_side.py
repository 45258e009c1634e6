"""Questions side by side: one that waits for its answer holds up no other, and what comes back keeps its order."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


async def side_by_side(
    ask: Callable[[Item], Awaitable[Answer]], items: Iterable[Item], at_once: int
) -> AsyncGenerator[tuple[Item, Answer], None]:
    """Each item with what `ask` says of it, in the items' order; so many at most are asked or held at one time.

    Items are taken as there is room, so they may be many. Close the iterator where it is left early.

    Raises: whatever `ask` raises; the others are then given up.
    """
    under_way: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
    try:
        for item in items:
            under_way.append((item, asyncio.ensure_future(ask(item))))
            if len(under_way) >= at_once:
                first, answer = under_way[0]
                found = await answer
                under_way.popleft()
                yield first, found
        while under_way:
            first, answer = under_way[0]
            found = await answer
            under_way.popleft()
            yield first, found
    finally:
        for _, answer in under_way:
            answer.cancel()
        await asyncio.gather(*(answer for _, answer in under_way), return_exceptions=True)
