"""What a row says about money and type: amount, currency, unit, credit type."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from batch_credits.loader.columns import AMOUNT_UNIT, bare
from batch_credits.loader.money import AMOUNT_UNITS, amount_in_decimal, amount_minor, currency_code
from batch_credits.loader.wording import EDGE_BLANKS, shown
from batch_credits.model import CREDIT_TYPES, CreditType, Money, Problem
from batch_credits.settings import InputOptions

TERM_FIELDS = ("amount", "amount_in_decimal", "currency_code", "credit_type", AMOUNT_UNIT)

_CREDIT_TYPE_OF = {bare(credit_type): credit_type for credit_type in CREDIT_TYPES}


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a row, as money and as what the request takes.

    `money` is None when it cannot be told, and then `problems` says why.
    """

    money: Money | None
    draft: Mapping[str, Any]
    problems: tuple[Problem, ...]


def read_terms(cells: tuple[str, ...], options: InputOptions, exponents: Mapping[str, int]) -> Terms:
    """Read the cells of `TERM_FIELDS`, in that order, with all that is wrong with them."""
    amount, decimal, currency_text, type_text, unit_text = (cell.strip(EDGE_BLANKS) for cell in cells)
    problems: list[Problem] = []

    currency: str | Problem | None = None
    if currency_text or options.currency:
        currency = currency_code(currency_text or options.currency or "")
    unit = _amount_unit(unit_text or options.amount_unit)
    credit_type = read_credit_type(type_text or options.credit_type or "general")
    for value in (currency, unit, credit_type):
        if isinstance(value, Problem):
            problems.append(value)

    money = _read_money(amount, decimal, currency, unit, exponents)
    if isinstance(money, Problem):
        problems.insert(0, money)
    if problems or not isinstance(money, Money):
        return Terms(money if isinstance(money, Money) else None, {}, tuple(problems))
    draft = {
        "amount": money.amount_minor,
        "amount_in_decimal": money.amount_in_decimal,
        "currency_code": money.currency_code,
        "credit_type": credit_type,
    }
    return Terms(money, draft, ())


def read_credit_type(text: str) -> CreditType | Problem:
    """One of Chargebee's types, by its name or its label (`Loyalty Credits`), or why it is none."""
    known = _CREDIT_TYPE_OF.get(bare(text))
    if known is not None:
        return known
    return Problem(
        "credit_type",
        "unknown_credit_type",
        f"There is no credit type {shown(text)}: give one of {', '.join(CREDIT_TYPES)}.",
    )


def _amount_unit(text: str) -> str | Problem:
    unit = text.casefold()
    if unit in AMOUNT_UNITS:
        return unit
    return Problem(AMOUNT_UNIT, "unknown_amount_unit", f"There is no amount unit {shown(text)}: give minor or major.")


def _read_money(
    amount: str, decimal: str, currency: str | Problem | None, unit: str | Problem, exponents: Mapping[str, int]
) -> Money | Problem | None:
    """The money; the problem with it; or None when another problem hides what it would be."""
    if amount and decimal:
        return Problem(
            "amount",
            "two_amounts",
            f"The row has amount {shown(amount)} and amount_in_decimal {shown(decimal)}: keep one of them.",
        )
    if not amount and not decimal:
        return Problem("amount", "no_amount", "The row has no amount: fill amount or amount_in_decimal.")
    known_currency = None if isinstance(currency, Problem) else currency
    value: int | str | Problem
    if decimal:
        value = amount_in_decimal(decimal)
    elif isinstance(unit, Problem):
        return None
    elif unit == "major" and isinstance(currency, Problem):
        return None  # the currency decides the decimals, and is complained of already
    else:
        value = amount_minor(amount, known_currency, unit, exponents)
    if isinstance(value, Problem):
        return value
    if isinstance(currency, Problem):
        return None
    return Money(value, None, known_currency) if isinstance(value, int) else Money(None, value, known_currency)
