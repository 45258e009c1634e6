"""What formats show. The texts are those of Excel, worked out by hand from ECMA-376, part 1, 18.8.31."""

import datetime

from batch_credits.loader.workbook.formats import date_shown, is_plain, number_shown, text_shown
from tests.each import each


@each(
    "code, value, text, is_exact",
    [
        ("0", 421, "421", True),
        ("00000", 421, "00421", True),
        ("00000", 1234567, "1234567", True),
        ("#", 0, "", True),
        ("?", 0, " ", True),
        ('"K-"000', 7, "K-007", True),
        ("000\\-00", 12345, "123-45", True),
        ("0.00", 9.5, "9.50", False),
        ("0.##", 9.5, "9.5", False),
        ("0.##", 9.0, "9.", False),
        ("0", 9.5, "10", True),
        ("0", 0.5, "1", True),  # away from zero, not to the even neighbour
        ("0.0", 2.25, "2.3", False),
        ("#,##0", 1234567, "1,234,567", False),
        ("#,##0", 421, "421", False),
        ("0,000", 7, "0,007", False),
        ("#,##0,", 12345, "12", False),
        ("0.0,,", 1250000, "1.3", False),
        ("0%", 0.155, "16%", False),
        ("0.0%", 0.155, "15.5%", False),
        ("0;(0)", -5, "(5)", True),
        ("0;-0", -5, "-5", True),
        ("0", -5, "-5", True),
        ('0;0;"none"', 0, "none", False),
        ("[Red]0;[Blue]00", -5, "05", True),
        ("[<10]0;00000", 5, "5", True),
        ("[<10]0;00000", 15, "00015", True),
        ("[>=100]000;[<0]0", 5, "#", False),
        ("[$\u20ac-407] 0.00", 2.5, "\u20ac 2.50", False),
        ("[$\u20ac-x-euro2] 0.00", 2.5, "\u20ac 2.50", False),  # of which language the euro is shown is no language
        ("[$-10409]0.00", 2.5, "2.50", False),  # with a calendar, as report servers write it
        ("[$-1010407]0.00", 2.5, "2.50", False),  # and with the digits 0 to 9
        ("_(0_)", 5, " 5 ", True),
        ("*x0", 5, "5", True),
        ("General", 12.5, "12.5", True),
        ('General" pcs"', 12, "12 pcs", True),
        ('"paid"', 5, "paid", False),
        (";;;", 5, "", False),
    ],
)
def test_numbers(code: str, value: float, text: str, is_exact: bool) -> None:
    shown = number_shown(code, value)
    assert shown is not None and (shown.text, shown.is_exact) == (text, is_exact)


@each(
    "code, value, number, around",
    [
        ("#,##0.00", 1234.5, "1234.50", ""),
        ('"$"#,##0', 1234.0, "1234", "$"),
        ("0.00 [$USD]", 2.0, "2.00", " USD"),
        ("(0)", 5.0, "5", "()"),
        ("0;0", -5.0, "5", ""),
        ("0", -5.0, "5", "-"),
        ('"n/a"', 5.0, "", "n/a"),
    ],
)
def test_the_digits_and_what_is_around_them(code: str, value: float, number: str, around: str) -> None:
    shown = number_shown(code, value)
    assert shown is not None and (shown.number, shown.around) == (number, around)


@each(
    "code",
    ["0.00E+00", "# ?/?", "yyyy-mm-dd", "[h]:mm", "[$-F400]0", "[DBNum1]0", "[$-2000401]0", "[$-B0409]0", "@"],
)
def test_numbers_that_cannot_be_told(code: str) -> None:
    assert number_shown(code, 5.0) is None


def test_numbers_beyond_what_excel_keeps_cannot_be_told() -> None:
    assert number_shown("0", 1e15) is None
    assert number_shown("0" * 101, 5.0) is None


DAY = datetime.date(2026, 3, 9)  # a Monday


@each(
    "code, text",
    [
        ("yyyy-mm-dd", "2026-03-09"),
        ("d.m.yy", "9.3.26"),
        ("dd/mm/yyyy", "09/03/2026"),
        ("yyyymm", "202603"),
        ("mmm yyyy", "Mar 2026"),
        ("mmmm d", "March 9"),
        ("[$-409]d-mmm", "9-Mar"),
        ("ddd", "Mon"),
        ("dddd", "Monday"),
        ('"Q1 "yyyy', "Q1 2026"),
        ("[$-407]dd.mm.yyyy", "09.03.2026"),
        ("[$-407]mmmm", None),  # M\u00e4rz, but only a German Excel has the names
        ("[$-F800]dddd", None),
        ("yyyy-mm-dd hh:mm", None),
        ("h:mm AM/PM", None),
        ("0", None),
    ],
)
def test_dates(code: str, text: str | None) -> None:
    shown = date_shown(code, DAY)
    assert (shown and shown.text) == text


@each(
    "code, text",
    [
        ("0", "abc"),
        ("@", "abc"),
        ('"C-"@', "C-abc"),
        ('0;0;0;"x"@', "xabc"),
        ("0;0;0;", ""),
        (";;;", ""),
        ("00000", "abc"),
    ],
)
def test_texts(code: str, text: str) -> None:
    assert text_shown(code, "abc") == text


@each(
    "code, is_so", [("", True), ("General", True), ("GENERAL ", True), ("@", True), ("0", False)]
)
def test_formats_that_change_nothing(code: str, is_so: bool) -> None:
    assert is_plain(code) is is_so
