from decimal import Decimal

import pytest

from batch_credits.model import ControlTotal, Money
from batch_credits.model.amounts import minor_in_words, money_in_words, total_in_words
from batch_credits.reporter.amounts import stated_exponents
from batch_credits.settings import InputOptions
from tests.unit.reporter.conftest import make_batch


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
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
