import datetime
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from batch_credits.loader.workbook.cells import FRACTION, broken, text_of
from tests.each import each


@each(
    "value, text",
    [
        ("007", "007"),
        (" x ", " x "),
        ("", ""),
        (None, ""),
        (1234.0, "1234"),
        (5, "5"),
        (0.0, "0"),
        (-3.0, "-3"),
        (999999999999999.0, "999999999999999"),
    ],
)
def test_an_exact_value_has_one_text(value, text):
    assert text_of(value) == (text, None)


@each(
    "value, text, code",
    [
        (19.99, "19.99", FRACTION),
        (0.1 + 0.2, "0.3", FRACTION),  # as every format shows it, up to the 15th digit
        (110 * 1.1, "121", FRACTION),
        (0.29 * 100, "29", FRACTION),
        (6511.000000000004, "6511", FRACTION),
        (12345678901.230001, "12345678901.23", FRACTION),
        (100 / 3, "33.333333333333336", FRACTION),
        (0.12345678901234566, "0.12345678901234566", FRACTION),
        (123456789012300.5, "123456789012300.5", FRACTION),
        (1e-7, "0.0000001", FRACTION),
        (1e15, "1000000000000000", "number_damaged"),
        (123456789012345678.0, "123456789012345680", "number_damaged"),
        (float("nan"), "nan", "not_a_number"),
        (float("-inf"), "-inf", "not_a_number"),
        (True, "TRUE", "not_text"),
        (datetime.date(2026, 1, 2), "2026-01-02", "turned_into_date"),
        (datetime.datetime(2026, 1, 2, 3, 4), "2026-01-02 03:04:00", "turned_into_date"),
        (datetime.time(1, 2), "01:02:00", "turned_into_date"),
        (datetime.timedelta(hours=30), "1 day, 6:00:00", "turned_into_date"),
        (b"x", "b'x'", "not_text"),
    ],
)
def test_a_value_that_excel_changed_has_a_flaw_with_the_remedy(value, text, code):
    found, flaw = text_of(value)
    assert flaw is not None
    assert flaw.code == code
    assert "format the column as text" in flaw.message
    assert found == text or code == "number_damaged"


def test_broken_cells_say_what_broke():
    assert broken("#N/A")[0] == "#N/A"
    assert broken("#N/A")[1].code == "excel_error"
    assert broken("")[1].code == "formula_without_value"


@settings(derandomize=True, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_as_itself(value):
    text, _ = text_of(value)
    assert math.isclose(float(text), value, rel_tol=5e-15)
    assert "e" not in text.lower()
