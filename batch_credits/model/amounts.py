"""Amounts as people read them: major units, by integer arithmetic, and only where the exponent is known.

Where nobody knows it, a guess would be wrong by a factor of 100, so those show as minor units.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from batch_credits.model.currencies import SITE_CURRENCY, exponent_of
from batch_credits.model.money import ControlTotal, Money

Exponents = Mapping[str, int]


def minor_in_words(amount_minor: int, currency: str, stated: Exponents) -> str:
    """123456 of USD is `1,234.56 USD`."""
    if exponent_of(currency, stated) is None:
        return f"{amount_minor:,} minor units ({currency})"
    return f"{minor_in_digits(amount_minor, currency, stated)} {currency}"


def minor_in_digits(amount_minor: int, currency: str, stated: Exponents) -> str:
    """123456 of USD is `1,234.56`; where nobody knows the decimals, minor units."""
    exponent = exponent_of(currency, stated) or 0
    if exponent == 0:
        return f"{amount_minor:,}"
    whole, rest = divmod(abs(amount_minor), 10**exponent)
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{whole:,}.{rest:0{exponent}d}"


def money_in_words(money: Money, stated: Exponents) -> str:
    """The amount of one row."""
    currency = money.currency_code or SITE_CURRENCY
    if money.amount_minor is not None:
        return minor_in_words(money.amount_minor, currency, stated)
    return f"{money.amount_in_decimal} {currency}"


def total_in_words(total: ControlTotal, currency: str, stated: Exponents) -> list[str]:
    """The amounts of a total: usually one, two where a file used both amount columns. A `currency` of "" is one that no
    row names.
    """
    currency = currency or SITE_CURRENCY
    words = []
    if total.amount_minor or not total.amount_in_decimal:
        words.append(minor_in_words(total.amount_minor, currency, stated))
    if total.amount_in_decimal:
        words.append(f"{total.amount_in_decimal:,f} {currency}")
    return words


def at_least(amounts: Sequence[str], unread_rows: int) -> list[str]:
    """The amounts of a total that some rows are missing in, since nobody could read theirs; and how many those are."""
    if not unread_rows:
        return [*amounts]
    return [*(f"at least {amount}" for amount in amounts), unread_in_words(unread_rows)]


def unread_in_words(rows: int) -> str:
    """`20 rows have no readable amount`."""
    return "1 row has no readable amount" if rows == 1 else f"{rows:,} rows have no readable amount"


def totals_in_words(totals: Mapping[str, ControlTotal], stated: Exponents) -> list[str]:
    """The amounts of all totals, by currency."""
    return [words for currency, total in sorted(totals.items()) for words in total_in_words(total, currency, stated)]


def is_amount_of(typed: str, words: str) -> bool:
    """Whether somebody typed the amount that these words begin with, such as `1,234.50 USD`: with or without commas
    and what follows it. A comma before decimals would make it another."""
    amount, _, rest = words.partition(" ")
    number = typed.removesuffix(rest).strip() if rest else typed
    grouped = re.fullmatch(r"[0-9]{1,3}(?:,[0-9]{3})*(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?", number, re.ASCII)
    return grouped is not None and Decimal(number.replace(",", "")) == Decimal(amount.replace(",", ""))
