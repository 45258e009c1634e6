"""Reads the body of an add or deduct request as strictly as the Chargebee API docs word it, and stricter.

Stricter, since a sandbox should show a caller's mistakes: unknown and repeated fields, blanks for values and an
amount of 0 are refused. The refusals are 400 `param_wrong_value`, each naming its field.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from batch_credits.sandbox.errors import ApiError, wrong_value

MAX_AMOUNT = 2**53 - 1
CREDIT_TYPES = ("general", "loyalty_credits", "referral_rewards")
MAX_LENGTHS = {
    "customer_id": 50,
    "description": 250,
    "amount": 16,
    "amount_in_decimal": 33,
    "currency_code": 3,
    "credit_type": 50,
    "reference": 500,
}
_AMOUNT = re.compile(r"[0-9]+", re.ASCII)
_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Change:
    """A valid add (increment) or deduct (decrement). Without any amount a deduct takes the whole balance."""

    type: str
    customer_id: str
    description: str
    amount: int | None
    amount_in_decimal: str | None
    currency_code: str | None
    credit_type: str
    reference: str | None


def read_form(text: bytes) -> dict[str, str]:
    """The fields of a form body or query string, by name.

    Raises:
        ApiError: 400, not a form in UTF-8, or a field given twice.
    """
    try:
        pairs = parse_qsl(
            text.decode("ascii"), keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=100
        )
    except ValueError:
        raise ApiError(400, "invalid_request", "The request is not application/x-www-form-urlencoded") from None
    fields = dict(pairs)
    if len(fields) < len(pairs):
        twice = next(name for name in fields if sum(name == other for other, _ in pairs) > 1)
        raise wrong_value(twice, "given more than once")
    return fields


def read_change(operation: str, fields: Mapping[str, str]) -> Change:
    """Check the fields of the operation `add` or `deduct`.

    Raises:
        ApiError: 400, a field is unknown, missing, too long or has a value it cannot have.
    """
    for name, value in fields.items():
        longest = MAX_LENGTHS.get(name)
        if longest is None:
            raise wrong_value(name, "is not a parameter of this request")
        if not value.strip():
            raise wrong_value(name, "cannot be blank")
        if len(value) > longest:
            raise wrong_value(name, f"should not have more than {longest} characters")
    for name in ("customer_id", "description"):
        if name not in fields:
            raise wrong_value(name, "cannot be blank")
    currency = fields.get("currency_code")
    if currency is not None and not _CURRENCY.fullmatch(currency):
        raise wrong_value("currency_code", "must be three capital letters")
    credit_type = fields.get("credit_type", "general")
    if credit_type not in CREDIT_TYPES:
        raise wrong_value("credit_type", f"must be one of {', '.join(CREDIT_TYPES)}")
    amount, amount_in_decimal = _amounts(operation, fields)
    return Change(
        "increment" if operation == "add" else "decrement",
        fields["customer_id"],
        fields["description"],
        amount,
        amount_in_decimal,
        currency,
        credit_type,
        fields.get("reference"),
    )


def _amounts(operation: str, fields: Mapping[str, str]) -> tuple[int | None, str | None]:
    amount, decimal = fields.get("amount"), fields.get("amount_in_decimal")
    if amount is not None and decimal is not None:
        raise wrong_value("amount_in_decimal", "cannot be given beside amount")
    if amount is not None:
        if not _AMOUNT.fullmatch(amount) or not 1 <= int(amount) <= MAX_AMOUNT:
            raise wrong_value("amount", f"must be a whole number from 1 to {MAX_AMOUNT}")
        return int(amount), None
    if decimal is not None:
        if not _DECIMAL.fullmatch(decimal) or not decimal.strip("0."):
            raise wrong_value("amount_in_decimal", "must be a decimal number above 0")
        return None, decimal
    if operation == "add":
        raise wrong_value("amount", "cannot be blank")
    return None, None
