"""The exact bytes that are sent."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from hypothesis import given
from hypothesis import strategies as st

from batch_credits.chargebee.bodies import add_body
from batch_credits.model import CREDIT_TYPES
from batch_credits.model.credit_requests import CreditRequest


def request(**changes: Any) -> CreditRequest:
    fields: dict[str, Any] = {"customer_id": "c-1", "reference": "q3", "description": "Loyalty", "amount": 1250}
    return CreditRequest(**(fields | changes))


def test_the_exact_bytes_of_a_body() -> None:
    assert add_body(request(currency_code="USD")) == (
        b"customer_id=c-1&amount=1250&currency_code=USD&description=Loyalty&credit_type=general&reference=q3"
    )


def test_an_amount_in_decimal_goes_as_it_is() -> None:
    assert b"&amount_in_decimal=1.50&" in add_body(request(amount=None, amount_in_decimal="1.50"))


def test_no_currency_is_not_an_empty_one() -> None:
    assert b"currency_code" not in add_body(request())


def test_the_largest_amount_keeps_its_digits() -> None:
    assert b"&amount=9007199254740991&" in add_body(request(amount=2**53 - 1))


def test_characters_that_mean_something_in_a_form_are_escaped() -> None:
    body = add_body(request(customer_id="a&b=c", reference="1+1 %41;#2", description="Gr\u00fc\u00dfe \U0001f381\n"))
    assert body == (
        b"customer_id=a%26b%3Dc&amount=1250&description=Gr%C3%BC%C3%9Fe+%F0%9F%8E%81%0A&credit_type=general"
        b"&reference=1%2B1+%2541%3B%232"
    )


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50)


currencies = st.sampled_from([None, "USD", "JPY"])


@given(texts, texts, texts, st.integers(1, 2**53 - 1), currencies, st.sampled_from(CREDIT_TYPES))
def test_a_form_reader_gets_the_fields_back(
    customer: str, reference: str, description: str, amount: int, currency: str | None, kind: str
) -> None:
    built = request(
        customer_id=customer,
        reference=reference,
        description=description,
        amount=amount,
        currency_code=currency,
        credit_type=kind,
    )
    body = add_body(built)
    fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, separator="&")
    wanted = {name: str(value) for name, value in built.model_dump().items() if value is not None}
    assert dict(fields) == wanted
    assert len(fields) == len(wanted)
    assert add_body(built.model_copy()) == body


@given(st.text(min_size=1, max_size=50), st.text("aZ09 _.~-+%&=\u00e9", min_size=1, max_size=250), st.text(min_size=1))
def test_a_body_is_what_the_standard_library_would_encode(customer_id, description, reference):
    request = CreditRequest(
        customer_id=customer_id, description=description, reference=reference[:500], amount=5, currency_code="USD"
    )
    fields = [("customer_id", customer_id), ("amount", "5"), ("currency_code", "USD"), ("description", description)]
    fields += [("credit_type", "general"), ("reference", reference[:500])]
    assert add_body(request) == urlencode(fields).encode()
