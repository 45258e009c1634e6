"""The nouns: money compared exactly, totals summed exactly, and a key that is every request's own."""

from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from batch_credits.model import ControlTotal, Money, PlannedCredit, idempotency_key, sum_totals
from batch_credits.model.credit_requests import CreditRequest
from tests.each import each


def credit(**changes: Any) -> PlannedCredit:
    fields: dict[str, Any] = {
        "request_id": 1,
        "customer_id": "c-1",
        "reference": "q3",
        "money": Money(100, None, "USD"),
        "credit_type": "general",
        "body": b"customer_id=c-1&amount=100",
    }
    return PlannedCredit(**(fields | changes))


# -- The idempotency key ------------------------------------------------------------------------------------


def test_the_key_is_the_same_for_ever() -> None:
    """Written down, since a release that changed it would send what is under way a second time."""
    assert idempotency_key("acme-test", credit()) == (
        "bc-d287570600091d4e0a5d626492e2bc4696bbb02a3100e63ccec713f81ed900e3"
    )


def test_each_part_makes_another_key() -> None:
    keys = [
        idempotency_key("acme-test", credit()),
        idempotency_key("acme", credit()),
        idempotency_key("acme-test", credit(customer_id="c-2")),
        idempotency_key("acme-test", credit(reference="q4")),
        idempotency_key("acme-test", credit(generation=1)),
        idempotency_key("acme-test", credit(body=b"customer_id=c-1&amount=101")),
    ]
    assert len(set(keys)) == len(keys)


def test_how_far_it_got_does_not_change_the_key() -> None:
    again = credit(request_id=9, open_attempts=3, attempts=7, key_spoiled=True, first_sent=1.0, last_sent=2.0, sends=2)
    assert idempotency_key("acme-test", again) == idempotency_key("acme-test", credit())


def test_a_letter_that_moves_to_the_next_part_makes_another_key() -> None:
    whole = "ab1:c"
    keys = set()
    cuts = [(i, j) for i, j in product(range(len(whole) + 1), repeat=2) if i <= j]
    for i, j in cuts:
        parts = whole[:i], whole[i:j], whole[j:]
        keys.add(idempotency_key(parts[0], credit(customer_id=parts[1], reference=parts[2])))
    assert len(keys) == len(cuts)


words = st.text(max_size=8)
parts = st.tuples(words, words, words, st.integers(0, 99), st.binary(max_size=9))


@given(parts, parts)
def test_keys_are_equal_only_for_equal_requests(one: Any, other: Any) -> None:
    def key(site: str, customer: str, reference: str, generation: int, body: bytes) -> str:
        about = credit(customer_id=customer, reference=reference, generation=generation, body=body)
        return idempotency_key(site, about)

    assert (key(*one) == key(*other)) == (one == other)
    assert len(key(*one)) == 67
    assert key(*one).isascii()
    assert key(*one).isprintable()


# -- Money --------------------------------------------------------------------------------------------------


@each(
    "one, other, same",
    [
        (Money(100, None, "USD"), Money(100, None, "USD"), True),
        (Money(100, None, "USD"), Money(101, None, "USD"), False),
        (Money(100, None, "USD"), Money(100, None, "EUR"), False),
        (Money(100, None, "USD"), Money(100, None, None), False),
        (Money(None, "1.5", "USD"), Money(None, "1.50", "USD"), True),
        (Money(None, "1.5", "USD"), Money(None, "1.51", "USD"), False),
        (Money(150, None, "USD"), Money(None, "1.50", "USD"), False),
        (Money(1, None, "USD"), Money(None, "1", "USD"), False),
    ],
)
def test_same_money(one: Money, other: Money, same: bool) -> None:
    assert one.same_as(other) is same
    assert other.same_as(one) is same


def test_money_in_words() -> None:
    assert str(Money(100, None, "USD")) == "100 minor units of USD"
    assert str(Money(100, None, None)) == "100 minor units of the site's currency"
    assert str(Money(None, "1.50", "USD")) == "1.50 USD"


@pytest.mark.parametrize("amount", [True, 1.0, "1", Decimal(1)])
def test_an_amount_is_an_integer_and_nothing_like_it(amount: Any) -> None:
    with pytest.raises(ValidationError):
        CreditRequest(customer_id="c", reference="r", description="d", amount=amount)


@pytest.mark.parametrize("amount", [1.5, 1, Decimal("1.5")])
def test_an_amount_in_decimal_is_its_text(amount: Any) -> None:
    with pytest.raises(ValidationError):
        CreditRequest(customer_id="c", reference="r", description="d", amount_in_decimal=amount)


@pytest.mark.parametrize(
    "wrong",
    [
        {"customer_id": ""},
        {"customer_id": "c" * 51},
        {"reference": ""},
        {"reference": "r" * 501},
        {"description": "d" * 251},
        {"currency_code": "usd"},
        {"currency_code": "USDX"},
        {"currency_code": "USD\n"},
        {"credit_type": "gift"},
        {"unknown": "x"},
    ],
    ids=repr,
)
def test_a_request_keeps_chargebees_limits(wrong: dict[str, Any]) -> None:
    fields: dict[str, Any] = {"customer_id": "c", "reference": "r", "description": "d", "amount": 1}
    CreditRequest(**fields)
    with pytest.raises(ValidationError):
        CreditRequest(**(fields | wrong))


# -- Totals -------------------------------------------------------------------------------------------------


@given(st.lists(st.decimals(min_value=0, max_value=10**20, places=12), max_size=8))
def test_totals_are_exact(amounts: list[Decimal]) -> None:
    total = ControlTotal()
    for amount in amounts:
        total.add(Money(None, f"{amount:f}", "USD"))
    assert total.count == len(amounts)
    assert Fraction(total.amount_in_decimal) == sum(map(Fraction, amounts))
    assert sum_totals([{"USD": total}, {}])["USD"] == total


def test_several_totals_as_one() -> None:
    parts = [
        {"USD": ControlTotal(1, 5), "EUR": ControlTotal(2, 6)},
        {"USD": ControlTotal(3, 7, Decimal("99999999999999999999.999999999999"))},
        {"USD": ControlTotal(1, 0, Decimal("0.000000000002"))},
    ]
    assert sum_totals(parts) == {
        "USD": ControlTotal(5, 12, Decimal("100000000000000000000.000000000001")),
        "EUR": ControlTotal(2, 6),
    }
    assert parts[0]["USD"] == ControlTotal(1, 5)  # what is summed stays as it was
