"""Amounts, from text to integers of minor units. Nothing is rounded, nothing guessed, and no float comes near.

Python and pydantic read `1_000`, `1e3`, full-width digits and `NaN` as numbers. So a plain ASCII pattern
decides first, and what does not match is told apart only to say what to do about it.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from batch_credits.loader.currency_marks import is_mark
from batch_credits.loader.wording import EDGE_BLANKS, shown
from batch_credits.loader.written import is_dash_for_nothing, taken_apart
from batch_credits.model import Problem
from batch_credits.model.currencies import UNDOCUMENTED, exponent_of

MAX_AMOUNT_MINOR = 2**53 - 1
MAX_DECIMAL_CHARACTERS = 33
MAX_DIGITS = 40  # more than any amount; keeps int() off texts built to be slow
AMOUNT_UNITS = ("minor", "major")
_WITH_A_POINT = "digits only, with a point before decimals (1234.50)"

_INTEGER = re.compile(r"[0-9]+")
_DECIMAL = re.compile(r"([0-9]+)\.([0-9]+)")
_ANY_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_EXPONENT = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]*)?[eE][+-]?[0-9]+")
_SEPARATORS = re.compile(r"[0-9]+(?:[.,'\u2019 \u00a0\u202f\u2009\u2007][0-9]+)+")
_NO_WHOLE = re.compile(r"(?<![0-9/])(?=[.,][0-9])")  # where some leave a zero out: -.50, but not in ./.50
_NO_DECIMALS = re.compile(r"(?<=[0-9])(?:[.,](?=\)|\s*$)|[.,:/][-\u2012-\u2015]+(?![0-9]))")  # -5. and -5,- and -5/-
_WITH_CURRENCY = re.compile(r"\W?[A-Z]{0,3}\W?\s*[0-9.,]+\s*\W?[A-Z]{0,3}\W?", re.IGNORECASE)


def is_plain(text: str) -> bool:
    """Whether it is written as numbers are here: digits, and at most one point before decimals."""
    return _ANY_NUMBER.fullmatch(text.strip(EDGE_BLANKS)) is not None


def amount_minor(text: str, currency: str | None, unit: str, stated: Mapping[str, int]) -> int | Problem:
    """An amount as 1 .. 2^53-1 minor units, or why it is none.

    `unit` says what the text counts: `minor` units, or `major` ones of `currency`. `stated` are exponents
    that the operator vouches for.
    """
    amount = sum_minor(text, currency, unit, stated)
    if isinstance(amount, Problem):
        return amount
    if amount <= 0:
        return _problem("amount_not_positive", f"The amount {shown(text)} is not more than zero: give one that is.")
    if amount > MAX_AMOUNT_MINOR:
        return _too_large(text)
    return amount


def parse_major(text: str, currency: str | None, stated: Mapping[str, int]) -> int | Problem:
    """A sum in major units (`1234.50`) as minor units, zero and up, or why it is none.

    Control totals come through here too, so there is no upper bound but that on digits.
    """
    plain = text.strip(EDGE_BLANKS)
    if not _ANY_NUMBER.fullmatch(plain):
        return _not_a_number(text, plain)
    if len(plain) > MAX_DIGITS:
        return _too_large(text)
    if currency is None:
        return _problem(
            "currency_needed",
            f"The amount {shown(text)} is in major units of an unknown currency: "
            "fill currency_code, or pass --currency.",
        )
    digits = exponent_of(currency, stated)
    if digits is None:
        return Problem(
            "currency_code",
            "exponent_unknown",
            f"Chargebee does not document how many decimals {currency} has there, and a guess could be 100 times "
            f"too much: pass --currency-exponent {currency}=N, or give {shown(text)} in minor units.",
        )
    whole, _, decimals = plain.partition(".")
    if len(decimals) > digits:
        found = f"{len(decimals)} decimal{'s' if len(decimals) > 1 else ''}"
        return _problem(
            "too_many_decimals",
            f"The amount {shown(text)} has {found}, but {currency} has {digits} at Chargebee: "
            "nothing is rounded, so correct it.",
        )
    return int(whole + decimals.ljust(digits, "0"))


def sum_minor(text: str, currency: str | None, unit: str, stated: Mapping[str, int]) -> int | Problem:
    """A sum in the unit of a file's amounts as minor units, zero and up, or why it is none."""
    return _minor(text) if unit == "minor" else parse_major(text, currency, stated)


def amount_in_decimal(text: str) -> str | Problem:
    """The exact decimal text that a site with multi-decimal pricing takes, or why it is none."""
    plain = text.strip(EDGE_BLANKS)
    if not _ANY_NUMBER.fullmatch(plain):
        return _not_a_number(text, plain, "amount_in_decimal")
    if len(plain) > MAX_DECIMAL_CHARACTERS:
        return Problem(
            "amount_in_decimal",
            "too_long",
            f"The amount {shown(text)} has {len(plain)} characters and Chargebee takes {MAX_DECIMAL_CHARACTERS}: "
            "shorten it.",
        )
    if not Decimal(plain):
        return Problem(
            "amount_in_decimal",
            "amount_not_positive",
            f"The amount {shown(text)} is not more than zero: give one that is.",
        )
    return plain


def currency_code(text: str) -> str | Problem:
    """An ISO 4217 code, upper case, or why it is none."""
    plain = text.strip(EDGE_BLANKS)
    code = plain.upper()
    if plain.isascii() and code in _known_currencies():  # upper() turns some foreign letters into ours
        return code
    return Problem(
        "currency_code",
        "unknown_currency",
        f"There is no currency {shown(text)} that people are paid in: give its three-letter ISO 4217 code, e.g. USD.",
    )


@lru_cache(maxsize=1)
def _known_currencies() -> frozenset[str]:
    """What people are paid in somewhere today, and what Chargebee documents nothing of: metals, units of account, codes
    for tests and money that is no more (XAU, XDR, XTS, ITL) are no currencies to credit."""
    from babel.core import get_global  # here, since only reading a file needs it

    used = get_global("territory_currencies").values()
    return UNDOCUMENTED | {code for money in used for code, _, end, is_tender in money if end is None and is_tender}


def _minor(text: str) -> int | Problem:
    plain = text.strip(EDGE_BLANKS)
    if _INTEGER.fullmatch(plain):
        return int(plain) if len(plain) <= MAX_DIGITS else _too_large(text)
    if _DECIMAL.fullmatch(plain):
        return _problem(
            "amount_has_decimals",
            f"The amount {shown(text)} has decimals, but amounts are read as minor units (cents): "
            "pass --amount-unit major if the file is in major units, else write it without decimals.",
        )
    return _not_a_number(text, plain, written="digits only, without decimals (1050)")


def _not_a_number(text: str, plain: str, field: str = "amount", written: str = _WITH_A_POINT) -> Problem:
    """Say why a text is no plain number, as closely as can be told, and how to write it: as amounts of its unit are
    `written`, since 1050 for 10.50 would be 100 times too much. What has separators is written with its decimals in any
    unit: whoever left them out where cents are read would pay a hundredth, and who writes them is told of the unit."""
    value = shown(text)
    if not plain:
        return _problem("no_amount", "The amount is empty: fill it.", field)
    if (less := not_more_than_nothing(plain, field)) is not None:
        return less
    if _EXPONENT.fullmatch(plain):
        return _problem(
            "amount_is_shortened",
            f"The amount {value} is in the short form of spreadsheets and may have lost digits: write it out.",
            field,
        )
    if _SEPARATORS.fullmatch(plain):
        return _problem(
            "amount_has_separators",
            f"The amount {value} has a thousands separator or a decimal comma, which can be read in two ways: "
            f"write {_WITH_A_POINT}, or name the language that writes it so with --locale.",
            field,
        )
    if (foreign := digits_of_another_script(plain, field)) is not None:
        return foreign
    if plain.startswith("+") and _ANY_NUMBER.fullmatch(plain[1:]):
        return _problem("amount_not_a_number", f"The amount {value} has a sign: write {plain[1:]}.", field)
    if _WITH_CURRENCY.fullmatch(plain) and re.search("[0-9]", plain):
        return _problem(
            "amount_not_a_number",
            f"The amount {value} is not a plain number: write the digits alone, and the currency in currency_code.",
            field,
        )
    return _problem("amount_not_a_number", f"The amount {value} is not a number: write {written}.", field)


def not_more_than_nothing(text: str, field: str = "amount") -> Problem | None:
    """What is wrong with an amount that is written as accountants write what is less than nothing, in any of their
    ways, or with a dash in its place; None for any other text."""
    parts = taken_apart(_NO_DECIMALS.sub("", _NO_WHOLE.sub("0", text)))
    is_short = text.startswith("-") and _EXPONENT.fullmatch(text) is not None
    if is_short or (parts is not None and parts.is_negative and all(map(_is_no_word, parts.marks))):
        what = "is negative"
    elif parts is None and is_dash_for_nothing(text):
        what = "is a dash, which stands for nothing"
    else:
        return None
    said = f"The amount {shown(text)} {what}, and this command only adds credits: give one above zero."
    return _problem("amount_not_positive", said, field)


def digits_of_another_script(text: str, field: str) -> Problem | None:
    """What is wrong with an amount whose digits are not those that are read here; None for any other text."""
    if text.isascii() or not any(letter.isdigit() and not letter.isascii() for letter in text):
        return None
    said = f"The amount {shown(text)} has digits of another script: write it with 0 to 9."
    return _problem("amount_not_a_number", said, field)


def _is_no_word(mark: str) -> bool:
    """Whether it is a currency, or a sign that means nothing here: an asterisk, the apostrophe of a spreadsheet."""
    return is_mark(mark) or not any(map(str.isalnum, mark))


def _too_large(text: str) -> Problem:
    return _problem(
        "amount_too_large",
        f"The amount {shown(text)} is more than the {MAX_AMOUNT_MINOR} minor units that Chargebee takes: correct it.",
    )


def _problem(code: str, message: str, field: str = "amount") -> Problem:
    return Problem(field, code, message)
