"""What an order says to whoever is to approve it."""

from dataclasses import replace

from batch_credits.approval.order import Sum
from batch_credits.approval.words import facts_of, totals_of
from batch_credits.settings import InputOptions
from tests.unit.approval.conftest import Office, office

__all__ = ["office"]


def test_money_is_told_with_the_decimals_that_the_order_states(office: Office) -> None:
    sums = {"VND": Sum(1, 2500, "0"), "EUR": Sum(2, 500, "12.345678"), "KRW": Sum(1, 0, "7")}
    order = replace(office.order, totals=sums)
    both = "5.00 EUR + 12.345678 EUR"
    assert totals_of(order) == {"EUR": both, "KRW": "7 KRW", "VND": "2,500 minor units (VND)"}
    order = replace(order, options={**order.options, "currency_exponents": [["VND", 0]]})
    assert order.input_options == InputOptions(reference="q4", currency_exponents=(("VND", 0),))
    assert totals_of(order)["VND"] == "2,500 VND"


def test_the_business_entity_is_said_where_there_is_one(office: Office) -> None:
    assert not [fact for fact in facts_of(office.order) if "entity" in fact]
    assert "For business entity emea." in facts_of(replace(office.order, business_entity="emea"))


def test_one_row_is_one_and_every_time_has_its_zone(office: Office) -> None:
    made, _, counted, *_ = facts_of(replace(office.order, rows=1, owed=1))
    assert counted == "1 row in the file, 1 to be credited."
    assert made == "Made by alice on 2026-11-28 12:00 UTC, good until 2026-12-05 12:00 UTC."
