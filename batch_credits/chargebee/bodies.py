"""The exact bytes that are sent: bodies are form-encoded once, at planning, and frozen."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote_plus, unquote_plus

if TYPE_CHECKING:  # who only reads a body need not load what validates rows
    from batch_credits.model.credit_requests import CreditRequest, RequestColumns

_ESCAPED = str.maketrans({character: quote_plus(character) for character in map(chr, range(128))})
_PLAIN = re.compile(r"[A-Za-z0-9_.~ -]+")  # what a form carries as it is, and blanks
_PLAIN_LETTERS = bytes(code for code in range(128) if _PLAIN.fullmatch(chr(code)))
_HAS_AMOUNT = re.compile(rb"(?:^|&)amount(?:=0*[1-9][0-9]*|_in_decimal=[0-9]*\.?[0-9]*[1-9][0-9]*\.?[0-9]*)(?:&|$)")


def add_body(request: "CreditRequest") -> bytes:
    """The exact bytes of `POST /promotional_credits/add` for this request."""
    return _body(request)


def add_bodies(requests: "RequestColumns") -> list[str]:
    """The same for many requests at once, as text."""
    return _forms(
        _all_quoted(requests.customer_id),
        _moneys(requests.amount, requests.amount_in_decimal, requests.currency_code),
        _all_quoted(requests.description),
        requests.credit_type,
        _all_quoted(requests.reference),
    )


def deduct_body(request: "CreditRequest") -> bytes:
    """The exact bytes of `POST /promotional_credits/deduct` for this request: an add's fields, always with an amount.

    Raises:
        ValueError: it has no amount, so Chargebee would deduct the customer's whole balance.
    """
    body = _body(request)
    if not has_amount(body):
        raise ValueError("a deduction must name its amount")
    return body


def has_amount(body: bytes) -> bool:
    """Whether a body names an amount above nothing."""
    return _HAS_AMOUNT.search(body) is not None


def description_in(body: bytes) -> str | None:
    """The description that one of our bodies carries; None where it is empty (credits taken over from a list)."""
    text = body.decode("ascii").partition("&description=")[2].partition("&")[0]
    return unquote_plus(text) or None


def customer_in(body: bytes) -> str:
    """Whose credit one of our bodies is about: it begins with that."""
    return unquote_plus(body.decode("ascii").partition("&")[0].removeprefix("customer_id="))


def fields_in(body: bytes) -> dict[str, str]:
    """What one of our bodies says, by field."""
    return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True))


def _body(request: "CreditRequest") -> bytes:
    customer_id, description, reference = map(_quoted, (request.customer_id, request.description, request.reference))
    (body,) = _forms([customer_id], [_money(*request.money)], [description], [request.credit_type], [reference])
    return body.encode("ascii")


def _forms(
    customer_ids: Sequence[str],
    moneys: Sequence[str],
    descriptions: Sequence[str],
    credit_types: Sequence[str],
    references: Sequence[str],
) -> list[str]:
    """The bodies, of texts that are quoted where they need to be. Made of whole columns: a call for each takes longer
    than all else of it."""
    return [
        f"customer_id={customer_id}{money}&description={description}&credit_type={credit_type}&reference={reference}"
        for customer_id, money, description, credit_type, reference in zip(
            customer_ids, moneys, descriptions, credit_types, references, strict=True
        )
    ]


def _moneys(
    amounts: Sequence[int | None], in_decimal: Sequence[str | None], currencies: Sequence[str | None]
) -> list[str]:
    """What bodies say of their money; most are in minor units of a currency that they name."""
    if None in amounts or not all(currencies) or in_decimal.count(None) != len(in_decimal):
        return [*map(_money, amounts, in_decimal, currencies)]
    return [f"&amount={amount}&currency_code={code}" for amount, code in zip(amounts, currencies, strict=True)]


def _money(amount: int | None, in_decimal: str | None, currency: str | None) -> str:
    money = "" if amount is None else f"&amount={amount}"
    if in_decimal is not None:
        money += f"&amount_in_decimal={_quoted(in_decimal)}"
    if currency is not None:
        money += f"&currency_code={currency}"
    return money


def _all_quoted(texts: Sequence[str]) -> list[str]:
    """The same, looking at the whole column first."""
    joined = "".join(texts)
    if joined.isascii() and not joined.encode().translate(None, _PLAIN_LETTERS):  # a fourth of the pattern's time
        return "\n".join(texts).replace(" ", "+").split("\n") if " " in joined else [*texts]
    return [*map(_quoted, texts)]


def _quoted(text: str) -> str:
    """The text as a form carries it. Most texts need no more than their blanks changed."""
    if _PLAIN.fullmatch(text):
        return text.replace(" ", "+")
    return text.translate(_ESCAPED) if text.isascii() else quote_plus(text)
