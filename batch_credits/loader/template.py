"""A file to fill in: the headers, one example row, and in Excel what keeps people from the usual mistakes.

Ids are formatted as text there, so that Excel leaves their zeros and long numbers alone; a column with few choices
offers them. The example shows how, and is rejected: it is nobody's credit.
"""

import csv
from pathlib import Path
from typing import Any

from batch_credits.errors import UsageError
from batch_credits.loader.money import AMOUNT_UNITS
from batch_credits.model import AMOUNT_UNIT, CREDIT_TYPES

EXAMPLE_CUSTOMER = "example-delete-this-row"
EXAMPLE = {
    "customer_id": EXAMPLE_CUSTOMER,
    "amount": "10.50",
    AMOUNT_UNIT: "major",
    "currency_code": "USD",
    "description": "Loyalty credit, third quarter",
    "credit_type": "loyalty_credits",
    "reference": "loyalty-2026-q3",
}
TEMPLATE_ROWS = 10_000  # rows that are formatted and validated; more may be filled

_WIDTH = 28
_CHOICES = {AMOUNT_UNIT: AMOUNT_UNITS, "credit_type": CREDIT_TYPES}
_MOST = {"customer_id": 50, "currency_code": 3, "description": 250, "reference": 500}  # characters Chargebee takes
_NOTES = {
    "customer_id": "The customer's id in Chargebee, at most 50 characters.",
    "amount": "Above zero, as a number: 10.50, or 1050 with amount_unit minor.",
    AMOUNT_UNIT: "major: 10.50 is ten dollars and fifty cents. minor: 1050 is the same.",
    "currency_code": "Three letters, such as USD.",
    "description": "At most 250 characters; customers may see it on their invoice.",
    "credit_type": "One of those offered.",
    "reference": "One customer gets one credit for one reference, for ever.",
}


def write_template(path: Path) -> None:
    """Write a CSV file, or a workbook if the name ends in .xlsx.

    Raises:
        UsageError: the file is there already, or cannot be written.
    """
    try:
        with path.open("xb") as taken:
            taken.close()
        _write_workbook(path) if path.suffix.lower() == ".xlsx" else _write_csv(path)
    except FileExistsError:
        said = f"{path} is there already."
        raise UsageError(said, hint="Name another file.", instead=[("template", "FILE")]) from None
    except OSError as error:
        said = f"{path} cannot be written: {error.strerror or error}."
        raise UsageError(said, hint="Name another file.", instead=[("template", "FILE")]) from None


def _write_csv(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text, lineterminator="\n").writerows((EXAMPLE.keys(), EXAMPLE.values()))


def _write_workbook(path: Path) -> None:
    import xlsxwriter  # here, since only this command needs it

    with xlsxwriter.Workbook(path, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Credits")
        heading = book.add_format({"bold": True, "num_format": "@", "bottom": 1})
        as_text = book.add_format({"num_format": "@"})
        as_amount = book.add_format({"num_format": "0.00"})
        for column, (field, example) in enumerate(EXAMPLE.items()):
            is_amount = field == "amount"
            sheet.set_column(column, column, _WIDTH, as_amount if is_amount else as_text)
            sheet.write_string(0, column, field, heading)
            sheet.write_comment(0, column, _NOTES[field])
            if is_amount:
                sheet.write_number(1, column, float(example), as_amount)
            else:
                sheet.write_string(1, column, example, as_text)
            sheet.data_validation(1, column, TEMPLATE_ROWS, column, _rule(field))
        sheet.freeze_panes(1, 0)


def _rule(field: str) -> dict[str, Any]:
    """What Excel accepts in a column, and what it says of anything else."""
    if field in _CHOICES:
        rule: dict[str, Any] = {"validate": "list", "source": list(_CHOICES[field])}
    elif field in _MOST:
        least = 3 if field == "currency_code" else 1
        rule = {"validate": "length", "criteria": "between", "minimum": least, "maximum": _MOST[field]}
    else:
        rule = {"validate": "decimal", "criteria": ">", "value": 0}
    return rule | {"error_title": field, "error_message": _NOTES[field]}
