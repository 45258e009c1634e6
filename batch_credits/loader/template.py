"""A file to fill in: the headers, one example row, and in Excel what keeps people from the usual mistakes.

Ids are formatted as text there, so that Excel leaves their zeros and long numbers alone; a column with few choices
offers them. A second sheet says what goes into each column: no row of it has the headers of both customer and amount,
so it is never taken for credits. The example shows how, and is rejected: it is nobody's credit.
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

SHEET_NAME, GUIDE_NAME = "Credits", "How to fill it in"
_SOFT, _LINE, _FILL = "#59626C", "#C9CFD6", "#F5F7F9"
_WIDTHS = {"customer_id": 28, "amount": 14, AMOUNT_UNIT: 14, "currency_code": 16, "description": 40, "credit_type": 20}
_WIDTH = 24
_LINE_POINTS, _LINE_LETTERS = 15, 74  # of the texts of the guide
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
_OPTIONAL = {
    AMOUNT_UNIT: "no: minor, if empty",
    "currency_code": "if the site has more than one",
    "credit_type": "no: general, if empty",
}
_GUIDE = (
    ("Units",
     "An amount is read in the unit that its row names. major is what people write: 10.50 of USD is ten dollars and "
     "fifty cents. minor is the smallest coin, as in Chargebee's API: 1050 of USD is the same. An empty cell means "
     "minor. The yen has no smaller coin: 500 of JPY is 500 yen in either unit."),
    ("What a reference is",
     "Your own name for the occasion, for example loyalty-2026-q3. Customer and reference together are one credit: "
     "however often it is run, in this file or in another one, it is paid once. So all rows of one payout may have the "
     "same reference, and the next payout needs a new one. A second credit for one customer in the same file needs a "
     "reference of its own."),
    ("Ids",
     "The columns of ids are formatted as text, which keeps 00123 as it is. Paste with Paste Special, Values: a plain "
     "paste brings its own format along."),
)
_NEXT = (
    ("1", "Delete the example row, and save the workbook.", ""),
    ("2", "Check it. Nothing is sent; every problem of every row is named:", "check"),
    ("3", "Pay it. The totals are shown, and you are asked before anything is sent:", "run"),
    ("4", "Rows not credited are in failed.csv among the reports: mend them, and run that file.", ""),
)


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
        _write_credits(book, book.add_worksheet(SHEET_NAME))
        _write_guide(book, book.add_worksheet(GUIDE_NAME), path.name)


def _write_credits(book: Any, sheet: Any) -> None:
    """The sheet to fill in, whose first row has the headers."""
    heading = book.add_format({"bold": True, "num_format": "@", "bottom": 1, "bottom_color": _LINE, "bg_color": _FILL})
    as_text = book.add_format({"num_format": "@"})
    as_amount = book.add_format({"num_format": "0.00", "align": "right", "indent": 1})
    for column, (field, example) in enumerate(EXAMPLE.items()):
        is_amount = field == "amount"
        sheet.set_column(column, column, _WIDTHS.get(field, _WIDTH), as_amount if is_amount else as_text)
        sheet.write_string(0, column, field, heading)
        sheet.write_comment(0, column, _NOTES[field])
        if is_amount:
            sheet.write_number(1, column, float(example), as_amount)
        else:
            sheet.write_string(1, column, example, as_text)
        sheet.data_validation(1, column, TEMPLATE_ROWS, column, _rule(field))
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    sheet.hide_gridlines(0)  # on paper neither
    _set_up_page(sheet, pages_high=0)


def _write_guide(book: Any, sheet: Any, name: str) -> None:
    """The sheet to read, on one page."""
    title = book.add_format({"bold": True, "font_size": 16})
    head = book.add_format({"bold": True, "font_color": _SOFT, "bottom": 1, "bottom_color": _LINE})
    bold = book.add_format({"bold": True, "valign": "top"})
    text = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
    code = book.add_format({"font_name": "Consolas", "bg_color": _FILL})
    for column, width in enumerate((20, 76, 28, 28)):
        sheet.set_column(column, column, width)
    sheet.write_string(0, 0, f"How to fill in the sheet {SHEET_NAME}", title)
    sheet.write_string(1, 0, "One row is one credit for one customer. This sheet is never read.")
    for column, word in enumerate(("Column", "What goes into it", "Needed", "Example")):
        sheet.write_string(3, column, word, head)
    row = 4
    for field in EXAMPLE:
        sheet.write_string(row, 0, field, bold)
        example = "00123" if field == "customer_id" else EXAMPLE[field]
        for column, word in enumerate((_NOTES[field], _OPTIONAL.get(field, "yes"), example), 1):
            sheet.write_string(row, column, word, text)
        row += 1
    for heading, words in _GUIDE:
        sheet.set_row(row + 1, _LINE_POINTS * -(-len(words) // _LINE_LETTERS))  # LibreOffice does not see it itself
        sheet.write_string(row + 1, 0, heading, bold)
        sheet.write_string(row + 1, 1, words, text)
        row += 2
    sheet.write_string(row + 1, 0, "What to do next", bold)
    for number, words, command in _NEXT:
        sheet.write_string(row + 1, 1, f"{number}. {words}", text)
        row += 1
        if command:
            sheet.write_string(row + 1, 1, f'batch-credits {command} "{name}"', code)
            row += 1
    sheet.hide_gridlines(2)
    _set_up_page(sheet, pages_high=1)


def _set_up_page(sheet: Any, *, pages_high: int) -> None:
    """A page wide, on the printer's own paper."""
    sheet.set_landscape()
    sheet.fit_to_pages(1, pages_high)
    sheet.set_footer("&L&8 &F, &A&R&8 page &P of &N")


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
