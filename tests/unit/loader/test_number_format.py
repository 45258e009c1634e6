"""--locale: numbers as a language writes them, strictly; and no text is read in two ways."""

from typing import Any

import pytest
from babel.numbers import format_decimal
from hypothesis import example, given, settings
from hypothesis import strategies as st

from batch_credits.errors import InputError
from batch_credits.loader.number_format import number_format
from batch_credits.loader.rows import RowReader
from batch_credits.loader.table import Chunk, Flaw
from batch_credits.loader.workbook.cells import FRACTION
from batch_credits.model import Money
from batch_credits.settings import InputOptions
from tests.each import each
from tests.examples import examples

COLUMNS = {field: index for index, field in enumerate(("customer_id", "amount", "currency_code", "amount_unit"))}
LOCALES = ("de_DE", "fr_FR", "en_US", "en_IN", "hi_IN", "pl_PL", "pt_BR", "sv_SE", "es_ES", "ja_JP")


@each(
    "locale, text, plain",
    [
        ("de_DE", "1.234.567,89", "1234567.89"),
        ("de-DE", "1234,5", "1234.5"),
        ("de_DE", "1.234", "1234"),
        ("en_US", "1,234.50", "1234.50"),
        ("en_IN", "12,34,567.5", "1234567.5"),
        ("fr_FR", "1 234,50", "1234.50"),
        ("fr_FR", "1\u202f234\u202f567", "1234567"),
        ("fr_FR", "1\u00a0234", "1234"),
        ("de_CH", "1'234.50", "1234.50"),
        ("de_CH", "1'234'567.50", "1234567.50"),
        ("de_CH", "1\u2019234.50", "1234.50"),
        ("de", "7", "7"),
    ],
)
def test_what_a_language_writes_is_read(locale: str, text: str, plain: str) -> None:
    written = number_format(locale)
    assert not written.refuses(text)
    assert written.plain(text) == plain


@each(
    "locale, text",
    [
        ("de_DE", "1234.50"),
        ("de_DE", "1.50"),
        ("de_DE", "12.34"),
        ("de_DE", "1.2345,00"),
        ("de_DE", "1.234567"),
        ("de_DE", "1,234,567"),
        ("de_DE", ",5"),
        ("de_DE", "5,"),
        ("de_DE", "1 234"),
        ("fr_FR", "1 234\u202f567"),
        ("en_US", "1,23"),
        ("en_IN", "1,234,567"),
        ("en_US", "\uff11,234"),
        ("en_US", "-1,234"),
        ("de_DE", "1e3"),
        ("de_DE", ""),
    ],
)
def test_what_it_does_not_write_is_refused(locale: str, text: str) -> None:
    assert number_format(locale).refuses(text)


@settings(derandomize=True, deadline=None, max_examples=examples(300))
@given(st.sampled_from(LOCALES), st.integers(0, 10**15), st.booleans())
@example("de_DE", 100_000_000_000, True)  # which constants Hypothesis tries by itself depends on the modules loaded
def test_whatever_babel_writes_is_read_back(locale: str, minor: int, grouped: bool) -> None:
    whole, cents = divmod(minor, 100)
    decimal = number_format(locale).decimal
    text = f"{format_decimal(whole, locale=locale, group_separator=grouped)}{decimal}{cents:02d}"
    assert number_format(locale).plain(text) == f"{whole}.{cents:02d}"


@settings(derandomize=True, deadline=None, max_examples=examples(300))
@given(st.sampled_from(("de_CH", "it_CH", "de_LI")), st.sampled_from("'\u2019"), st.integers(0, 10**15))
@example("de_CH", "'", 123_456_789)
@example("de_CH", "'", 100_000_000_000)
def test_whatever_is_written_in_switzerland_is_read(locale: str, apostrophe: str, minor: int) -> None:
    """Babel cannot tell: it takes apostrophes for quotes of its patterns, and writes 1234567 and 1000000'000."""
    whole, cents = divmod(minor, 100)
    text = f"{whole:,}.{cents:02d}".replace(",", apostrophe)
    assert number_format(locale).plain(text) == f"{whole}.{cents:02d}"
    assert number_format(locale).plain(f"{whole}.{cents:02d}") == f"{whole}.{cents:02d}"


@each("name", ["xx_YY", "", "de_DE_de", "../de", "1"])
def test_a_locale_that_does_not_exist(name: str) -> None:
    with pytest.raises(InputError, match="no locale"):
        number_format(name)


def read(amount: str, unit: str = "major", flaws: Any = None, locale: str | None = "de_DE") -> Any:
    options = InputOptions(reference="r", description="d", locale=locale)
    [row] = RowReader(COLUMNS, options).read(Chunk([2], [("c-1", amount, "USD", unit)], flaws or {}))
    return row


@pytest.mark.parametrize(
    ("amount", "unit", "minor"),
    [("1.234,50", "major", 123450), ("1.234", "minor", 1234), ("12", "major", 1200), (" 5,5 ", "major", 550)],
)
def test_amounts_of_rows(amount: str, unit: str, minor: int) -> None:
    row = read(amount, unit)
    assert row.money == Money(minor, None, "USD")
    assert row.cells[1] == amount


@pytest.mark.parametrize(
    ("amount", "unit", "code"),
    [
        ("1234.50", "major", "not_of_locale"),
        ("1,505", "major", "too_many_decimals"),
        ("1,50", "minor", "amount_has_decimals"),
        ("0,00", "major", "amount_not_positive"),
    ],
)
def test_refusals_of_rows(amount: str, unit: str, code: str) -> None:
    assert [problem.code for problem in read(amount, unit).problems] == [code]


def test_without_a_locale_the_remedy_is_named() -> None:
    [problem] = read("1.234,50", locale=None).problems
    assert problem.code == "amount_has_separators"
    assert "--locale" in problem.message


def test_a_fraction_that_excel_keeps_as_a_number_is_not_read_by_a_locale() -> None:
    flaws = {0: {1: Flaw(FRACTION, "The cell holds the number 1.234, not a text.")}}
    assert [problem.code for problem in read("1.234", flaws=flaws).problems] == [FRACTION]
    assert read("1.25", flaws=flaws, locale=None).money == Money(125, None, "USD")
