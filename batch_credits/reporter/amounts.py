"""The unit of a batch's amounts, the exponents with which they are read, and closing balances in that unit."""

import json
import re
from collections.abc import Callable, Mapping

from batch_credits.model import AMOUNT_UNIT, BatchRecord, ControlTotal, Money, ReportRow
from batch_credits.model.currencies import SITE_CURRENCY, exponent_of

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,40}")
_EACH_ROW = "each_row"

UNITS_IN_WORDS = {
    "minor": "in minor units (cents)",
    "major": "in major units (1234.50)",
    _EACH_ROW: f"in the unit that the row's {AMOUNT_UNIT} says",
}


def stated_exponents(batch: BatchRecord) -> dict[str, int]:
    """The exponents that the operator gave when the file was read."""
    return dict(json.loads(batch.options_json).get("currency_exponents", ()))


def unit_of_results(batch: BatchRecord) -> str:
    """In which unit results.csv has amounts and balances: `minor`, `major`, or `each_row`, as a column of it says."""
    if AMOUNT_UNIT in batch.columns:
        return _EACH_ROW
    if "amount" not in batch.columns and "amount_in_decimal" in batch.columns:
        return "major"
    return str(json.loads(batch.options_json).get("amount_unit", "minor"))


def balances_of(batch: BatchRecord) -> Callable[[ReportRow], str]:
    """What tells the closing balance of a row, which Chargebee gives in minor units, in the unit of the row's amount.

    Where nobody knows how many decimals the currency has it stays in minor units, as the amount does.
    """
    if unit_of_results(batch) == "minor" and "amount_in_decimal" not in batch.columns:
        return lambda row: row.closing_balance or ""
    in_unit = in_unit_of_file(batch)

    def balance(row: ReportRow) -> str:
        text = row.closing_balance or ""
        if row.money is None or not _WHOLE_NUMBER.fullmatch(text):
            return text
        return in_unit(row, int(text), row.money)

    return balance


def in_unit_of_file(batch: BatchRecord) -> Callable[[ReportRow, int, Money], str]:
    """What writes so many minor units of a money's currency in the unit that a row of the batch is given in."""
    stated, at = stated_exponents(batch), batch.columns.get(AMOUNT_UNIT)
    default = str(json.loads(batch.options_json).get("amount_unit", "minor"))

    def in_unit(row: ReportRow, amount_minor: int, money: Money) -> str:
        said = row.cells[at].strip().casefold() if at is not None and at < len(row.cells) else ""
        unit, _, decimals = (said or default).partition(":")
        if unit != "major" and money.amount_in_decimal is None:
            return str(amount_minor)
        exponent = int(decimals) if decimals.isdecimal() else exponent_of(money.currency_code or SITE_CURRENCY, stated)
        return str(amount_minor) if exponent is None else _in_major(amount_minor, exponent)

    return in_unit


def _in_major(amount_minor: int, exponent: int) -> str:
    """As amounts are written in files: 123450 of two decimals is `1234.50`."""
    whole, decimals = divmod(abs(amount_minor), 10**exponent)
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{whole}.{decimals:0{exponent}d}" if exponent else f"{sign}{whole}"


def in_minor_units(totals: Mapping[str, ControlTotal]) -> dict[str, int]:
    """Currencies that came as `amount`: a zero beside a decimal sum would only mean that there were none."""
    return {
        currency: total.amount_minor
        for currency, total in sorted(totals.items())
        if total.amount_minor or not total.amount_in_decimal
    }


def in_decimal(totals: Mapping[str, ControlTotal]) -> dict[str, str]:
    """Currencies that came as `amount_in_decimal`, exact and without an exponent."""
    return {
        currency: f"{total.amount_in_decimal:f}"
        for currency, total in sorted(totals.items())
        if total.amount_in_decimal
    }
