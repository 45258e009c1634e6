"""What the eye sees in a cell, held against what the cell holds.

An id is read as it shows where its format is of zeros, literals or a date; an amount must show the number that it
holds, in the unit and the currency in which it is paid. Whatever shows something else rejects its row, naming both.
"""

import datetime
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from unicodedata import category

from batch_credits.loader.currency_marks import agrees, is_mark
from batch_credits.loader.table import Flaw
from batch_credits.loader.wording import EDGE_BLANKS
from batch_credits.loader.wording import shown as quoted
from batch_credits.loader.workbook.cells import EXACT_INTEGERS_BELOW, FRACTION
from batch_credits.loader.workbook.formats import Shown, date_shown, number_shown, text_shown
from batch_credits.loader.workbook.marks import Look
from batch_credits.model import AMOUNT_UNIT
from batch_credits.model.currencies import documented_exponent
from batch_credits.settings import InputOptions

CODE = "shown_otherwise"
TEXTS = ("customer_id", "reference", "description")
AMOUNTS = ("amount", "amount_in_decimal")
_AS_TEXT = "format the column as text, and enter what is meant"

_PARTING = "'\u2019,"  # literals between the digits of some formats
_GROUPED = re.compile(r"[0-9]{1,3}(?:[.,'\u2019 \u00a0\u202f][0-9]{2,3})*[.,'\u2019 \u00a0\u202f][0-9]{3}")
_IN_GROUPS = re.compile(rf"[0-9]+|[0-9]*{_GROUPED.pattern}")
_NUMBER = re.compile(r"[0-9](?:[0-9.,'\u2019 \u00a0\u202f]*[0-9])?")
_EXPONENT = re.compile("[0-9][Ee][+-]?[0-9]")
_SEPARATORS = re.compile(r"[.,'\u2019 \u00a0\u202f]")

Reading = tuple[str, Flaw | None]


def text_as_shown(field: str, value: object, read: Reading, look: Look) -> Reading:
    """A cell of an id, a reference or a description: its text, and what is wrong with it.

    `read` is what the value alone says, `look` how the cell is formatted, or what it shows.
    """
    text, flaw = read
    match value:
        case str():
            seen = look.text if look.text is not None else text_shown(look.code, value)
            if seen is None or not _same(seen, value):
                return _judged_text(value, seen)
        case bool():
            pass
        case int() | float() if flaw is None or flaw.code == FRACTION:
            return _judged_id(field, text, flaw, _number(value, text, look), look)
        case datetime.date() if field != "customer_id":  # an id that Excel took for a date was another text before
            found = _date(value, look)
            if found is not None and found.is_exact and (seen := found.text.strip(EDGE_BLANKS)):
                return seen, None
    return read


def amount_as_shown(value: object, read: Reading, look: Look, terms: tuple[str, str]) -> Flaw | None:
    """What is wrong with how an amount is shown; `terms` are the currency it is paid in ("" for none) and its unit."""
    text, flaw = read
    if isinstance(value, str) and value.strip(EDGE_BLANKS):  # some formats put a currency, a dash or nothing for it
        seen = look.text if look.text is not None else text_shown(look.code, value)
        return flaw if seen is not None and _same(seen, value) else flaw or _otherwise(quoted(value), seen, look)
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        return flaw
    if flaw is not None and flaw.code != FRACTION:
        return flaw
    found = _number(value, text, look)
    if found is None:
        return _otherwise(text, None, look)
    marks = tuple(filter(None, (mark.strip(_PARTING) for mark in found.around.split())))
    is_clear = look.text is not None or _is_parted_in_groups(found.text)
    if not (is_clear and _is_worth(found.number, text) and all(map(is_mark, marks))):
        return _otherwise(text, found.text, look)
    return _against_terms(found, marks, *terms) or flaw


def _against_terms(found: Shown, marks: tuple[str, ...], currency: str, unit: str) -> Flaw | None:
    """What is wrong with an amount that shows a currency, or units, other than those it is paid in."""
    seen = quoted(found.text.strip())
    if marks and not currency:
        return Flaw("currency_needed", f"The cell shows {seen}, and the row names no currency: fill currency_code.")
    if marks and not agrees(marks, currency):
        said = f"The cell shows {seen}, and the row is in {currency}: correct the one that is wrong."
        return Flaw("currency_contradicts", said)
    if (marks or "." in found.number) and unit == "minor" and documented_exponent(currency or "USD") != 0:
        said = f"The cell shows {seen}, as people write major units, but amounts are read as minor units (cents): "
        return Flaw("amount_has_decimals", said + "give --amount-unit major, or major in amount_unit, or format it so.")
    return None


def terms_of(columns: Mapping[str, int], cells: Sequence[str], options: InputOptions) -> tuple[str, str]:
    """In which currency and unit the amount of a row is paid, as its cells or the options say it."""
    currency, unit = (
        cells[columns[field]].strip(EDGE_BLANKS) if field in columns else ""
        for field in ("currency_code", AMOUNT_UNIT)
    )
    return (currency or options.currency or "").upper(), unit.casefold() or options.amount_unit


def _number(value: float, text: str, look: Look) -> Shown | None:
    if look.text is not None:
        return _shown_number(look.text, text)
    if not math.isfinite(value) or abs(value) >= EXACT_INTEGERS_BELOW:
        return None
    return number_shown(look.code, value)


def _date(value: datetime.date, look: Look) -> Shown | None:
    if look.text is not None:
        return Shown(look.text, is_exact=":" not in look.text)
    return date_shown(look.code, value)


def _judged_text(text: str, seen: str | None) -> Reading:
    """A text that shows as another one: with literals around it, or not at all."""
    if seen is not None and text in seen and seen.strip(EDGE_BLANKS):
        return seen.strip(EDGE_BLANKS), None
    what = "something else" if seen is None else quoted(seen) if seen.strip() else "nothing"
    return text, Flaw(CODE, f"The cell holds {quoted(text)} and shows {what}: {_AS_TEXT}.")


def _judged_id(field: str, text: str, flaw: Flaw | None, found: Shown | None, look: Look) -> Reading:
    seen = None if found is None else found.text.strip(EDGE_BLANKS)
    if seen == text:
        return text, flaw
    is_money = seen is not None and any(category(letter) == "Sc" for letter in seen)
    if flaw is None and found is not None and found.is_exact and seen and not is_money:
        return seen, None
    if field == "description":
        return text, flaw  # a number in a text for people, whose separators mean nothing for the money
    return text, flaw or _otherwise(text, seen, look)


def _otherwise(text: str, seen: str | None, look: Look) -> Flaw:
    if seen is None:
        what = f"is shown by the format {quoted(look.code)}"
    else:
        what = f"shows {quoted(seen.strip())}" if seen.strip() else "shows nothing"
    return Flaw(CODE, f"The cell holds {text} and {what}: {_AS_TEXT}.")


def _is_parted_in_groups(seen: str) -> bool:
    """Whether what parts the digits of an amount stands where thousands are parted: `12 50` may be 12.50 to the eye."""
    found = _NUMBER.search(seen)
    return found is None or _IN_GROUPS.fullmatch(found[0].partition(".")[0]) is not None


def _same(seen: str, text: str) -> bool:
    return seen.strip(EDGE_BLANKS) == text.strip(EDGE_BLANKS)


def _is_worth(number: str, text: str) -> bool:
    try:
        return Decimal(number) == Decimal(text)
    except InvalidOperation:
        return False


def _shown_number(seen: str, text: str) -> Shown | None:
    """The same of a text that some program wrote for a number, in whatever language: OpenDocument keeps it."""
    digits = re.sub("[^0-9]", "", text)
    found = _NUMBER.search(seen)
    if found is None or _EXPONENT.search(seen):
        return Shown(seen, is_exact=False, around=seen)
    around = seen[: found.start()] + " " + seen[found.end() :]
    is_whole = "." not in text and not text.startswith("-")
    is_padded = re.fullmatch(rf"(?:\D*|.*\D)0*{digits}\D*", seen) is not None
    is_spread = re.sub("[^0-9]", "", seen).lstrip("0") == digits.lstrip("0")
    is_exact = is_whole and "%" not in seen and not _GROUPED.fullmatch(found[0]) and (is_padded or is_spread)
    return Shown(seen, is_exact, _reading_worth(found[0], text), around)


def _reading_worth(seen: str, text: str) -> str:
    """Of the ways in which languages read a number, the one that is worth as much as the cell; "" if none is."""
    separators = _SEPARATORS.findall(seen)
    whole = _SEPARATORS.sub("", seen)
    readings = [whole] if _IN_GROUPS.fullmatch(seen) else []
    if separators and separators[-1] in ".,'":
        decimals = len(seen) - seen.rindex(separators[-1]) - 1
        readings.append(f"{whole[:-decimals]}.{whole[-decimals:]}")
    return next((reading for reading in readings if _is_worth(reading, text)), "")
