"""failed.xlsx: what failed.csv says, as a workbook to mend and to run: the rows not credited that a person can mend.

It is read like failed.csv, by its columns and without any option, so every cell is guarded against formulas in the same
way, though no cell of a workbook would run: our own reader takes the guard away. Ids are text, in columns of text.
Amounts are numbers: every language of Excel writes and reads them in its own way, and means the same. There is one
sheet, so that nobody asks which, and no filter, since rows that one hides are not paid unasked.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from batch_credits.model import BATCH_COLUMN, RESULT_COLUMNS, BatchRecord, Outcome, ReportRow
from batch_credits.reporter.amounts import balances_of, stated_exponents
from batch_credits.reporter.tables import RowWriter, failed_columns
from batch_credits.reporter.workbook_cells import (
    LINE_POINTS,
    MAX_SHEET_ROWS,
    ROWS_MEASURED,
    WIDTHS,
    Cells,
    coloured,
    column_width,
    fit_for_a_cell,
    fold_columns,
    heading,
    lines_of,
    open_book,
    set_up_page,
)
from batch_credits.text.formula import escape_formula
from batch_credits.text.spreadsheet import column_letters

SHEET_NAME = "To mend"
MAX_ROWS = MAX_SHEET_ROWS - 1  # a sheet that is full looks as if it were cut off
OURS = (*RESULT_COLUMNS, BATCH_COLUMN)
FOLDED = set(OURS) - {"credit_row", "credit_outcome", "credit_error"}

_AMOUNTS = ("amount", "amount_in_decimal")
_LOOK = {"valign": "top"}
_REASON_LETTERS, _MAX_LINES = WIDTHS[1], 10


@contextmanager
def failed_workbook(path: Path, batch: BatchRecord) -> Iterator[RowWriter]:
    """Takes the place of `path` once the block ends well; the function that it gives writes a row.

    With more than `MAX_ROWS` there is no such file: half of what is to be mended would be taken for all.

    Raises:
        OSError: the disk refused.
    """
    name = f"{batch.file_name}, batch {batch.key[:8]}"
    with open_book(path, batch, f"{name}: rows to mend") as book:
        sheet = _FailedSheet(book, batch)
        yield sheet.write
        sheet.finish(name)
    if sheet.rows > MAX_ROWS:
        path.unlink()


class _FailedSheet:
    """The sheet of one failed.xlsx. `rows` were given to it; it holds as many as there is room for."""

    def __init__(self, book: Any, batch: BatchRecord) -> None:
        self.rows = 0
        self._batch = batch
        self._columns = failed_columns(batch)
        self._names = [*self._columns.headers, *OURS]
        self._at_reason = self._names.index("credit_error", len(self._columns.headers))
        self._balance = balances_of(batch)
        stated = stated_exponents(batch)
        self._plain, self._marked = Cells(book, stated, _LOOK), Cells(book, stated, _LOOK | coloured(Outcome.FAILED))
        self._reason = book.add_format({"num_format": "@", "text_wrap": True} | _LOOK)
        self._plain.sheet = self._marked.sheet = self._sheet = book.add_worksheet(SHEET_NAME)
        self._writers = [self._writer(column) for column in range(len(self._names))]
        self._widest = [len(name) for name in self._names]
        for column, name in enumerate(self._names):
            is_number = self._writers[column][0] in (self._plain.amount_to_mend, self._plain.number)
            look = heading(book, is_number=is_number, is_soft=column >= len(self._columns.headers))
            self._sheet.write_string(0, column, fit_for_a_cell(escape_formula(name)), look)

    def write(self, row: ReportRow) -> None:
        """Add a row; the cell that its error is about stands out."""
        self.rows += 1
        if self.rows > MAX_ROWS:
            return
        self._plain.row = self._marked.row = self.rows
        marked = self._columns.columns.get(row.error_param or "")
        line = self._columns.line(row, self._batch, self._balance(row))
        if (height := lines_of(line[self._at_reason], _REASON_LETTERS)) > 1:
            self._sheet.set_row(self.rows, min(height, _MAX_LINES) * LINE_POINTS)  # LibreOffice does not see it itself
        for column, text in enumerate(line):
            if text or column == marked:
                write, write_marked = self._writers[column]
                (write_marked if column == marked else write)(column, text, row)
                if self.rows <= ROWS_MEASURED and len(text) > self._widest[column]:
                    self._widest[column] = len(text)

    def finish(self, name: str) -> None:
        """Lay the sheet out."""
        layout = {}
        for column, letters in enumerate(self._widest):
            is_text = self._writers[column][0] == self._plain.text
            layout[column] = (column_width(letters), self._plain.as_text if is_text else None)
        fold_columns(self._sheet, self._names, FOLDED, layout)
        self._sheet.freeze_panes(1, 0)
        self._sheet.repeat_rows(0)
        last = f"{column_letters(len(self._names) - 1)}{self.rows + 1}"
        self._sheet.ignore_errors({"number_stored_as_text": f"A1:{last}"})
        rows = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        set_up_page(self._sheet, name, f"{rows} to mend", pages_high=0, landscape=True)

    def _writer(self, column: int) -> tuple[Callable[[int, str, ReportRow], None], ...]:
        """How a column is written, plainly and where it is to be mended."""
        name = self._names[column]
        if name in _AMOUNTS and self._columns.columns.get(name) == column:
            return self._plain.amount_to_mend, self._marked.amount_to_mend
        if column < len(self._columns.headers):
            return self._plain.text, self._marked.text
        ours = {
            "credit_row": self._plain.number,
            "credit_outcome": self._plain.outcome,
            "credit_error": self._write_reason,
            "credit_http_status": self._plain.number,
            "credit_attempts": self._plain.number,
            "credit_closing_balance": self._plain.number,
            "credit_finished_at": self._plain.time,
        }
        return (ours.get(name, self._plain.text),) * 2

    def _write_reason(self, column: int, text: str, row: ReportRow) -> None:
        self._sheet.write_string(self.rows, column, fit_for_a_cell(escape_formula(text)), self._reason)
