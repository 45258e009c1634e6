"""Every credit that is owed comes once, in order, one page being read ahead."""

import asyncio
from typing import Any

import pytest

from batch_credits.errors import LedgerError
from batch_credits.model import Money, PlannedCredit
from batch_credits.worker_pool.pages import Owed
from tests.each import each


def credit(number: int) -> PlannedCredit:
    return PlannedCredit(number, f"c-{number}", f"r-{number}", Money(100, None, "USD"), "general", b"")


class Pages:
    """A ledger with so many credits owed, which remembers what it was asked."""

    def __init__(self, count: int) -> None:
        self.ids = range(1, count + 1)
        self.asked: list[tuple[int, int]] = []
        self.fails_at: int | None = None

    async def read(self, after: int, limit: int) -> list[PlannedCredit]:
        self.asked.append((after, limit))
        if len(self.asked) == self.fails_at:
            raise LedgerError("disk full")
        await asyncio.sleep(0)
        return [credit(number) for number in self.ids if number > after][:limit]


async def all_of(owed: Owed) -> list[int]:
    found = []
    while not owed.is_all_taken:
        if (one := owed.take()) is not None:
            found.append(one.request_id)
        else:
            await owed.read_more()
    return found


@each("count", [0, 1, 4, 5, 6, 10, 11])
def test_each_comes_once_and_in_order(count: int) -> None:
    async def main() -> None:
        owed = Owed(Pages(count).read, 5, ())
        assert await all_of(owed) == list(range(1, count + 1))
        assert owed.is_all_read and owed.take() is None

    asyncio.run(main())


def test_those_left_out_are_left_out_also_where_they_fill_a_page() -> None:
    async def main() -> None:
        left_out: set[int] = {2}
        owed = Owed(Pages(12).read, 5, left_out)
        left_out |= set(range(6, 11))  # learned meanwhile
        assert await all_of(owed) == [1, 3, 4, 5, 11, 12]

    asyncio.run(main())


def test_the_next_page_is_read_while_one_is_taken() -> None:
    async def main() -> None:
        pages = Pages(12)
        owed = Owed(pages.read, 5, ())
        assert pages.asked == [], "nothing is read before it is asked for"
        await owed.read_more()
        await asyncio.sleep(0.01)
        assert pages.asked == [(0, 5), (5, 5)]
        await owed.close()

    asyncio.run(main())


def test_a_page_that_cannot_be_read_is_no_end() -> None:
    async def main() -> None:
        pages = Pages(12)
        pages.fails_at = 2
        owed = Owed(pages.read, 5, ())
        await owed.read_more()
        with pytest.raises(LedgerError):
            await owed.read_more()
        assert not owed.is_all_read
        await owed.close()

    asyncio.run(main())


def test_what_is_being_read_at_the_end_is_given_up() -> None:
    async def main() -> None:
        never: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        async def read(after: int, limit: int) -> list[PlannedCredit]:
            if after:
                await never
            return [credit(number) for number in range(1, limit + 1)]

        owed = Owed(read, 5, ())
        await owed.read_more()
        await asyncio.sleep(0)
        await owed.close()
        assert never.cancelled()

    asyncio.run(main())
