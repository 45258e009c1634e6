"""results.xlsx: a sheet that sums the batch up on one page, and the rows and columns of results.csv to filter and sum.

The sheet that comes first is written last, when all is counted. A full sheet of rows is followed by another one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from batch_credits.ledger.runs import History
from batch_credits.model import RESULT_COLUMNS, BatchRecord, ReportRow
from batch_credits.reporter.amounts import balances_of, stated_exponents
from batch_credits.reporter.heading import file_in_short, total_line
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.tables import fit, result_cells
from batch_credits.reporter.tally import Tally
from batch_credits.reporter.workbook_cells import (
    MAX_SHEET_ROWS,
    ROWS_MEASURED,
    Cells,
    column_width,
    fit_for_a_cell,
    fold_columns,
    heading,
    open_book,
    set_up_page,
)
from batch_credits.reporter.workbook_summary import write_summary_sheet
from batch_credits.text.formula import escape_formula
from batch_credits.text.spreadsheet import column_letters

SUMMARY_NAME, SHEET_NAME = "Summary", "Results"
TECHNICAL = {"credit_error_code", "credit_error_param", "credit_http_status", "credit_attempts"}  # folded away

_AMOUNTS = ("amount", "amount_in_decimal")


@contextmanager
def results_workbook(path: Path, batch: BatchRecord) -> Iterator["ResultsWorkbook"]:
    """Takes the place of `path` once the block ends well. Give it each row, and at the end the summary.

    Raises:
        OSError: the disk refused.
    """
    with open_book(path, batch, f"{batch.file_name}, batch {batch.key[:8]}") as book:
        sheets = ResultsWorkbook(book, batch)
        yield sheets
        sheets.finish()


class ResultsWorkbook:
    """The sheets of one results.xlsx: the summary, and the rows, one sheet after another."""

    def __init__(self, book: Any, batch: BatchRecord) -> None:
        self._book = book
        self._kind = batch.kind
        self._balance = balances_of(batch)
        self._stated = stated_exponents(batch)
        self._headers = [escape_formula(header) for header in (*batch.headers, *RESULT_COLUMNS)]
        self._width = len(batch.headers)
        self._cells = Cells(book, self._stated)
        self._heading = {is_number: heading(book, is_number=is_number) for is_number in (False, True)}
        self._writers = self._column_writers(batch)
        self._widest: list[int] = []
        self._summary_sheet = book.add_worksheet(SUMMARY_NAME)
        self._begin()

    def write(self, row: ReportRow) -> None:
        """Add a row."""
        at = self._cells
        if at.row == MAX_SHEET_ROWS:
            self.finish()
            self._begin()
        at.row += 1
        cells = (*fit(row.cells, self._width), *result_cells(row, self._kind, self._balance(row)))
        measured = at.row <= ROWS_MEASURED
        for column, (text, write) in enumerate(zip(cells, self._writers, strict=True)):
            if text:
                write(column, text, row)
                if measured and len(text) > self._widest[column]:
                    self._widest[column] = len(text)

    def conclude(self, summary: Summary, tally: Tally, history: History) -> None:
        """Write the summary, and the foot of every page."""
        left, right = f"{file_in_short(summary)}, batch {summary.batch.key[:8]}", total_line(summary)
        write_summary_sheet(self._book, self._summary_sheet, summary, tally, history)
        set_up_page(self._summary_sheet, left, right, pages_high=1, landscape=False)
        for sheet in self._book.worksheets()[1:]:
            set_up_page(sheet, left, right, pages_high=0, landscape=True)

    def finish(self) -> None:
        """Lay out the present sheet of rows."""
        sheet, at, last = self._cells.sheet, self._cells, len(self._headers) - 1
        layout = {
            column: (column_width(letters), at.as_text if self._writers[column] == at.text else None)
            for column, letters in enumerate(self._widest)
        }
        names = [""] * self._width + list(RESULT_COLUMNS)
        fold_columns(sheet, names, TECHNICAL, layout)
        sheet.autofilter(0, 0, at.row, last)
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        sheet.ignore_errors({"number_stored_as_text": f"A1:{column_letters(last)}{at.row + 1}"})

    def _begin(self) -> None:
        number = len(self._book.worksheets())
        at = self._cells
        at.sheet, at.row = self._book.add_worksheet(SHEET_NAME if number == 1 else f"{SHEET_NAME} {number}"), 0
        self._widest = [len(header) + 2 for header in self._headers]  # room for the filter's button
        for column, header in enumerate(self._headers):
            is_number = self._writers[column] in (at.amount, at.number)
            at.sheet.write_string(0, column, fit_for_a_cell(header), self._heading[is_number])

    def _column_writers(self, batch: BatchRecord) -> list[Callable[[int, str, ReportRow], None]]:
        """How each column is written."""
        amounts = {batch.columns[field] for field in _AMOUNTS if field in batch.columns}
        at = self._cells
        ours = {
            "credit_row": at.number,
            "credit_outcome": at.outcome,
            "credit_http_status": at.number,
            "credit_attempts": at.number,
            "credit_closing_balance": at.number,
            "credit_finished_at": at.time,
        }
        theirs = [at.amount if index in amounts else at.text for index in range(self._width)]
        return [*theirs, *(ours.get(name, at.text) for name in RESULT_COLUMNS)]
