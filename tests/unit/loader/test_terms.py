import pytest

from batch_credits.loader.number_format import number_format
from batch_credits.loader.terms import read_credit_type, read_money, read_terms
from batch_credits.model import CREDIT_TYPES, Money, Problem
from batch_credits.settings import InputOptions


def terms(currency="", credit_type="", unit="", **options):
    return read_terms((currency, credit_type, unit), InputOptions(**options))


def test_what_the_cells_leave_open_the_options_say():
    assert terms().currency is None
    assert terms(" usd ").currency == "USD"
    assert terms(currency="", unit="", amount_unit="major").unit == "major"
    assert terms(credit_type="").credit_type == "general"


def test_problems_of_the_terms_come_together():
    assert [problem.code for problem in terms("??", "??", "??").problems] == [
        "unknown_currency",
        "unknown_credit_type",
        "unknown_amount_unit",
    ]


@pytest.mark.parametrize("credit_type", CREDIT_TYPES)
def test_credit_types_are_known_by_name_and_label(credit_type):
    assert read_credit_type(credit_type) == credit_type
    assert read_credit_type(credit_type.replace("_", " ").title()) == credit_type
    assert isinstance(read_credit_type(credit_type + "s"), Problem)


def test_the_plain_case_says_what_the_long_way_says():
    known = terms("USD")
    for text in ("1", "007", "999999999999999", "0", "1" * 15, "1" * 16, "\u00b2", "\u0661"):
        plain, long = read_money(text, "", known, {}), read_money(text + " ", "", known, {})
        assert plain == long or (isinstance(plain, Problem) and isinstance(long, Problem) and plain.code == long.code)


def test_digits_of_another_script_are_called_so_in_every_language():
    for written in (None, number_format("de_DE")):
        problem = read_money("\u0661\u0662", "", terms("USD"), {}, written)
        assert isinstance(problem, Problem) and "0 to 9" in problem.message


def test_money_that_a_wrong_currency_hides_is_none():
    assert read_money("5", "", terms("??"), {}) is None
    assert read_money("5", "", terms("??", unit="major"), {}) is None
    assert read_money("", "5", terms("??"), {}) is None
    assert read_money("5", "", terms(unit="??"), {}) is None
    assert isinstance(read_money("5.5", "", terms("??"), {}), Problem)


def test_a_point_before_three_digits_may_part_thousands():
    """German files of round amounts have no other that tells: 500, 1.000, 2.500."""
    given, of_failed_csv = terms("EUR", amount_unit="major"), terms("EUR", unit="major", failed_csv=True)
    for text, is_said in {"1.000": True, "12.505 \u20ac": True, "1.0000": False, "0.125": False}.items():
        assert ("with --locale" in str(read_money(text, "", given, {}))) is is_said
    assert "--locale" not in str(read_money("1.000", "", given, {}, number_format("en_US")))
    assert "--locale" not in str(read_money("1.000", "", of_failed_csv, {}))


def test_a_decimal_amount_knows_no_unit():
    assert read_money("", "5.5", terms("JPY", unit="??"), {}) == Money(None, "5.5", "JPY")
