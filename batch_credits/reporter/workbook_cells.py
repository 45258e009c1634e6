"""What all our workbooks have in common: cells that say what the CSV files say, and sheets that can be printed.

A cell is a number or a time only where it holds exactly what the CSV file says; all else is text and stays text, so
that no id loses its zeros, and nothing is a formula. Rows go to a temporary file at once.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from batch_credits.model import BatchRecord, Outcome, ReportRow
from batch_credits.model.currencies import exponent_of
from batch_credits.reporter.files import atomic_path
from batch_credits.text.formula import escape_formula

MAX_SHEET_ROWS = 1_048_575  # below the header
MAX_CELL_LETTERS = 16_000  # a cell takes 32,767 units of UTF-16
MAX_FOOT_LETTERS = 80  # of each text: Excel takes 255 in all
ROWS_MEASURED = 200  # say how wide a column is
LINE_POINTS = 15  # of a row with one line
WIDTHS = (8, 60)  # letters
SOFT, LINE = "#59626C", "#C9CFD6"

_COLOURS = {  # (ink, fill)
    Outcome.CREDITED: ("#1A6B30", "#E6F4EA"),
    Outcome.ALREADY_CREDITED: ("#1A6B30", "#F1F8F3"),
    Outcome.FAILED: ("#7A4F00", "#FFF4DC"),
    Outcome.REJECTED: ("#7A4F00", "#FFF4DC"),
    Outcome.IN_DOUBT: ("#A3211A", "#FCE8E6"),
    Outcome.REVIEW: ("#A3211A", "#FCE8E6"),
    Outcome.PENDING: ("#4A5056", "#EEF1F4"),
}

_AS_NUMBER = {"align": "right", "indent": 1}
_SHORTENED = "… (shortened here: the CSV file has it whole)"
_TIME_FORMAT = 'yyyy-mm-dd hh:mm:ss" UTC"'
_FAITHFUL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_MAX_DIGITS = 15  # of which Excel's numbers are certain
_MAX_GENERAL_DIGITS = 11  # of a whole number that is shown whole without a format
_NO_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")


@contextmanager
def open_book(path: Path, batch: BatchRecord, title: str) -> Iterator[Any]:
    """A workbook of xlsxwriter, which takes the place of `path` once the block ends well.

    Raises:
        OSError: the disk refused.
    """
    import xlsxwriter  # here, since few runs need it
    from xlsxwriter.exceptions import XlsxWriterException

    with atomic_path(path) as temporary, TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        book = xlsxwriter.Workbook(temporary, {"constant_memory": True, "tmpdir": folder})
        try:
            made = datetime.fromisoformat(batch.created_at).replace(tzinfo=None)
            book.set_properties({"title": fit_for_a_cell(title), "created": made})
            yield book
            book.close()
        except XlsxWriterException as error:
            raise OSError(str(error)) from error
        finally:
            for sheet in book.worksheets():
                sheet.row_data_fh.close()


class Cells:
    """Writes cells of one workbook, each kind in its own way: a column, its text in the CSV file, and the row it is of.

    `sheet` and `row` say where; `stated` are the decimals of currencies for which Chargebee documents none; `look` is
    how all these cells look, beside what their kind says. A number keeps away from the text that follows it.
    """

    def __init__(self, book: Any, stated: Mapping[str, int], look: Mapping[str, Any] | None = None) -> None:
        self.sheet: Any = None
        self.row = 0
        self._book = book
        self._stated = stated
        self._look = dict(look or {})
        self._shapes: dict[tuple[str, bool], Any] = {}
        self.as_text = self.shape("@")
        self._as_is = self.shape("General")
        self._time = self.shape(_TIME_FORMAT)
        self._outcomes = {o: book.add_format({"num_format": "@", **self._look, **coloured(o)}) for o in Outcome}

    def text(self, column: int, text: str, row: ReportRow) -> None:
        """A text that stays one."""
        self.sheet.write_string(self.row, column, fit_for_a_cell(escape_formula(text)), self.as_text)

    def outcome(self, column: int, text: str, row: ReportRow) -> None:
        """The outcome, in its colour."""
        self.sheet.write_string(self.row, column, text, self._outcomes[row.outcome])

    def number(self, column: int, text: str, row: ReportRow) -> None:
        """A count or a balance."""
        if is_faithful(text):
            self._write(column, Decimal(text), _shape(_decimals(text)))
        else:
            self.text(column, text, row)

    def amount(self, column: int, text: str, row: ReportRow) -> None:
        """An amount in major units shows as many decimals as its currency has, and its thousands."""
        if not is_faithful(text):
            self.text(column, text, row)
            return
        amount, decimals, grouped = Decimal(text), _decimals(text), False
        if row.money is not None and row.money.amount_minor is not None:
            exponent = exponent_of(row.money.currency_code or "", self._stated) or 0
            if exponent and amount.scaleb(exponent) == row.money.amount_minor:
                decimals, grouped = max(decimals, exponent), True
        self._write(column, amount, _shape(decimals, grouped))

    def amount_to_mend(self, column: int, text: str, row: ReportRow) -> None:
        """An amount of failed.xlsx: as it will be read, without anything between its digits.

        What is no number is a text in a cell without a format: a figure that a person types there becomes a number, as
        their own language writes it, and is shown as it will be paid.
        """
        if not is_faithful(text):
            self.sheet.write_string(self.row, column, fit_for_a_cell(escape_formula(text)), self._as_is)
        elif _decimals(text) or len(text) > _MAX_GENERAL_DIGITS:
            self._write(column, Decimal(text), _shape(_decimals(text)))
        else:
            self._write(column, Decimal(text), "General")

    def time(self, column: int, text: str, row: ReportRow) -> None:
        """A real date and time, in UTC as its format says."""
        try:
            moment = datetime.fromisoformat(text).replace(tzinfo=None)
        except ValueError:
            self.text(column, text, row)
            return
        self.sheet.write_datetime(self.row, column, moment, self._time)

    def shape(self, number_format: str, *, is_number: bool = False) -> Any:
        """The look of such cells with this number format."""
        if (number_format, is_number) not in self._shapes:
            look = {"num_format": number_format, **self._look, **(_AS_NUMBER if is_number else {})}
            self._shapes[number_format, is_number] = self._book.add_format(look)
        return self._shapes[number_format, is_number]

    def _write(self, column: int, number: Decimal, shape: str) -> None:
        self.sheet.write_number(self.row, column, number, self.shape(shape, is_number=True))


def coloured(outcome: Outcome) -> dict[str, str]:
    """The colours of an outcome, which the cell says in words, too."""
    ink, fill = _COLOURS[outcome]
    return {"font_color": ink, "bg_color": fill}


def heading(book: Any, *, is_number: bool = False, is_soft: bool = False) -> Any:
    """The look of a header, above texts or above numbers; `is_soft` of a column that nobody is to change."""
    look = {"num_format": "@", "bold": True, "bottom": 1, "bottom_color": LINE} | (_AS_NUMBER if is_number else {})
    return book.add_format(look | ({"font_color": SOFT} if is_soft else {}))


def set_up_page(sheet: Any, left: str, right: str, *, pages_high: int, landscape: bool) -> None:
    """Let a sheet print on the printer's paper, a page wide; `left` and `right` stand at the foot of every page."""
    if landscape:
        sheet.set_landscape()
    sheet.fit_to_pages(1, pages_high)
    sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.8)
    sheet.set_footer(f"&L&8 {_in_foot(left)}&R&8 {_in_foot(right)}, page &P of &N")


def fold_columns(sheet: Any, names: list[str], folded: set[str], layout: Mapping[int, tuple[float, Any]]) -> None:
    """Set how wide each column is and its format, and fold the technical ones away below a plus sign."""
    for column, name in enumerate(names):
        width, shape = layout[column]
        options: dict[str, Any] = {}
        if name in folded:
            options = {"level": 1, "hidden": True}
        elif column and names[column - 1] in folded:
            options = {"collapsed": True}
        sheet.set_column(column, column, width, shape, options)
    if names and names[-1] in folded:
        sheet.set_column(len(names), len(names), None, None, {"collapsed": True})


def column_width(letters: int) -> int:
    """The width of a column whose longest text has so many letters."""
    narrow, wide = WIDTHS
    return min(max(letters + 2, narrow), wide)


def lines_of(text: str, letters: int) -> int:
    """How many lines a text needs in a column of so many letters; a little too many rather than too few."""
    return sum(max(1, -(-len(part) * 11 // (10 * letters))) for part in text.split("\n"))


def _in_foot(text: str) -> str:
    """A text for the foot of a page, where an ampersand begins a command."""
    short = text if len(text) <= MAX_FOOT_LETTERS else text[: MAX_FOOT_LETTERS - 1] + "…"
    return _NO_XML.sub("\ufffd", short).replace("&", "&&")


def _shape(decimals: int, grouped: bool = False) -> str:
    whole = "#,##0" if grouped else "0"
    return f"{whole}.{'0' * decimals}" if decimals else whole


def is_faithful(text: str) -> bool:
    """Whether a number says the same as the text: 10.50 does, and 007, 1e3, +5 or 20 digits do not."""
    return (
        _FAITHFUL.fullmatch(text) is not None
        and sum(letter.isdigit() for letter in text) <= _MAX_DIGITS
        and not (text.startswith("-") and not Decimal(text))
    )


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])


def fit_for_a_cell(text: str) -> str:
    """The text without what no workbook can hold."""
    if len(text) > MAX_CELL_LETTERS:
        text = text[:MAX_CELL_LETTERS] + _SHORTENED
    return _NO_XML.sub("\ufffd", text)
