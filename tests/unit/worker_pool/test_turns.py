"""Whose turn it is: one credit of a customer at a time, in the order in which they came."""

from typing import Any

import pytest

from batch_credits.model import Money, PlannedCredit
from batch_credits.worker_pool import turns
from batch_credits.worker_pool.turns import Turns


def credit(number: int, customer: str) -> PlannedCredit:
    return PlannedCredit(number, customer, f"r-{number}", Money(100, None, "USD"), "general", b"")


def test_a_customers_credits_come_one_after_the_other_in_their_order() -> None:
    whose, rows = Turns(), [credit(number, "c-1") for number in range(4)]
    assert [whose.begins(row) for row in rows] == [True, False, False, False]
    assert [whose.next_after(row) for row in rows] == [*rows[1:], None]
    assert whose.begins(credit(9, "c-1")), "his place is free again"


def test_customers_do_not_wait_for_each_other() -> None:
    whose = Turns()
    one, other = credit(1, "c-1"), credit(2, "c-2")
    assert whose.begins(one) and whose.begins(other)
    assert whose.next_after(one) is None and whose.next_after(other) is None


def test_so_many_may_wait_and_no_more(monkeypatch: Any) -> None:
    monkeypatch.setattr(turns, "_MAX_WAITING", 2)
    whose, first = Turns(), credit(1, "c-1")
    assert whose.begins(first) and not whose.are_full
    assert not whose.begins(credit(2, "c-1")) and not whose.are_full
    assert not whose.begins(credit(3, "c-1")) and whose.are_full
    assert whose.next_after(first) is not None and not whose.are_full


def test_nobody_gives_up_a_place_that_he_has_not() -> None:
    with pytest.raises(KeyError):
        Turns().next_after(credit(1, "c-1"))
