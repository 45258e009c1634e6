"""Which locale is named for amounts that cannot be read as they stand."""

import pytest

from batch_credits.loader import locales
from batch_credits.loader.locales import LocaleFinder
from batch_credits.loader.number_format import number_format
from batch_credits.loader.terms import read_terms
from batch_credits.settings import InputOptions
from tests.each import each


def found(texts: list[str], currency: str = "USD", *, has_points: bool = False) -> str | None:
    finder = LocaleFinder()
    finder.has_points = has_points
    terms = read_terms((currency, "", ""), InputOptions())
    for text in texts:
        finder.refused(text, terms, {})
    return finder.found()


@each(
    "texts, locale",
    [
        (["1,234.50"], "en_US"),
        (["1.234,50"], "de_DE"),
        (["1234,50", "1.000.000,00"], "de_DE"),
        (["1 234,50"], "fr_FR"),
        (["1\u202f234,50"], "fr_FR"),
        (["1'234.50"], "de_CH"),
        (["1\u2019234.50"], "de_CH"),
        (["12,34,567.50"], "en_IN"),
        (["1 234.50"], "xh_ZA"),
        (["\u20ac 1.234,50", "7,00 \u20ac"], "de_DE"),
        (["1234,50"], "de_DE"),  # all that read it read the same
        (["1,234"], "en_US"),  # of dollars, which have no three decimals
        (["1,234.50", "1.234,50"], None),
        (["abc"], None),
        (["1,234.505"], None),  # of dollars
        ([], None),
    ],
)
def test_the_one_that_reads_every_amount(texts: list[str], locale: str | None) -> None:
    assert found(texts) == locale


def test_what_french_switzerland_writes_depends_on_the_release_of_the_locales() -> None:
    reads = not number_format("fr_CH").refuses("1'234,50")  # those of babel 2.16 have blanks there
    assert found(["1'234,50"]) == ("fr_CH" if reads else None)


def test_decimals_that_the_currency_does_not_have_rule_a_reading_out() -> None:
    assert found(["1,234"], "JPY") == "en_US"
    assert found(["1.234"], "JPY") == "de_DE"
    assert found(["1,234"], "CLP") is None  # nobody has said how many decimals it has


def test_amounts_with_a_point_that_were_read_rule_out_the_decimal_comma() -> None:
    assert found(["1,234"], has_points=True) == "en_US"
    assert found(["1234,50"], has_points=True) is None


def test_amounts_that_are_wrong_in_another_way_are_of_their_language_too() -> None:
    finder, terms = LocaleFinder(), read_terms(("EUR", "", ""), InputOptions())
    finder.refused("24,35", terms, {})
    for text in ("1.234,50-", "n.a.", "(7)"):
        finder.rejected(text, terms, {}, is_foreign=False)
    assert not finder.has_points and finder.found() == "de_DE"
    finder.rejected("-7.50", terms, {}, is_foreign=False)
    assert finder.found() is None


def test_a_whole_thousand_with_a_point_that_could_not_be_read_speaks_against_no_decimal_comma() -> None:
    finder, terms = LocaleFinder(), read_terms(("EUR", "", ""), InputOptions())
    finder.refused("24,35", terms, {})
    finder.rejected("1.000", terms, {}, is_foreign=False)
    assert finder.found() == "de_DE"
    finder.rejected("7.5", terms, {}, is_foreign=False)
    assert finder.found() is None


def test_a_file_with_too_many_shapes_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locales, "MOST_SHAPES", 2)
    assert found(["1.234,50", "12.345,50"]) is None


@each("name", locales._CANDIDATES)
def test_each_candidate_reads_its_own_example(name: str) -> None:
    written = number_format(name)
    assert not written.refuses(written.example) and written.plain(written.example) == "1234.50"
