from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_credits.loader.money import (
    MAX_AMOUNT_MINOR,
    amount_in_decimal,
    amount_minor,
    currency_code,
    parse_major,
)
from batch_credits.model import Problem
from batch_credits.text.quoted import quoted
from tests.each import each
from tests.examples import examples

PROFILE = settings(derandomize=True, deadline=None, max_examples=examples(300))


@each(
    "text, currency, unit, expected",
    [
        ("1", None, "minor", 1),
        ("1050", "USD", "minor", 1050),
        (" 5\u00a0", "USD", "minor", 5),
        ("0100", "USD", "minor", 100),
        ("9007199254740991", "USD", "minor", MAX_AMOUNT_MINOR),
        ("500", "JPY", "minor", 500),
        ("500", "CLP", "minor", 500),
        ("19.99", "USD", "major", 1999),
        ("12", "USD", "major", 1200),
        ("12.5", "USD", "major", 1250),
        ("0.01", "USD", "major", 1),
        ("500", "JPY", "major", 500),
        ("500", "XOF", "major", 500),
        ("1.25", "KWD", "major", 125),
        ("90071992547409.91", "USD", "major", MAX_AMOUNT_MINOR),
    ],
)
def test_an_amount_becomes_minor_units_exactly(text, currency, unit, expected):
    assert amount_minor(text, currency, unit, {}) == expected


@each(
    "text, currency, unit, code",
    [
        ("", "USD", "minor", "no_amount"),
        ("  ", "USD", "major", "no_amount"),
        ("0", "USD", "minor", "amount_not_positive"),
        ("000", "USD", "minor", "amount_not_positive"),
        ("0.00", "USD", "major", "amount_not_positive"),
        ("-5", "USD", "minor", "amount_not_positive"),
        ("\u22125", "USD", "minor", "amount_not_positive"),
        ("5-", "USD", "minor", "amount_not_positive"),
        ("(5.00)", "USD", "major", "amount_not_positive"),
        ("12.50", "USD", "minor", "amount_has_decimals"),
        ("12.00", "USD", "minor", "amount_has_decimals"),
        ("9007199254740992", "USD", "minor", "amount_too_large"),
        ("90071992547409.92", "USD", "major", "amount_too_large"),
        ("9" * 5000, "USD", "minor", "amount_too_large"),
        ("9" * 5000, "USD", "major", "amount_too_large"),
        ("1,000", "USD", "minor", "amount_has_separators"),
        ("1,000.00", "USD", "major", "amount_has_separators"),
        ("1.000,00", "USD", "major", "amount_has_separators"),
        ("1 000", "USD", "minor", "amount_has_separators"),
        ("1\u202f000", "USD", "minor", "amount_has_separators"),
        ("1'000", "USD", "minor", "amount_has_separators"),
        ("12,50", "USD", "major", "amount_has_separators"),
        ("1e3", "USD", "minor", "amount_is_shortened"),
        ("1.2E+11", "USD", "major", "amount_is_shortened"),
        ("1_000", "USD", "minor", "amount_not_a_number"),
        ("\uff11\uff12", "USD", "minor", "amount_not_a_number"),
        ("\u0661\u0662", "USD", "minor", "amount_not_a_number"),
        ("\u00b2", "USD", "minor", "amount_not_a_number"),
        ("NaN", "USD", "minor", "amount_not_a_number"),
        ("inf", "USD", "major", "amount_not_a_number"),
        ("+5", "USD", "minor", "amount_not_a_number"),
        ("$5", "USD", "minor", "amount_not_a_number"),
        ("5 USD", "USD", "major", "amount_not_a_number"),
        (".5", "USD", "major", "amount_not_a_number"),
        ("5.", "USD", "major", "amount_not_a_number"),
        ("0x10", "USD", "minor", "amount_not_a_number"),
        ("five", "USD", "minor", "amount_not_a_number"),
        ("1\n2", "USD", "minor", "amount_not_a_number"),
        ("12.505", "USD", "major", "too_many_decimals"),
        ("10.500", "USD", "major", "too_many_decimals"),
        ("1.250", "KWD", "major", "too_many_decimals"),
        ("500.0", "JPY", "major", "too_many_decimals"),
        ("5", None, "major", "currency_needed"),
        ("5", "CLP", "major", "exponent_unknown"),
        ("5", "CLF", "major", "exponent_unknown"),
    ],
)
def test_what_is_no_amount_is_named_with_value_and_code(text, currency, unit, code):
    problem = amount_minor(text, currency, unit, {})
    assert isinstance(problem, Problem)
    assert problem.code == code
    assert len(problem.message) < 300
    if text.strip() and len(text) < 30 and code != "exponent_unknown":
        assert quoted(text) in problem.message


@each(
    "text, advice",
    [
        ("$5", "write the digits alone, and the currency in currency_code."),
        ("5 USD", "write the digits alone, and the currency in currency_code."),
        ("+5", "has a sign: write 5."),
        ("+five", "is not a number: write digits only, without decimals (1050)."),
        ("five", "is not a number: write digits only, without decimals (1050)."),
        ("0x10", "is not a number: write digits only, without decimals (1050)."),
        ("\uff15\uff10\uff10", "has digits of another script: write it with 0 to 9."),
        ("100,-", "write the digits alone, and the currency in currency_code."),
        ("Rs 500/-", "write the digits alone, and the currency in currency_code."),
        ("$.", "is not a number: write digits only, without decimals (1050)."),
    ],
)
def test_what_is_no_amount_is_told_how_to_become_one(text, advice):
    problem = amount_minor(text, "USD", "minor", {})
    assert isinstance(problem, Problem) and problem.message.endswith(advice)


@each(
    "unit, advice",
    [
        ("minor", "digits only, without decimals (1050)"),
        ("major", "digits only, with a point before decimals (1234.50)"),
    ],
)
def test_an_amount_is_to_be_written_as_those_of_its_unit(unit, advice):
    """Who writes 1050 for 10.50 pays 100 times too much, and who writes 10.50 for 1050 is refused again."""
    problem = amount_minor("ten", "USD", unit, {})
    assert isinstance(problem, Problem) and problem.message.endswith(f"write {advice}.")


@each("unit", ["minor", "major"])
def test_an_amount_with_separators_is_to_be_written_with_its_decimals(unit):
    """Without them 1.050,00 would be paid as 10.50 where cents are read; with them the unit is asked for."""
    problem = amount_minor("1.050,00", "USD", unit, {})
    advice = "write digits only, with a point before decimals (1234.50), or name the language that writes it so"
    assert isinstance(problem, Problem) and advice in problem.message


def test_decimals_under_minor_name_the_option_to_pass():
    problem = amount_minor("12.50", "USD", "minor", {})
    assert isinstance(problem, Problem) and "--amount-unit major" in problem.message


def test_an_unknown_exponent_names_the_option_to_pass():
    problem = amount_minor("5", "CLP", "major", {})
    assert isinstance(problem, Problem)
    assert problem.field == "currency_code"
    assert "--currency-exponent CLP=N" in problem.message


def test_a_stated_exponent_is_used_only_where_nothing_is_documented():
    assert amount_minor("500", "CLP", "major", {"CLP": 0}) == 500
    assert amount_minor("500", "CLP", "major", {"CLP": 2}) == 50000
    assert amount_minor("5", "USD", "major", {"USD": 0}) == 500
    assert amount_minor("500", "JPY", "major", {"JPY": 2}) == 500


@pytest.mark.parametrize(("text", "expected"), [("0", 0), ("1234.50", 123450), ("9" * 30, int("9" * 30 + "00"))])
def test_a_control_total_may_be_zero_or_huge(text, expected):
    assert parse_major(text, "USD", {}) == expected


@each("text", ["1.5", "0.0000001", " 12 ", "1" * 33, "0." + "1" * 31])
def test_a_decimal_amount_stays_its_text(text):
    assert amount_in_decimal(text) == text.strip()


@each(
    "text, code",
    [
        ("1" * 34, "too_long"),
        ("0.000", "amount_not_positive"),
        ("-1.5", "amount_not_positive"),
        ("1,5", "amount_has_separators"),
        ("1e-3", "amount_is_shortened"),
        ("NaN", "amount_not_a_number"),
    ],
)
def test_what_is_no_decimal_amount_is_named(text, code):
    problem = amount_in_decimal(text)
    assert isinstance(problem, Problem)
    assert (problem.field, problem.code) == ("amount_in_decimal", code)


@pytest.mark.parametrize(("text", "expected"), [("USD", "USD"), ("usd", "USD"), (" Eur ", "EUR")])
def test_a_currency_has_no_case(text, expected):
    assert currency_code(text) == expected


@each("text", ["XXQ", "US", "USDX", "$", "Dollar", "\u0131sk", ""])
def test_a_currency_must_exist(text):
    problem = currency_code(text)
    assert isinstance(problem, Problem) and problem.code == "unknown_currency"


@PROFILE
@given(st.integers(1, MAX_AMOUNT_MINOR), st.sampled_from(["USD", "JPY", "KWD"]))
def test_writing_and_reading_an_amount_loses_nothing(minor, currency):
    digits = {"USD": 2, "JPY": 0, "KWD": 2}[currency]
    assert amount_minor(str(minor), currency, "minor", {}) == minor
    major = format(Decimal(minor).scaleb(-digits), "f")
    assert amount_minor(major, currency, "major", {}) == minor


@PROFILE
@given(st.text(max_size=40) | st.text("0123456789.,eE+-_ '", max_size=12), st.sampled_from(["minor", "major"]))
def test_any_text_is_an_amount_or_a_problem(text, unit):
    value = amount_minor(text, "USD", unit, {})
    if isinstance(value, Problem):
        assert value.code and value.message.endswith(".")
    else:
        exact = Decimal(text.strip()) * (100 if unit == "major" else 1)
        assert value == exact and 1 <= value <= MAX_AMOUNT_MINOR
