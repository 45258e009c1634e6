"""What a request says, read as plainly as it is meant."""

import pytest

from batch_credits.web.handlers.answers import amounts_of, number_typed, whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("1484", 1484), ("0012", 12), ("", None), ("-1", None), ("1.0", None), ("1_0", None), (" 1", None),
     ("\u00b2", None), ("\u0661", None), ("9" * 15, int("9" * 15)), ("9" * 5000, None)],
)  # fmt: skip
def test_a_number_is_plain_digits_and_not_too_many(text: str, number: int | None) -> None:
    assert whole_number(text) == number


def test_a_number_is_typed_as_it_is_shown_or_without_commas() -> None:
    assert [number_typed(text) for text in ("1,484", " 1484 ", "1.484", "1484 credits")] == [1484, 1484, None, None]


def test_a_number_with_commas_that_group_no_thousands_is_none() -> None:
    assert [number_typed(text) for text in ("2,", "1,2", ",2", "14,84", "1,,484", ",")] == [None] * 6


def test_totals_have_the_words_that_commands_have() -> None:
    totals = {"CLP": 105_000, "USD": {"rows": 2, "amount": 0, "amount_in_decimal": "12345.5"}, "JPY": {"amount": 0}}
    said = {amount.currency: (amount.minor, amount.words) for amount in amounts_of(totals, {"CLP": 2})}
    assert said == {"CLP": (105_000, "1,050.00 CLP"), "USD": (0, "12,345.5 USD"), "JPY": (0, "0 JPY")}
    assert amounts_of({"CLP": 7}, {})[0].words == "7 minor units (CLP)"
