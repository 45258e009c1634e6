"""results.xlsx: the rows and columns of results.csv as a workbook that people filter and sum up.

A cell says what results.csv says, letter for letter, and is a number or a time only where it then still shows the same:
amounts, counts and `credit_finished_at`. All else is text and stays text, so that no id loses its zeros, and nothing
is a formula. Rows go to a temporary file at once; a full sheet is followed by another one.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from batch_credits.model import RESULT_COLUMNS, BatchRecord, ReportRow
from batch_credits.model.currencies import exponent_of
from batch_credits.reporter.amounts import balances_of, stated_exponents
from batch_credits.reporter.files import atomic_path
from batch_credits.reporter.tables import RowWriter, fit, result_cells
from batch_credits.text.formula import escape_formula

SHEET_NAME = "Results"
MAX_SHEET_ROWS = 1_048_575  # below the header
MAX_CELL_LETTERS = 16_000  # a cell takes 32,767 units of UTF-16
_SHORTENED = "… (shortened here: results.csv has it whole)"
_ROWS_MEASURED = 200  # say how wide a column is
_WIDTHS = (8, 60)  # letters

_AMOUNTS = ("amount", "amount_in_decimal")
_COUNTS = ("credit_row", "credit_http_status", "credit_attempts")
_TIME = "credit_finished_at"
_SUM = "credit_closing_balance"
_TIME_FORMAT = 'yyyy-mm-dd"T"hh:mm:ss.000"Z"'  # shows what results.csv says
_FAITHFUL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_MAX_DIGITS = 15  # of which Excel's numbers are certain
_NO_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")


@contextmanager
def results_workbook(path: Path, batch: BatchRecord) -> Iterator[RowWriter]:
    """Takes the place of `path` once the block ends well; the function that it gives writes a row.

    Raises:
        OSError: the disk refused.
    """
    import xlsxwriter  # here, since few runs need it
    from xlsxwriter.exceptions import XlsxWriterException

    with atomic_path(path) as temporary, TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        book = xlsxwriter.Workbook(temporary, {"constant_memory": True, "tmpdir": folder})
        try:
            book.set_properties({"created": datetime.fromisoformat(batch.created_at).replace(tzinfo=None)})
            sheets = _Sheets(book, batch)
            yield sheets.write
            sheets.finish()
            book.close()
        except XlsxWriterException as error:
            raise OSError(str(error)) from error
        finally:
            for sheet in book.worksheets():
                sheet.row_data_fh.close()


class _Sheets:
    """The sheets of one workbook, one after another."""

    def __init__(self, book: Any, batch: BatchRecord) -> None:
        self._book = book
        self._kind = batch.kind
        self._balance = balances_of(batch)
        self._stated = stated_exponents(batch)
        self._headers = [escape_formula(header) for header in (*batch.headers, *RESULT_COLUMNS)]
        self._width = len(batch.headers)
        self._text = book.add_format({"num_format": "@"})
        self._heading = book.add_format({"num_format": "@", "bold": True, "bottom": 1})
        self._time = book.add_format({"num_format": _TIME_FORMAT})
        self._numbers: dict[int, Any] = {}
        self._writers = self._column_writers(batch)
        self._widest: list[int] = []
        self._begin()

    def write(self, row: ReportRow) -> None:
        """Add a row."""
        if self._row == MAX_SHEET_ROWS:
            self.finish()
            self._begin()
        self._row += 1
        cells = (*fit(row.cells, self._width), *result_cells(row, self._kind, self._balance(row)))
        measured = self._row <= _ROWS_MEASURED
        for column, (text, write) in enumerate(zip(cells, self._writers, strict=True)):
            if text:
                write(column, text, row)
                if measured and len(text) > self._widest[column]:
                    self._widest[column] = len(text)

    def finish(self) -> None:
        """Lay out the present sheet."""
        sheet, last = self._sheet, len(self._headers) - 1
        narrow, wide = _WIDTHS
        for column, width in enumerate(self._widest):
            as_text = self._text if self._writers[column] == self._write_text else None
            sheet.set_column(column, column, min(max(width + 2, narrow), wide), as_text)
        sheet.autofilter(0, 0, self._row, last)
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.ignore_errors({"number_stored_as_text": f"A1:{_column_name(last)}{self._row + 1}"})

    def _begin(self) -> None:
        number = len(self._book.worksheets()) + 1
        self._sheet = self._book.add_worksheet(SHEET_NAME if number == 1 else f"{SHEET_NAME} {number}")
        self._row = 0
        self._widest = [len(header) + 2 for header in self._headers]  # room for the filter's button
        for column, header in enumerate(self._headers):
            self._sheet.write_string(0, column, _fit_for_a_cell(header), self._heading)

    def _column_writers(self, batch: BatchRecord) -> list[Callable[[int, str, ReportRow], None]]:
        """How each column is written."""
        amounts = {batch.columns[field] for field in _AMOUNTS if field in batch.columns}
        ours = dict.fromkeys(_COUNTS, self._write_number) | {_TIME: self._write_time, _SUM: self._write_number}
        theirs = [self._write_amount if index in amounts else self._write_text for index in range(self._width)]
        return [*theirs, *(ours.get(name, self._write_text) for name in RESULT_COLUMNS)]

    def _write_text(self, column: int, text: str, row: ReportRow) -> None:
        self._sheet.write_string(self._row, column, _fit_for_a_cell(escape_formula(text)), self._text)

    def _write_number(self, column: int, text: str, row: ReportRow) -> None:
        if not is_faithful(text):
            self._write_text(column, text, row)
            return
        self._write_decimals(column, Decimal(text), _decimals(text))

    def _write_amount(self, column: int, text: str, row: ReportRow) -> None:
        """An amount in major units shows as many decimals as its currency has."""
        if not is_faithful(text):
            self._write_text(column, text, row)
            return
        amount, decimals = Decimal(text), _decimals(text)
        if row.money is not None and row.money.amount_minor is not None:
            exponent = exponent_of(row.money.currency_code or "", self._stated) or 0
            if amount.scaleb(exponent) == row.money.amount_minor:
                decimals = max(decimals, exponent)
        self._write_decimals(column, amount, decimals)

    def _write_decimals(self, column: int, number: Decimal, decimals: int) -> None:
        if decimals not in self._numbers:
            shape = "0." + "0" * decimals if decimals else "0"
            self._numbers[decimals] = self._book.add_format({"num_format": shape})
        self._sheet.write_number(self._row, column, number, self._numbers[decimals])

    def _write_time(self, column: int, text: str, row: ReportRow) -> None:
        try:
            moment = datetime.fromisoformat(text).replace(tzinfo=None)  # UTC, as its format says
        except ValueError:
            self._write_text(column, text, row)
            return
        self._sheet.write_datetime(self._row, column, moment, self._time)


def is_faithful(text: str) -> bool:
    """Whether a number shows as the same text again: 10.50 does, and 007, 1e3, +5 or 20 digits do not."""
    return (
        _FAITHFUL.fullmatch(text) is not None
        and sum(letter.isdigit() for letter in text) <= _MAX_DIGITS
        and not (text.startswith("-") and not Decimal(text))
    )


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])


def _fit_for_a_cell(text: str) -> str:
    """The text without what no workbook can hold."""
    if len(text) > MAX_CELL_LETTERS:
        text = text[:MAX_CELL_LETTERS] + _SHORTENED
    return _NO_XML.sub("\ufffd", text)


def _column_name(column: int) -> str:
    """0 is A, 26 is AA."""
    name = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        name = chr(ord("A") + letter) + name
    return name
