"""The body of an add or deduct: what passes, and which field a refusal names."""

import pytest

from batch_credits.sandbox.errors import ApiError
from batch_credits.sandbox.fields import MAX_AMOUNT, read_change, read_form
from tests.each import each

VALID = {"customer_id": "c-1", "amount": "1000", "description": "Loyalty"}


def test_a_form_is_decoded() -> None:
    assert read_form(b"a=1+2&b%5Bis%5D=%C3%A9&c=") == {"a": "1 2", "b[is]": "é", "c": ""}
    assert read_form(b"") == {}


@each("body", [b"a", b"a=1&&b=2", b"a=%ff", b"\xc3\xa9=1", b'{"a":1}', b"&".join([b"a=1"] * 101)])
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        read_form(body)
    assert (caught.value.status, caught.value.api_error_code) == (400, "invalid_request")


def test_a_field_given_twice_is_refused() -> None:
    with pytest.raises(ApiError) as caught:
        read_form(b"a=1&b=1&b=1")
    assert caught.value.param == "b"


def test_a_whole_change() -> None:
    change = read_change(
        "add", {**VALID, "currency_code": "EUR", "credit_type": "loyalty_credits", "reference": "q3", "amount": "1"}
    )
    assert (change.type, change.customer_id, change.amount, change.amount_in_decimal) == ("increment", "c-1", 1, None)
    assert (change.currency_code, change.credit_type, change.reference) == ("EUR", "loyalty_credits", "q3")


def test_what_may_be_left_out() -> None:
    change = read_change("deduct", {"customer_id": "c-1", "description": "x"})
    assert (change.type, change.amount, change.currency_code) == ("decrement", None, None)
    assert (change.credit_type, change.reference) == ("general", None)


@each(
    "changes",
    [
        {"amount": str(MAX_AMOUNT)},
        {"customer_id": "c" * 50},
        {"reference": "r" * 500},
        {"description": "é" * 250},
        {"amount": None, "amount_in_decimal": "0.01"},
        {"amount": None, "amount_in_decimal": "1" * 33},
    ],
)
def test_the_bounds_pass(changes: dict[str, str | None]) -> None:
    read_change("add", {name: value for name, value in {**VALID, **changes}.items() if value is not None})


@each(
    "changes, param",
    [
        ({"customer_id": None}, "customer_id"),
        ({"customer_id": " "}, "customer_id"),
        ({"customer_id": "c" * 51}, "customer_id"),
        ({"description": None}, "description"),
        ({"description": "d" * 251}, "description"),
        ({"amount": None}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "1.0"}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"amount": "1_000"}, "amount"),
        ({"amount": " 1"}, "amount"),
        ({"amount": "\uff11"}, "amount"),
        ({"amount": str(MAX_AMOUNT + 1)}, "amount"),
        ({"amount": "9" * 17}, "amount"),
        ({"amount_in_decimal": "1"}, "amount_in_decimal"),
        ({"amount": None, "amount_in_decimal": "0.00"}, "amount_in_decimal"),
        ({"amount": None, "amount_in_decimal": "-1"}, "amount_in_decimal"),
        ({"amount": None, "amount_in_decimal": "NaN"}, "amount_in_decimal"),
        ({"amount": None, "amount_in_decimal": "1" * 34}, "amount_in_decimal"),
        ({"currency_code": "usd"}, "currency_code"),
        ({"currency_code": "US"}, "currency_code"),
        ({"currency_code": ""}, "currency_code"),
        ({"credit_type": "loyalty"}, "credit_type"),
        ({"reference": "r" * 501}, "reference"),
        ({"refrence": "q3"}, "refrence"),
    ],
)
def test_a_refusal_names_its_field(changes: dict[str, str | None], param: str) -> None:
    fields = {name: value for name, value in {**VALID, **changes}.items() if value is not None}

    with pytest.raises(ApiError) as caught:
        read_change("add", fields)
    assert (caught.value.status, caught.value.api_error_code) == (400, "param_wrong_value")
    assert caught.value.param == param
