"""What was asked a moment ago is not asked again; and only that."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from batch_credits.chargebee.client import LookFailed
from batch_credits.model import CallKind, Money, PlannedCredit, RequestState
from batch_credits.reconciler.nearby import BESIDE_SECONDS, Lists
from tests.each import each

FIRST = PlannedCredit(1, "c-1", "q3", Money(100, None, "USD"), "general", b"", 0, False, 0, 0, RequestState.PENDING)


class World:
    """A site that counts what it is asked, and a clock."""

    def __init__(self) -> None:
        self.time = 100.0
        self.asked: list[str] = []
        self.is_broken = False
        self.seconds: dict[str, float] = {}  # that an answer takes
        chargebee: Any = self
        self.lists = Lists(chargebee, lambda: self.time)

    async def credits_of(self, customer_id: str, kind: CallKind, call: str | None) -> list[Any]:
        self.asked.append(customer_id)
        if self.is_broken:
            raise LookFailed("HTTP 500")
        for _ in range(int(self.seconds.get(customer_id, 0))):
            await asyncio.sleep(0)
            self.time += 1
        return [f"{customer_id}, {len(self.asked)}"]

    def look(self, credit: PlannedCredit, *other_ids: str) -> list[Any]:
        listed = asyncio.run(self.lists.of(credit, other_ids))
        return [*listed.own, *listed.elsewhere]


def test_the_next_row_of_a_customer_has_the_list_of_the_one_before() -> None:
    world = World()
    assert world.look(FIRST, "C-1") == world.look(replace(FIRST, request_id=2, reference="q4"), "C-1")
    assert world.asked == ["c-1", "C-1"]


def test_a_list_that_is_older_than_a_moment_is_asked_for_again() -> None:
    world = World()
    world.look(FIRST)
    world.time += BESIDE_SECONDS
    world.look(FIRST)
    assert world.asked == ["c-1", "c-1"]


def test_a_list_that_was_long_on_its_way_is_not_kept_behind_a_younger_one() -> None:
    world = World()
    world.seconds = {"c-1": BESIDE_SECONDS - 1, "C-1": 2}  # as where each waits for its slot

    async def look_at_both() -> None:
        slow = asyncio.ensure_future(world.lists.of(FIRST, ["C-1"]))
        for _ in range(3):
            await asyncio.sleep(0)
        await asyncio.gather(slow, world.lists.of(replace(FIRST, customer_id="c-2"), []))

    asyncio.run(look_at_both())
    asked = len(world.asked)
    world.look(FIRST)
    assert world.asked[asked:] == ["c-1"]


@each(
    "changes",
    [{"open_attempts": 1, "attempts": 1}, {"attempts": 1}, {"look_first": True}, {"kind": CallKind.DEDUCT},
     {"customer_id": "c-2"}, {"call": '{"chargebee-business-entity-id":"emea"}'}],
)  # fmt: skip
def test_whatever_else_is_looked_at_is_asked_for_now(changes: dict[str, Any]) -> None:
    world = World()
    world.look(FIRST)
    world.look(replace(FIRST, **changes))
    assert len(world.asked) == 2


def test_a_look_that_failed_is_kept_for_nobody() -> None:
    world = World()
    world.is_broken = True
    with pytest.raises(LookFailed):
        world.look(FIRST)
    world.is_broken = False
    assert world.look(FIRST) == ["c-1, 2"]


def test_lists_of_many_customers_are_not_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batch_credits.reconciler.nearby._MAX_KEPT", 3)
    world = World()
    for number in range(5):
        world.look(replace(FIRST, customer_id=f"c-{number}"))
    world.look(replace(FIRST, customer_id="c-4"))
    world.look(replace(FIRST, customer_id="c-0"))
    assert len(world.asked) == 6
