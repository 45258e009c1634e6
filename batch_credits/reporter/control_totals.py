"""The control totals that a file itself holds, as reports say them."""

from decimal import Decimal
from typing import Any

from batch_credits.model import ControlTotal, FileTotal
from batch_credits.model.amounts import Exponents, total_in_words
from batch_credits.model.currencies import SITE_CURRENCY


def file_totals_of(record: dict[str, Any]) -> list[FileTotal]:
    """Those that were recorded with a run."""
    return [FileTotal(*values) for values in record.get("limits", {}).get("of_file", ())]


def file_total_in_words(total: FileTotal, stated: Exponents) -> str:
    """Its amount, as people read it."""
    read = ControlTotal(total.rows, total.amount_minor, Decimal(total.amount_in_decimal))
    return " and ".join(total_in_words(read, total.currency, stated))


def file_total_sentence(total: FileTotal, stated: Exponents) -> str:
    """`row 4, control total: 35.45 USD, as 2 rows add up to`."""
    rows = "1 row is" if total.rows == 1 else f"{total.rows:,} rows add up to"
    return f"control total in row {total.row}: {file_total_in_words(total, stated)}, as {rows}"


def file_total_json(total: FileTotal) -> dict[str, Any]:
    """As the JSON reports have it: minor units, and text where the file had amounts in decimal."""
    said: dict[str, Any] = {
        "row": total.row, "currency": total.currency or SITE_CURRENCY, "rows": total.rows, "amount": total.amount_minor
    }  # fmt: skip
    if Decimal(total.amount_in_decimal):
        said["amount_in_decimal"] = total.amount_in_decimal
    return said
