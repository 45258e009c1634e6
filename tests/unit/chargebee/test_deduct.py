"""Deductions: their body always names an amount, they go to their own address, and only a decrement proves them."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from batch_credits.chargebee.answers import Answer
from batch_credits.chargebee.bodies import add_body, deduct_body, description_in, has_amount
from batch_credits.chargebee.client import Chargebee
from batch_credits.chargebee.verdicts import verdict_of
from batch_credits.errors import AmountMissing
from batch_credits.model import CallKind, Money, OpenAttempt, PlannedCredit, idempotency_key
from batch_credits.model.credit_requests import CreditRequest
from batch_credits.protocol import Blocked, Credited, ForAnother
from batch_credits.settings import RunSettings
from tests.each import each

REQUEST = CreditRequest(
    customer_id="c-1", reference="reversal of q3", description="Reversal of Loyalty", amount=1250, currency_code="USD"
)


def deduction(body: bytes | None = None, kind: CallKind = CallKind.DEDUCT) -> PlannedCredit:
    money = Money(1250, None, "USD")
    return PlannedCredit(
        7, "c-1", "reversal of q3", money, "general", deduct_body(REQUEST) if body is None else body, kind=kind
    )


def answer(listed_type: str) -> Answer:
    item = {"id": "cr-9", "customer_id": "c-1", "type": listed_type, "amount": 1250, "currency_code": "USD"}
    return Answer(200, {}, orjson.dumps({"promotional_credit": {**item, "reference": "reversal of q3"}}))


class Site:
    """Answers every call alike, and remembers where it came."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        self.paths.append(path)
        return answer("decrement")

    async def enter(self, method: str) -> None:
        """No limit."""

    def leave(self, method: str) -> None:
        """No limit."""


def send(credit: PlannedCredit) -> tuple[Any, list[str]]:
    site: Any = Site()

    async def main() -> Any:
        return await Chargebee(site, site, RunSettings()).send_credit(OpenAttempt(credit, "bc-key"))

    return asyncio.run(main()), site.paths


# -- An amount, always --------------------------------------------------------------------------------------


@pytest.mark.parametrize("money", [{"amount": 1}, {"amount_in_decimal": "0.05"}, {"amount_in_decimal": "10.50"}])
def test_a_deduction_has_the_fields_of_an_add(money: dict[str, Any]) -> None:
    request = REQUEST.model_copy(update={"amount": None, **money})
    assert deduct_body(request) == add_body(request)
    assert has_amount(deduct_body(request))


@pytest.mark.parametrize("money", [{}, {"amount": 0}, {"amount_in_decimal": "0.00"}])
def test_none_is_made_without_an_amount(money: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must name its amount"):
        deduct_body(REQUEST.model_copy(update={"amount": None, **money}))


@each(
    "body",
    [
        b"",
        b"customer_id=c-1",
        b"customer_id=c-1&amount=&reference=r",
        b"customer_id=c-1&amount=0",
        b"customer_id=c-1&amount=-5",
        b"customer_id=amount%3D5",
        b"customer_id=c-1&reference=amount=5%26",
        b"customer_id=c-1&the_amount=5",
        b"customer_id=c-1&amount_in_decimal=0.00",
    ],
)
def test_none_is_sent_without_an_amount(body: bytes) -> None:
    verdict, paths = send(deduction(body))
    assert isinstance(verdict, Blocked) and isinstance(verdict.error, AmountMissing)
    assert "'c-1' names no amount" in verdict.error.message
    assert paths == []


# -- Where it goes, and what proves it ----------------------------------------------------------------------


def test_it_goes_to_its_own_address() -> None:
    assert send(deduction()) == (Credited("cr-9", None, 200), ["/api/v2/promotional_credits/deduct"])
    verdict, paths = send(deduction(kind=CallKind.ADD))
    assert isinstance(verdict, ForAnother), "a decrement proves no add"
    assert paths == ["/api/v2/promotional_credits/add"]


def test_an_increment_proves_no_deduction() -> None:
    assert isinstance(verdict_of(deduction(), answer("increment")), ForAnother)
    assert verdict_of(deduction(kind=CallKind.ADD), answer("increment")) == Credited("cr-9", None, 200)


def test_an_add_of_the_same_body_has_another_key() -> None:
    key = idempotency_key("acme-test", deduction())
    assert key != idempotency_key("acme-test", deduction(kind=CallKind.ADD))
    assert len(key) <= 100


def test_a_description_is_read_back_from_its_body() -> None:
    text = "50 % off & more, für Björn = ok"
    assert description_in(add_body(REQUEST.model_copy(update={"description": text}))) == text
    assert description_in(b"") is None
