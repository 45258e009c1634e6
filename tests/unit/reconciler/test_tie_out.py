"""What a tie-out is made of: waiting for what is unsettled, pages, and what of a listed credit has an identity."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from batch_credits.call import call_for
from batch_credits.chargebee.lists import ListedCredit
from batch_credits.errors import AnsweredForAnother, DoubleCreditAlarm, KeyRefused, LedgerError, RunStopped
from batch_credits.ledger import Difference, ForeignCredit
from batch_credits.model import ControlTotal, Money, PlannedCredit
from batch_credits.reconciler.tie_out import CurrencyLine, Held, TieOut, foreign, in_pages
from tests.each import each

CREDIT = PlannedCredit(1, "c-1", "q3", Money(100, None, "USD"), "general", b"")
ITEM = ListedCredit("cr-1", "c-1", "q3", Money(100, None, "USD"), "loyalty_credits", "increment", "300")


# -- Waiting ------------------------------------------------------------------------------------------------


class Settler:
    """Holds what it is given, until the test gives it back."""

    def __init__(self) -> None:
        self.held: list[PlannedCredit] = []
        self.pools: list[Any] = []
        self.failure: BaseException | None = None

    def hold(self, credit: PlannedCredit, pool: Any) -> None:
        self.held.append(credit)
        self.pools.append(pool)


def waiting_for(virtually: Any, count: int, *ends: str | RunStopped | LedgerError) -> str:
    """How the wait for so many credits goes when this comes, a second after each other."""

    async def main() -> str:
        settler: Any = Settler()
        held = Held([replace(CREDIT, request_id=number) for number in range(count)], settler)
        assert settler.pools == [held] * count
        assert len(settler.held) == count
        waiting = asyncio.get_running_loop().create_task(held.wait())
        for end in ends:
            await asyncio.sleep(1)
            if isinstance(end, str):
                getattr(held, end)(settler.held.pop())
            elif isinstance(end, RunStopped):
                held.stop(end)
            else:  # the settler itself fails
                settler.failure = end
                held.stop(None)
        await asyncio.sleep(1)
        if not waiting.done():
            waiting.cancel()
            return "waits"
        error = waiting.exception()
        return "is over" if error is None else str(error)

    said: str = virtually(main())
    return said


@pytest.mark.parametrize(
    ("count", "ends", "goes"),
    [
        (0, [], "is over"),
        (1, [], "waits"),
        (2, ["settled"], "waits"),
        (2, ["settled", "settled"], "is over"),
        (2, ["release", "settled"], "is over"),  # where nothing is sent it is done with, too
        (2, [KeyRefused("no such key")], "no such key"),
        (2, [KeyRefused("the first"), KeyRefused("the second")], "the first"),
        (2, ["settled", DoubleCreditAlarm("two of them")], "waits"),
        (2, [DoubleCreditAlarm("two of them"), "settled", "settled"], "is over"),
        (1, [DoubleCreditAlarm("two of them"), KeyRefused("no such key")], "no such key"),
        (1, [AnsweredForAnother("not ours")], "not ours"),
        (2, [LedgerError("the disk is full")], "the disk is full"),
        (2, ["settled", LedgerError("the disk is full")], "the disk is full"),
        (2, [KeyRefused("no such key"), LedgerError("the disk is full")], "no such key"),
        (2, [DoubleCreditAlarm("two of them"), LedgerError("the disk is full")], "the disk is full"),
    ],
    ids=repr,
)
def test_it_waits_until_all_are_settled_or_the_site_refuses_us(
    virtually: Any, count: int, ends: list[Any], goes: str
) -> None:
    assert waiting_for(virtually, count, *ends) == goes


# -- Pages, and what is taken of them -----------------------------------------------------------------------


@each("count, sizes", [(0, []), (1, [1]), (100, [100]), (101, [100, 1]), (200, [100, 100])])
def test_credits_come_a_hundred_at_a_time(count: int, sizes: list[int]) -> None:
    async def credits() -> AsyncIterator[ListedCredit]:
        for number in range(count):
            yield ITEM._replace(credit_id=f"cr-{number}")

    async def main() -> list[list[ListedCredit]]:
        return [page async for page in in_pages(credits())]

    pages = asyncio.run(main())
    assert [len(page) for page in pages] == sizes
    assert [credit.credit_id for page in pages for credit in page] == [f"cr-{number}" for number in range(count)]


def test_what_has_no_reference_or_no_amount_has_no_identity() -> None:
    decimal = Money(None, "1.5", "USD")
    listed = [
        ITEM,
        ITEM._replace(credit_id="cr-2", reference=None),
        ITEM._replace(credit_id="cr-3", reference=""),
        ITEM._replace(credit_id="cr-4", money=Money(None, None, "USD")),
        ITEM._replace(credit_id="cr-5", money=decimal, credit_type=None),
    ]
    assert foreign(listed, None) == [
        ForeignCredit("cr-1", "c-1", "q3", Money(100, None, "USD"), "loyalty_credits", "{}"),
        ForeignCredit("cr-5", "c-1", "q3", decimal, None, "{}"),
    ]


def test_a_credit_is_the_business_entitys_that_it_names_or_that_was_asked_for() -> None:
    listed = [ITEM, ITEM._replace(business_entity_id="emea")]
    assert [each.call for each in foreign(listed, "apac")] == [call_for("apac"), call_for("emea")]


# -- What it says -------------------------------------------------------------------------------------------

ONE, TWO, NOTHING = ControlTotal(1, 100), ControlTotal(2, 200), ControlTotal()
DIFFERENCE = Difference(2, "c-1", "q3", "Chargebee does not list it")


@each(
    "lines, differences, ties_out",
    [
        ((), (), True),
        ((CurrencyLine("USD", TWO, ONE, ONE, ONE),), (), True),
        ((CurrencyLine("USD", ONE, NOTHING, ONE, NOTHING),), (), False),
        ((CurrencyLine("USD", ONE, NOTHING, ONE, ONE), CurrencyLine("EUR", ONE, ONE, NOTHING, ONE)), (), False),
        ((CurrencyLine("USD", ONE, NOTHING, ONE, ONE),), (DIFFERENCE,), False),
    ],
)
def test_it_ties_out_where_every_currency_and_every_row_does(
    lines: tuple[CurrencyLine, ...], differences: tuple[Difference, ...], ties_out: bool
) -> None:
    assert TieOut(lines, differences).ties_out is ties_out
