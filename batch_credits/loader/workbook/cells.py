"""Cell values of a workbook as texts, and what Excel did to them that cannot be undone.

Excel keeps numbers as binary floats of 15 digits, turns what looks like a date into one, and drops leading zeros.
Here a value either has one exact text, or a flaw that rejects the row if the cell is one of our fields.
"""

import datetime
import math
import re
from decimal import Decimal

from batch_credits.loader.table import Flaw
from batch_credits.loader.wording import shown

UNKNOWN_VALUES = ("formula_without_value", "excel_error")  # flaws of cells whose value nobody knows
FRACTION = "fractional_number"  # fine in an amount, not in an id
NO_VALUE = "0"  # what programs write for a formula that they do not calculate, if they write anything
EXACT_INTEGERS_BELOW = 10**15  # Excel keeps 15 digits and writes zeros for the rest
_SHORT_ENOUGH = 16  # characters: no number of 15 digits has more, be it with a point
_MOST_DIGITS_BESIDE_NOISE, _NOISE_BELOW = 13, 10**11  # so that only what is behind the fourth decimal is noise

_SHORTENED = re.compile(r"-?[0-9](?:[.,][0-9]+)?E\+[0-9]{2,3}")
_ERRORS = {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#SPILL!", "#CALC!"}
_AS_TEXT = "format the column as text and enter the value again"

def text_of(value: object) -> tuple[str, Flaw | None]:
    """The text of a cell value, exact or with a flaw."""
    match value:
        case str():
            return value, None
        case bool():
            return truth(str(int(value)))
        case float() | int():
            return _number(value)
        case datetime.datetime() | datetime.date() | datetime.time() | datetime.timedelta():
            text = value.isoformat(" ") if isinstance(value, datetime.datetime) else str(value)
            return _flawed(text, "turned_into_date", "is a date or time in Excel")
        case None:
            return "", None
        case _:
            return _flawed(str(value), "not_text", "is of a kind that is not known here")


def spoiled_by_excel(text: str) -> str:
    """What a spreadsheet made of a text before it was saved as CSV; empty if nothing that shows."""
    if _SHORTENED.fullmatch(text):
        return "a number in the short form of spreadsheets, whose digits are lost"
    return "an error of a spreadsheet" if text in _ERRORS else ""


def truth(number: str) -> tuple[str, Flaw]:
    """The text and flaw of a cell that holds a truth value, which some formats give as 0 and 1."""
    return _flawed("FALSE" if number == "0" else "TRUE", "not_text", "is a truth value in Excel")


def gap(text: str) -> Flaw:
    """The flaw of a text that lost a tab or a line break on its way here."""
    return Flaw("control_character", f"The cell {shown(text)} holds a tab or a line break: type it again.")


def broken(error: str) -> tuple[str, Flaw]:
    """The text and flaw of a cell that holds an error, or ("", or "0") a formula that was never calculated."""
    if error == NO_VALUE:
        return error, Flaw(
            "formula_without_value",
            "The cell holds a formula that gives 0, or was never calculated: open the file in Excel and save it.",
        )
    if error:
        return error, Flaw("excel_error", f"The cell holds the Excel error {error}: correct its formula.")
    return "", Flaw(
        "formula_without_value",
        "The cell holds a formula that was never calculated: open the file in Excel and save it.",
    )


def zeros_lost(text: str, digits: int) -> Flaw:
    """The flaw of an id that is a number, in a column where texts have leading zeros and as many digits."""
    what = f"is a number in Excel, in a column with ids of {digits} digits that begin with 0, so it may have lost its"
    return Flaw("leading_zeros_lost", f"{shown(text)} {what} zeros: {_AS_TEXT}.")


def _number(value: float) -> tuple[str, Flaw | None]:
    if not math.isfinite(value):  # a program can write one into the file; Excel shows an error or nonsense
        return _flawed(str(value), "not_a_number", "stands where a number should, and is none")
    text = _written(value)
    if value == int(value):
        text = str(int(value))
        if abs(value) >= EXACT_INTEGERS_BELOW:
            return _flawed(text, "number_damaged", "is a number of more than 15 digits, of which Excel keeps 15")
        return text, None
    return text, Flaw(FRACTION, f"The cell holds the number {text}, not a text: {_AS_TEXT}.")


def _written(value: float) -> str:
    """A number without the noise of binary arithmetic: 1.1 times 3 is stored as 3.3000000000000003, and no format shows
    more of it than 15 digits, 3.30000000000000. What has digits up to there is no noise, and stays as it is."""
    exact = repr(value)
    if len(exact) > _SHORT_ENOUGH and abs(value) < _NOISE_BELOW:
        seen = Decimal(f"{value:.15g}").normalize()
        if len(seen.as_tuple().digits) <= _MOST_DIGITS_BESIDE_NOISE:
            return format(seen, "f")
    return format(Decimal(exact), "f")


def _flawed(text: str, code: str, what: str) -> tuple[str, Flaw]:
    return text, Flaw(code, f"{shown(text)} {what}: {_AS_TEXT}.")
