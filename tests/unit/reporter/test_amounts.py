from decimal import Decimal

import pytest

from batch_credits.model import BatchRecord, ControlTotal, Money
from batch_credits.model.amounts import at_least, minor_in_words, money_in_words, total_in_words
from batch_credits.reporter.amounts import balances_of, stated_exponents, unit_of_results
from batch_credits.settings import InputOptions
from tests.each import each
from tests.unit.reporter.conftest import make_batch, make_row


@each(
    "amount, currency, expected",
    [
        (123456, "USD", "1,234.56 USD"),
        (5, "USD", "0.05 USD"),
        (0, "EUR", "0.00 EUR"),
        (-1250, "EUR", "-12.50 EUR"),
        (1234, "KWD", "12.34 KWD"),
        (1234, "JPY", "1,234 JPY"),
        (1234, "XOF", "1,234 XOF"),
        (1234, "CLP", "1,234 minor units (CLP)"),
        (1234, "site currency", "1,234 minor units (site currency)"),
        (2**53 - 1, "USD", "90,071,992,547,409.91 USD"),
        (12345678901234567890123, "USD", "123,456,789,012,345,678,901.23 USD"),
    ],
)
def test_minor_units_in_words(amount: int, currency: str, expected: str) -> None:
    assert minor_in_words(amount, currency, {}) == expected


@pytest.mark.parametrize(("exponent", "expected"), [(0, "1,234 CLP"), (2, "12.34 CLP")])
def test_an_exponent_that_the_operator_stated_counts(exponent: int, expected: str) -> None:
    batch = make_batch(options_json=InputOptions(currency_exponents=(("CLP", exponent),)).as_json())
    assert minor_in_words(1234, "CLP", stated_exponents(batch)) == expected


def test_decimal_amounts_are_shown_as_they_are() -> None:
    assert money_in_words(Money(None, "0.00012", "USD"), {}) == "0.00012 USD"


def test_a_total_of_both_kinds_shows_both() -> None:
    assert total_in_words(ControlTotal(2, 100, Decimal("1234.5678")), "USD", {}) == ["1.00 USD", "1,234.5678 USD"]
    assert total_in_words(ControlTotal(1, 0, Decimal("1E-7")), "USD", {}) == ["0.0000001 USD"]
    assert total_in_words(ControlTotal(), "USD", {}) == ["0.00 USD"]


@pytest.mark.parametrize(
    ("amounts", "unread", "expected"),
    [
        (["1.00 USD"], 0, ["1.00 USD"]),
        (["1.00 EUR", "2.00 USD"], 1, ["at least 1.00 EUR", "at least 2.00 USD", "1 row has no readable amount"]),
        ([], 1234, ["1,234 rows have no readable amount"]),
    ],
)
def test_a_total_in_which_rows_are_missing_says_so(amounts: list[str], unread: int, expected: list[str]) -> None:
    assert at_least(amounts, unread) == expected


MAJOR = InputOptions(amount_unit="major", currency_exponents=(("CLP", 0),)).as_json()
WITH_UNIT = {
    "headers": ("customer_id", "amount", "amount_unit"), "columns": {"customer_id": 0, "amount": 1, "amount_unit": 2}
}  # fmt: skip
DECIMAL = {"headers": ("customer_id", "amount_in_decimal"), "columns": {"customer_id": 0, "amount_in_decimal": 1}}
USD = Money(1250, None, "USD")


@each(
    "batch, cells, money, balance, expected",
    [
        (make_batch(), (), USD, "123450", "123450"),
        (make_batch(options_json=MAJOR), (), USD, "123450", "1234.50"),
        (make_batch(options_json=MAJOR), (), USD, "-5", "-0.05"),
        (make_batch(options_json=MAJOR), (), Money(1250, None, "JPY"), "1234", "1234"),
        (make_batch(options_json=MAJOR), (), Money(1250, None, "CLP"), "1234", "1234"),
        (make_batch(options_json=MAJOR), (), Money(1250, None, None), "1234", "1234"),
        (make_batch(options_json=MAJOR), (), USD, "unknown", "unknown"),
        (make_batch(options_json=MAJOR), (), USD, None, ""),
        (make_batch(**WITH_UNIT), ("c", "12.50", " Major "), USD, "123450", "1234.50"),
        (make_batch(**WITH_UNIT), ("c", "1250", "minor"), USD, "123450", "123450"),
        (make_batch(**WITH_UNIT), ("c", "1250", ""), USD, "123450", "123450"),
        (make_batch(**WITH_UNIT), ("c", "1250"), USD, "123450", "123450"),
        (make_batch(**WITH_UNIT), ("c", "1", "major:4"), Money(10000, None, "CLF"), "20000", "2.0000"),
        (make_batch(**DECIMAL), ("c", "0.125"), Money(None, "0.125", "USD"), "50", "0.50"),
    ],
)
def test_a_closing_balance_is_in_the_unit_of_the_row(
    batch: BatchRecord, cells: tuple[str, ...], money: Money, balance: str | None, expected: str
) -> None:
    assert balances_of(batch)(make_row(2, cells=cells, money=money, closing_balance=balance)) == expected


@pytest.mark.parametrize(
    ("batch", "unit"),
    [
        (make_batch(), "minor"),
        (make_batch(options_json=MAJOR), "major"),
        (make_batch(**WITH_UNIT), "each_row"),
        (make_batch(**DECIMAL), "major"),
    ],
)
def test_the_unit_of_a_file(batch: BatchRecord, unit: str) -> None:
    assert unit_of_results(batch) == unit
