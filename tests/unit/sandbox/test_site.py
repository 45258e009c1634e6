"""Customers, credits and balances."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_credits.sandbox.errors import ApiError
from batch_credits.sandbox.fields import MAX_AMOUNT, read_change
from batch_credits.sandbox.queries import read_credit_query, read_customer_query
from batch_credits.sandbox.site import Site

NOW = 1_800_000_000

# Chargebee's OpenAPI file, what an answer must have and of which type
CREDIT_FIELDS = {
    "id": str,
    "customer_id": str,
    "type": str,
    "amount": int,
    "currency_code": str,
    "description": str,
    "credit_type": str,
    "closing_balance": int,
    "created_at": int,
}
CUSTOMER_FIELDS = {
    "id": str,
    "auto_collection": str,
    "net_term_days": int,
    "allow_direct_debit": bool,
    "created_at": int,
    "deleted": bool,
    "promotional_credits": int,
    "refundable_credits": int,
    "excess_payments": int,
    "unbilled_charges": int,
}


class Clock:
    now = float(NOW)

    def __call__(self) -> float:
        return self.now


def add(site: Site, customer_id: str = "c-1", amount: int = 100, operation: str = "add", **fields: str) -> Any:
    given_fields = {"customer_id": customer_id, "description": "x", "amount": str(amount), **fields}
    if "amount_in_decimal" in given_fields or not amount:
        del given_fields["amount"]
    return site.change(read_change(operation, given_fields))["promotional_credit"]


def amounts(site: Site, query: str, lag_seconds: float = 0.0) -> list[int]:
    page = site.list_credits(read_credit_query(query.encode()), lag_seconds)
    return [item["promotional_credit"]["amount"] for item in page["list"]]


def test_an_answer_has_the_fields_that_the_provider_promises() -> None:
    site = Site(Clock())
    body = site.change(
        read_change("add", {"customer_id": "c-1", "amount": "1000", "description": "Loyalty", "reference": "q3"}),
        "be-1",
    )

    for record, fields in ((body["promotional_credit"], CREDIT_FIELDS), (body["customer"], CUSTOMER_FIELDS)):
        for name, kind in fields.items():
            assert type(record[name]) is kind, name
    assert body["promotional_credit"]["reference"] == "q3"
    assert body["promotional_credit"]["business_entity_id"] == "be-1"
    assert body["promotional_credit"]["created_at"] == NOW
    assert body["customer"]["promotional_credits"] == 1000


def test_balances_are_kept_by_customer_and_currency() -> None:
    site = Site(Clock())
    site.prefer_currency("c-2", "JPY")
    assert add(site, amount=100)["closing_balance"] == 100
    assert add(site, amount=50, currency_code="EUR")["closing_balance"] == 50
    assert add(site, amount=30, operation="deduct")["closing_balance"] == 70
    assert add(site, "c-2", 7)["currency_code"] == "JPY"

    assert site.balances() == {"c-1": {"USD": 70, "EUR": 50}, "c-2": {"JPY": 7}}
    customer = site.customer("c-1")["customer"]
    assert {entry["currency_code"]: entry["promotional_credits"] for entry in customer["balances"]} == {
        "USD": 70,
        "EUR": 50,
    }


@pytest.mark.parametrize(
    ("decimal", "currency", "minor"),
    [("12.345", "USD", 1235), ("1.2", "KWD", 120), ("12", "JPY", 12), ("0.001", "USD", 0)],
)
def test_decimal_amounts_come_back_in_both_forms(decimal: str, currency: str, minor: int) -> None:
    credit = add(Site(Clock()), amount_in_decimal=decimal, currency_code=currency)

    assert (credit["amount_in_decimal"], credit["amount"]) == (decimal, minor)


def test_a_deduct_without_an_amount_drains_the_balance() -> None:
    site = Site(Clock())
    add(site, amount=100)

    credit = add(site, amount=0, operation="deduct")
    assert (credit["type"], credit["amount"], credit["closing_balance"]) == ("decrement", 100, 0)
    with pytest.raises(ApiError):
        add(site, amount=0, operation="deduct")


def test_a_balance_has_bounds() -> None:
    site = Site(Clock())
    with pytest.raises(ApiError):
        add(site, amount=1, operation="deduct")
    add(site, amount=MAX_AMOUNT)
    with pytest.raises(ApiError):
        add(site, amount=1)
    with pytest.raises(ApiError):
        add(site, "c-2", amount_in_decimal="9" * 33)
    assert site.balances() == {"c-1": {"USD": MAX_AMOUNT}}


def test_who_exists() -> None:
    everyone, listed, nobody = (
        Site(Clock()),
        Site(Clock(), customers=frozenset({"a"})),
        Site(Clock(), customers=frozenset()),
    )

    def exists(site: Site, customer_id: str) -> bool:
        try:
            site.require_customer(customer_id)
        except ApiError as error:
            assert (error.status, error.api_error_code, error.param) == (404, "resource_not_found", "customer_id")
            return False
        return True

    assert [exists(everyone, each) for each in ("a", "missing-1", "missing", "c" * 51)] == [True, False, False, False]
    assert [exists(listed, each) for each in ("a", "b")] == [True, False]
    assert not exists(nobody, "a")
    everyone.delete_customers(["a"])
    assert not exists(everyone, "a")
    assert everyone.customer("a")["customer"]["deleted"] is True
    everyone.restore_customers(["a"])
    assert exists(everyone, "a")


def test_ids_depend_on_the_seed_and_the_order_alone() -> None:
    def ids(seed: int) -> list[str]:
        site = Site(Clock(), seed=seed)
        return [add(site)["id"] for _ in range(50)]

    assert ids(1) == ids(1)
    assert not set(ids(1)) & set(ids(2))
    assert len(set(ids(1))) == 50


def test_a_credit_by_its_id() -> None:
    site = Site(Clock())
    credit = add(site)
    assert site.credit(credit["id"])["promotional_credit"] == credit
    with pytest.raises(ApiError) as caught:
        site.credit("nothing")
    assert caught.value.status == 404


def test_lists_are_newest_first() -> None:
    site = Site(Clock())
    for number in range(1, 6):
        add(site, f"c-{number % 2}", number)

    assert amounts(site, "") == [5, 4, 3, 2, 1]
    assert amounts(site, "customer_id[is]=c-1") == [5, 3, 1]
    assert amounts(site, "customer_id[is]=c-1&customer_id[is_not]=c-1") == []
    assert amounts(site, "customer_id[is]=c-9") == []
    assert amounts(site, "customer_id[starts_with]=c-&limit=2") == [5, 4]


@pytest.mark.parametrize("only", ["", "&customer_id[is]=c-1"])
def test_pages_neither_skip_nor_repeat_while_credits_come_in(only: str) -> None:
    site = Site(Clock())
    for number in range(1, 24):
        add(site, amount=number)

    seen: list[int] = []
    query = f"limit=5{only}"
    while True:
        page = site.list_credits(read_credit_query(query.encode()))
        seen += [item["promotional_credit"]["amount"] for item in page["list"]]
        add(site, amount=1000)
        if "next_offset" not in page:
            break
        query = f"limit=5{only}&offset={page['next_offset']}"
    assert seen == list(range(23, 0, -1))


def test_a_lag_hides_the_young_from_lists_alone() -> None:
    clock = Clock()
    site = Site(clock)
    add(site, amount=1)
    clock.now += 2
    young = add(site, amount=2)

    assert amounts(site, "", lag_seconds=1.5) == [1]
    assert site.credit(young["id"])
    clock.now += 1.5
    assert amounts(site, "", lag_seconds=1.5) == [2, 1]


def test_a_credit_kept_under_another_customer_id_is_found_by_both_unless_strictly_by_one() -> None:
    site = Site(Clock())
    sent = read_change("add", {"customer_id": "C-1", "amount": "7", "description": "x", "reference": "Q3"})
    body = site.change(sent, stored=replace(sent, customer_id="c-1", reference="q3"))
    add(site, "c-1", 8)

    assert (body["customer"]["id"], body["promotional_credit"]["customer_id"]) == ("c-1", "c-1")
    assert body["promotional_credit"]["reference"] == "q3"
    assert site.as_sent() == {
        body["promotional_credit"]["id"]: {"customer_id": "C-1", "reference": "Q3", "description": "x"}
    }
    assert site.balances() == {"C-1": {"USD": 7}, "c-1": {"USD": 8}}

    def found(query: str, strict: bool) -> list[int]:
        page = site.list_credits(read_credit_query(query.encode()), strict=strict)
        return [item["promotional_credit"]["amount"] for item in page["list"]]

    assert [found(f"customer_id[is]={each}", False) for each in ("C-1", "c-1", "C-2")] == [[7], [8, 7], []]
    assert [found(f"customer_id[is]={each}", True) for each in ("C-1", "c-1")] == [[], [8, 7]]
    assert [found(f"customer_id[starts_with]={each}", False) for each in ("C", "c")] == [[7], [8, 7]]
    assert [found(f"customer_id[starts_with]={each}", True) for each in ("C", "c")] == [[], [8, 7]]


def test_a_clock_that_is_wrong_shows_in_what_is_told_and_in_nothing_else() -> None:
    clock = Clock()
    site = Site(clock)
    site.clock_offset_seconds = -3600.5
    credit = add(site, amount=1)
    old = site.change(
        read_change("add", {"customer_id": "c-1", "amount": "2", "description": "x"}), created_at=NOW - 3610
    )

    assert credit["created_at"] == NOW - 3601
    assert old["promotional_credit"]["created_at"] == NOW - 3610
    assert amounts(site, f"created_at[before]={NOW}") == [2, 1]
    assert amounts(site, "", lag_seconds=5) == [2]
    clock.now += 5
    assert amounts(site, "", lag_seconds=5) == [2, 1]


def test_customer_lists() -> None:
    site = Site(Clock())
    site.delete_customers(["b"])

    def ids(query: str) -> list[str]:
        page = site.list_customers(read_customer_query(query.encode()))
        return [item["customer"]["id"] for item in page["list"]]

    assert ids('id[in]=["c","missing-1","b","a"]') == ["a", "c"]
    assert ids("id[in]=[c,b,a]&include_deleted=true") == ["a", "b", "c"]
    assert ids("") == []
    add(site, "z")
    assert ids("") == ["z"]
    page = site.list_customers(read_customer_query(b"id[in]=[c,d,a]&limit=2"))
    assert ids(f"id[in]=[c,d,a]&limit=2&offset={page['next_offset']}") == ["d"]


@given(st.lists(st.tuples(st.sampled_from(["add", "deduct"]), st.sampled_from("ab"), st.integers(1, 50)), max_size=30))
def test_balances_are_the_sum_of_the_credits(changes: list[tuple[str, str, int]]) -> None:
    site = Site(Clock())
    for operation, customer_id, amount in changes:
        try:
            add(site, customer_id, amount, operation)
        except ApiError:
            assert operation == "deduct"

    sums: dict[str, int] = {}
    for credit in site.credits():
        sign = 1 if credit["type"] == "increment" else -1
        sums[credit["customer_id"]] = sums.get(credit["customer_id"], 0) + sign * credit["amount"]
        assert credit["closing_balance"] == sums[credit["customer_id"]]
    assert {customer_id: balances["USD"] for customer_id, balances in site.balances().items()} == sums
