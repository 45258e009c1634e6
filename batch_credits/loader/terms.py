"""What a row says about money and type: amount, currency, unit, credit type."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from batch_credits.loader.currency_marks import agrees, is_mark
from batch_credits.loader.money import (
    AMOUNT_UNITS,
    amount_in_decimal,
    amount_minor,
    currency_code,
    digits_of_another_script,
    is_plain,
    not_more_than_nothing,
    sum_minor,
)
from batch_credits.loader.number_format import NumberFormat
from batch_credits.loader.sums import Sum
from batch_credits.loader.wording import EDGE_BLANKS, shown
from batch_credits.loader.written import taken_apart, unwrapped
from batch_credits.model import AMOUNT_UNIT, CREDIT_TYPES, CreditType, Money, Problem, bare
from batch_credits.model.currencies import MAX_EXPONENT, exponent_of
from batch_credits.settings import InputOptions

TERM_FIELDS = ("currency_code", "credit_type", AMOUNT_UNIT)
SAFE_DIGITS = 15  # any number of so many digits is an amount Chargebee takes

# A unit as only failed.csv states it, of a currency for which Chargebee documents no decimals: `major:0`.
_MAJOR_WITH_DIGITS = re.compile(rf"major:([0-{MAX_EXPONENT}])")

_MAY_BE_THOUSANDS = re.compile(r"\D*[1-9][0-9]{0,2}\.[0-9]{3}\D*")  # `1.000` in German
_IF_THOUSANDS = "If its point parts thousands, name the language that writes it so with --locale."

_CREDIT_TYPE_OF = {bare(credit_type): credit_type for credit_type in CREDIT_TYPES}


@dataclass(frozen=True, slots=True)
class Terms:
    """How the amounts of some rows are meant; the same object for all rows that say the same.

    `currency` and `unit` are problems where the cells are wrong, and then `problems` holds them too. `digits` are the
    decimals of the currency that the row itself states, `is_of_failed_csv` whether options can mend it. `moneys` are
    amounts that were read under these terms before, by their texts.
    """

    currency: str | Problem | None
    unit: str | Problem
    credit_type: CreditType
    problems: tuple[Problem, ...]
    digits: int | None = None
    is_of_failed_csv: bool = False
    moneys: dict[str, Money] = field(default_factory=dict, compare=False, repr=False)


def read_terms(cells: Sequence[str], options: InputOptions) -> Terms:
    """Read the cells of `TERM_FIELDS`, which say how an amount is meant; where one is empty, the options say it."""
    currency_text, type_text, unit_text = (unwrapped(cell.strip(EDGE_BLANKS)) for cell in cells)
    currency: str | Problem | None = None
    if currency_text or options.currency:
        currency = currency_code(currency_text or options.currency or "")
    digits = _MAJOR_WITH_DIGITS.fullmatch(unit_text.casefold()) if options.failed_csv else None
    unit = "major" if digits else _amount_unit(unit_text or ("" if options.failed_csv else options.amount_unit))
    credit_type = read_credit_type(type_text or options.credit_type or "general")
    problems = tuple(value for value in (currency, credit_type, unit) if isinstance(value, Problem))
    return Terms(
        currency,
        unit,
        "general" if isinstance(credit_type, Problem) else credit_type,
        problems,
        digits=int(digits[1]) if digits else None,
        is_of_failed_csv=options.failed_csv,
    )


def read_money(
    amount: str, decimal: str, terms: Terms, exponents: Mapping[str, int], written: NumberFormat | None = None
) -> Money | Problem | None:
    """The money of a row; or the problem with it; or None when a problem of its terms hides what it would be.

    `written` says how the file writes numbers, where that is not digits and a point.
    """
    if not decimal and terms.unit == "minor" and amount.isdigit() and amount.isascii() and len(amount) <= SAFE_DIGITS:
        minor = int(amount)  # the plain case, and nearly every row's: what follows would say the same
        if minor and not isinstance(terms.currency, Problem):
            return Money(minor, None, terms.currency)
    amount, decimal = unwrapped(amount.strip(EDGE_BLANKS)), unwrapped(decimal.strip(EDGE_BLANKS))
    if amount and decimal:
        return Problem(
            "amount",
            "two_amounts",
            f"The row has amount {shown(amount)} and amount_in_decimal {shown(decimal)}: keep one of them.",
        )
    if not amount and not decimal:
        return Problem("amount", "no_amount", "The row has no amount: fill amount or amount_in_decimal.")
    field, text = ("amount_in_decimal", decimal) if decimal else ("amount", amount)
    number = _number(field, text, terms, exponents, written)
    if isinstance(number, str):
        money = _decimal_money(number, terms) if decimal else _integer_money(number, terms, exponents)
    else:
        money = number
    if not isinstance(money, Problem):
        return money
    may_be_read = written is None and not terms.is_of_failed_csv and money.code == "too_many_decimals"
    if may_be_read and _MAY_BE_THOUSANDS.fullmatch(text):
        money = replace(money, message=f"{money.message} {_IF_THOUSANDS}")
    return _mendable(money, text, terms)


def read_total(
    amount: str, decimal: str, terms: Terms, exponents: Mapping[str, int], written: NumberFormat | None = None
) -> Sum | None:
    """What the amounts of a row come to as a sum, which may be nothing or less; None where that cannot be read."""
    if isinstance(terms.currency, Problem) or isinstance(terms.unit, Problem):
        return None
    minor, in_decimal = 0, Decimal()
    if text := unwrapped(amount.strip(EDGE_BLANKS)):
        number, sign = _signed("amount", text, terms, exponents, written)
        stated = exponents if terms.digits is None else {terms.currency or "": terms.digits}
        value = None if number is None else sum_minor(number, terms.currency, terms.unit, stated)
        if not isinstance(value, int):
            return None
        minor = sign * value
    if text := unwrapped(decimal.strip(EDGE_BLANKS)):
        number, sign = _signed("amount_in_decimal", text, terms, exponents, written)
        if number is None or not is_plain(number):
            return None
        in_decimal = sign * Decimal(number)
    return Sum(minor, in_decimal)


def _signed(
    field: str, text: str, terms: Terms, exponents: Mapping[str, int], written: NumberFormat | None
) -> tuple[str | None, int]:
    """The digits of an amount that may be negative, and 1 or -1; no digits where they cannot be read."""
    parts = taken_apart(text)
    sign = -1 if parts is not None and parts.is_negative else 1
    if parts is not None and sign < 0:
        text = " ".join((*parts.marks[:1], parts.digits, *parts.marks[1:]))
    number = _number(field, text, terms, exponents, written)
    return (number if isinstance(number, str) else None), sign


def _number(
    field: str, text: str, terms: Terms, exponents: Mapping[str, int], written: NumberFormat | None
) -> str | Problem | None:
    """The digits of an amount, with a point before decimals, where they can be read; else as they stand, or what is
    wrong with what stands around them; None where a problem of the terms hides whether it is right."""
    if is_plain(text) if written is None else not written.refuses(text):
        return text if written is None else written.plain(text)
    if (less := not_more_than_nothing(text, field)) is not None:
        return less
    parts = taken_apart(text)
    if parts is None or parts.is_negative or not parts.marks or not all(map(is_mark, parts.marks)):
        return text if written is None else digits_of_another_script(text, field) or written.problem(field, text)
    if isinstance(terms.currency, Problem):
        return None
    if (wrong := _disagreement(field, text, parts.marks, terms, exponents)) is not None:
        return wrong
    if written is None:
        return parts.digits
    return written.problem(field, text) if written.refuses(parts.digits) else written.plain(parts.digits)


def _disagreement(
    field: str, text: str, marks: tuple[str, ...], terms: Terms, exponents: Mapping[str, int]
) -> Problem | None:
    """What is wrong with an amount that names a currency: it must be the row's, and be counted in its major units."""
    currency = terms.currency
    if currency is None:
        option = "." if terms.is_of_failed_csv else ", or pass --currency."
        said = f"The amount {shown(text)} names a currency, and the row none: fill currency_code{option}"
        return Problem(field, "currency_needed", said)
    assert isinstance(currency, str), "a wrong one was seen before"
    if not agrees(marks, currency):
        said = f"The amount {shown(text)} names another currency than the row, which is in {currency}: correct the one "
        return Problem(field, "currency_contradicts", said + "that is wrong.")
    if field == "amount" and terms.unit == "minor" and exponent_of(currency, exponents) != 0:
        unit = "major in amount_unit" if terms.is_of_failed_csv else "--amount-unit major"
        said = f"The amount {shown(text)} is written as people write major units, and amounts are read as minor units "
        return Problem(field, "amount_not_a_number", f"{said}(cents): give {unit}, or write it without the currency.")
    return None


# What to do in a failed.csv, where else an option might be what is missing: no option goes for it.
_WITHOUT_OPTIONS = {
    "amount_has_decimals": "The amount {amount} has decimals, but amount_unit says minor units (cents): write it "
    "without decimals, or major in amount_unit.",
    "amount_has_separators": "The amount {amount} has a thousands separator or a decimal comma, which can be read in "
    "two ways: write digits only, with a point before decimals (1234.50).",
    "currency_needed": "The amount {amount} is in major units of an unknown currency: fill currency_code.",
    "exponent_unknown": "Chargebee does not document how many decimals {currency} has there, and a guess could be 100 "
    "times too much: say it in amount_unit (major:0 if it has none), or write the amount in minor units, and minor in "
    "amount_unit.",
}


def _mendable(problem: Problem, amount: str, terms: Terms) -> Problem:
    """The problem with what a person can do about it in the file."""
    said = _WITHOUT_OPTIONS.get(problem.code) if terms.is_of_failed_csv else None
    if said is None:
        return problem
    return replace(problem, message=said.format(amount=shown(amount), currency=terms.currency))


def _decimal_money(decimal: str, terms: Terms) -> Money | Problem | None:
    value = amount_in_decimal(decimal)
    if isinstance(value, Problem):
        return value
    return None if isinstance(terms.currency, Problem) else Money(None, value, terms.currency)


def _integer_money(amount: str, terms: Terms, exponents: Mapping[str, int]) -> Money | Problem | None:
    if isinstance(terms.unit, Problem):
        return None
    if isinstance(terms.currency, Problem):
        if terms.unit == "major":
            return None  # the currency decides the decimals
        value = amount_minor(amount, None, terms.unit, exponents)
        return value if isinstance(value, Problem) else None
    if terms.digits is not None and terms.currency is not None:
        exponents = {terms.currency: terms.digits}
    value = amount_minor(amount, terms.currency, terms.unit, exponents)
    return value if isinstance(value, Problem) else Money(value, None, terms.currency)


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
