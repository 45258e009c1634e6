"""What the lists of credits and of customers show."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest

from batch_credits.chargebee.answers import Answer
from batch_credits.chargebee.lists import (
    ListedCustomer,
    customer_is_deleted,
    listed_credit,
    listed_credits,
    listed_customers,
)
from batch_credits.model import Money
from tests.each import each
from tests.unit.chargebee.shown import CREDIT, ITEM, error

NO_DECIMALS = (
    *("", ".", "-", "abc", "NaN", "sNaN", "Infinity", "1e999999999", "1_0", "\u0661", "1,5"),
    *("9" * 51, " 1", "1\n"),
)

# -- The list, and the customer -----------------------------------------------------------------------------


def page(*items: Mapping[str, Any], **more: Any) -> Answer:
    return Answer(200, {}, orjson.dumps({"list": [{"promotional_credit": item} for item in items], **more}))


def test_a_page_of_the_list() -> None:
    credits, next_offset = listed_credits(page(ITEM, {**ITEM, "id": "cr-10", "reference": None}, next_offset="[1]"))
    assert [credit.credit_id for credit in credits] == ["cr-9", "cr-10"]
    assert credits[0].money == Money(1250, None, "USD")
    assert credits[0].has_money_of(CREDIT)
    assert credits[1].reference is None
    assert next_offset == "[1]"


@pytest.mark.parametrize("text", ["12.50", "-0.5", ".5", "5.", "0", "9" * 33])
def test_a_decimal_amount_is_read_as_it_is(text: str) -> None:
    credits, _ = listed_credits(page({**ITEM, "amount_in_decimal": text}))
    assert credits[0].money == Money(1250, text, "USD")


def test_the_last_page() -> None:
    assert listed_credits(page()) == ([], None)
    assert listed_credits(page(next_offset="")) == ([], None)
    assert listed_credits(page(next_offset=None)) == ([], None)


@each(
    "answer, says",
    [
        (Answer(200, {}, b""), "HTTP 200"),
        (Answer(200, {}, b"[]"), "HTTP 200"),
        (Answer(200, {}, b"{}"), "HTTP 200"),
        (Answer(200, {}, b'{"list": {}}'), "HTTP 200"),
        (Answer(500, {}, page().body), "HTTP 500"),
        (Answer(503, {}, error("site_not_ready")), "site_not_ready: what Chargebee said"),
        (page(next_offset=17), "next_offset"),
        (page({"id": "cr-1"}), "customer_id is missing"),
        (page({**ITEM, "amount": True}), "amount"),
        (page({**ITEM, "amount": 2**53}), "amount"),
        (page({**ITEM, "amount": -(2**63)}), "amount"),
        *((page({**ITEM, "amount_in_decimal": text}), "amount") for text in NO_DECIMALS),
        (Answer(200, {}, b'{"list": [17]}'), "promotional_credit is missing"),
        (Answer(200, {}, page(ITEM).body[:-1]), "HTTP 200"),
    ],
)
def test_a_page_that_is_not_whole_is_none(answer: Answer, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        listed_credits(answer)


def test_a_deleted_customer() -> None:
    assert customer_is_deleted(Answer(200, {}, b'{"customer": {"id": "c-1", "deleted": true}}')) is True
    assert customer_is_deleted(Answer(200, {}, b'{"customer": {"id": "c-1", "deleted": false}}')) is False
    assert customer_is_deleted(Answer(200, {}, b'{"customer": {"id": "c-1", "deleted": "true"}}')) is False
    assert customer_is_deleted(Answer(404, {}, error("resource_not_found"))) is False


@pytest.mark.parametrize(
    "answer",
    [Answer(200, {}, b"{}"), Answer(200, {}, b"[]"), Answer(404, {}, b""), Answer(500, {}, b'{"customer": {}}')],
)
def test_an_answer_that_says_nothing_about_the_customer(answer: Answer) -> None:
    with pytest.raises(ValueError, match=f"HTTP {answer.status}"):
        customer_is_deleted(answer)


@each(
    "customer, reference, is_ours",
    [
        ("c-1", "q3", True),
        ("C-1", "Q3", True),
        (" c-1", "q3\u00a0", True),
        ("c-2", "q3", False),
        ("c-1", "q", False),
        ("c-1", None, False),
    ],
)
def test_whose_it_is_by_its_texts(customer: str, reference: str | None, is_ours: bool) -> None:
    listed = listed_credit({"promotional_credit": {**ITEM, "customer_id": customer, "reference": reference}})
    assert listed.is_named_as(CREDIT) is is_ours
    assert listed.is_named_as(replace(CREDIT, reference="q4")) is False


@pytest.mark.parametrize(("created_at", "read"), [(1_790_000_000, 1_790_000_000), ("1790000000", None), (True, None)])
def test_when_it_was_made(created_at: Any, read: int | None) -> None:
    assert listed_credit({"promotional_credit": {**ITEM, "created_at": created_at}}).created_at == read


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"list": []}, ([], None)),
        (
            {"list": [{"customer": {"id": "c-1", "deleted": True, "preferred_currency_code": "USD", "more": 1}}]},
            ([ListedCustomer("c-1", True, "USD")], None),
        ),
        (
            {"list": [{"customer": {"id": "c-1", "preferred_currency_code": 5}}], "next_offset": "x"},
            ([ListedCustomer("c-1", False, None)], "x"),
        ),
    ],
)
def test_customers_of_a_page(document, expected):
    assert listed_customers(Answer(200, {}, orjson.dumps(document))) == expected


@each(
    "status, body",
    [
        (200, b""),
        (200, b"[]"),
        (200, b'{"list": [{}]}'),
        (200, b'{"list": [{"customer": {"id": ""}}]}'),
        (200, b'{"list": [{"customer": null}]}'),
        (200, b'{"list": [], "next_offset": 5}'),
        (500, b'{"list": []}'),
    ],
)
def test_what_is_no_page_of_customers(status, body):
    with pytest.raises(ValueError):
        listed_customers(Answer(status, {}, body))


# -- Balances -----------------------------------------------------------------------------------------------

SEVERAL = [("USD", None, 500), ("EUR", "be-1", 70), ("EUR", "be-2", 30)]


@each(
    "customer, currency, entity, balance",
    [
        (ListedCustomer("c", False, None, 500), None, None, 500),
        (ListedCustomer("c", False, None, 500), "USD", None, 500),  # a site with one currency names none
        (ListedCustomer("c", False, "USD", 500), "USD", None, 500),
        (ListedCustomer("c", False, "USD", 500), "EUR", None, None),
        (ListedCustomer("c", False, "USD", None), "USD", None, None),
        (ListedCustomer("c", False, "USD", 500, tuple(SEVERAL)), None, None, 500),
        (ListedCustomer("c", False, "USD", 500, tuple(SEVERAL)), "EUR", None, 100),
        (ListedCustomer("c", False, "USD", 500, tuple(SEVERAL)), "EUR", "be-2", 30),
        (ListedCustomer("c", False, "USD", 500, tuple(SEVERAL)), "JPY", None, 0),
    ],
)
def test_a_balance_is_that_of_the_currency(
    customer: ListedCustomer, currency: str | None, entity: str | None, balance: int | None
) -> None:
    assert customer.balance_in(currency, entity) == balance


def test_the_balances_of_a_customer_are_read() -> None:
    of_currency = {"currency_code": "EUR", "business_entity_id": "be-2", "promotional_credits": 30}
    item = {"id": "c-1", "preferred_currency_code": "USD", "promotional_credits": 500, "balances": [of_currency]}
    [customer], _ = listed_customers(Answer(200, {}, orjson.dumps({"list": [{"customer": item}]})))
    assert customer == ListedCustomer("c-1", False, "USD", 500, (("EUR", "be-2", 30),))


@each("odd", [None, "many", {}, [None], [{}], [{"currency_code": "USD"}],
                                 [{"currency_code": 7, "promotional_credits": 5}],
                                 [{"currency_code": "USD", "promotional_credits": "5"}]])  # fmt: skip
def test_balances_that_cannot_be_read_are_none(odd: object) -> None:
    item = {"id": "c-1", "promotional_credits": True, "balances": odd}
    [customer], _ = listed_customers(Answer(200, {}, orjson.dumps({"list": [{"customer": item}]})))
    assert (customer.promotional_credits, customer.balances) == (None, ())
