"""A sheet of a workbook as chunks of rows."""

import hashlib
from collections.abc import Callable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

from batch_credits.errors import InputError
from batch_credits.loader.columns import HeaderMatcher
from batch_credits.loader.table import Chunk, Flaws, NumberedRow, Row, blank_notes, is_blank
from batch_credits.loader.wording import listed, shown
from batch_credits.loader.workbook.calamine import calamine_translated, open_workbook
from batch_credits.loader.workbook.cells import broken, gap, text_of, truth, zeros_lost
from batch_credits.loader.workbook.kinds import EXCEL_KINDS
from batch_credits.loader.workbook.marks import SheetMarks


class ExcelTable:
    """One sheet of a workbook. A sheet can only be opened whole, but its rows are made one chunk at a time.

    It is read more than once, so the file must be one that nobody else writes: see private_copy.py.
    """

    def __init__(self, path: Path, sheet: str | None, matcher: HeaderMatcher) -> None:
        self._path = path
        EXCEL_KINDS[path.suffix.lower()].check(path)
        with path.open("rb") as file:
            self.file_sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        self._sheet, self._marks, sheet_notes = _open_sheet(path, sheet)
        self._pad = [""] * (self._sheet.start or (0, 0))[1]  # columns to the left in which no cell is filled
        self._zero_led: dict[int, int] = {}  # columns of ids, and how many digits those with leading zeros have
        self._header_row, headers = self._first_row()
        following = ((number, self._texts(number, values)[0]) for number, values in self._rows_after_header())
        self.matched = matcher.match(headers, following)
        self._keep: Callable[[Row], Row] = itemgetter(*self.matched.kept)
        self.last_row, blank_rows = self._last_row()
        self.notes = (*sheet_notes, *self._marks.notes(), *blank_notes(blank_rows))

    def chunks(self, size: int) -> Iterator[Chunk]:
        """The rows, as exact texts or with their flaws."""
        chunk = Chunk()
        for number, values in self._rows_after_header():
            cells, flaws = self._texts(number, values)
            cells = self._keep(cells)
            if is_blank(cells) and not flaws:
                continue
            if flaws:
                places = {index: place for place, index in enumerate(self.matched.kept)}
                chunk.flaws[len(chunk.rows)] = {places[i]: flaw for i, flaw in flaws.items() if i in places}
            chunk.numbers.append(number)
            chunk.rows.append(cells)
            if len(chunk.rows) == size:
                yield chunk
                chunk = Chunk()
        if chunk.rows:
            yield chunk

    def _first_row(self) -> NumberedRow:
        filled = self._sheet.start is not None  # of an empty sheet older calamine panics when asked for rows
        for number, values in enumerate(self._sheet.iter_rows() if filled else (), 1):
            cells, _ = self._texts(number, values)
            if not is_blank(cells):
                return number, cells
        raise InputError(f"{self._path.name}: sheet {shown(self._sheet.name)} is empty.", hint="Name another: --sheet.")

    def _rows_after_header(self) -> Iterator[tuple[int, list[Any]]]:
        for number, values in enumerate(self._sheet.iter_rows(), 1):
            if number > self._header_row:
                yield number, values

    def _id_columns(self) -> list[int]:
        """Where the ids stand: in them a leading zero is no mere spelling."""
        columns = self.matched.columns
        return [self.matched.kept[columns[field]] for field in ("customer_id", "reference") if field in columns]

    def _last_row(self) -> tuple[NumberedRow, int]:
        """The last row, and how many blank ones lie before it."""
        last, rows = None, 0
        zero_led = dict.fromkeys(self._id_columns(), 0)
        for number, values in self._rows_after_header():
            cells, flaws = self._texts(number, values)
            for column, digits in zero_led.items():
                cell = cells[column]
                if cell[:1] == "0" and len(cell) > max(1, digits) and cell.isdigit():
                    zero_led[column] = len(cell)
            if flaws or not is_blank(self._keep(cells)):
                last, rows = (number, self._keep(cells)), rows + 1
        if last is None:
            raise InputError(f"{self._path.name} has headers but no rows.", hint="Check the export, or name a --sheet.")
        self._zero_led = {column: digits for column, digits in zero_led.items() if digits}
        return last, last[0] - self._header_row - rows

    def _texts(self, number: int, values: list[Any]) -> tuple[Row, Flaws]:
        cells: list[str] = [*self._pad]
        flaws: Flaws = {}
        for value in values:
            if type(value) is str:
                text, flaw = value, None
            else:
                text, flaw = text_of(value)
            if flaw is not None:
                flaws[len(cells)] = flaw
            cells.append(text)
        for column, digits in self._zero_led.items():
            is_number = type(values[column - len(self._pad)]) in (int, float) and column not in flaws
            if is_number and len(cells[column]) < digits:
                flaws[column] = zeros_lost(cells[column], digits)
        self._mark(number - 1, cells, flaws)
        return tuple(cells), flaws

    def _mark(self, row: int, cells: list[str], flaws: Flaws) -> None:
        """Put in what the values do not tell. A row may end before a marked cell in a file that was tampered with."""
        marks, end = self._marks, len(cells)
        for column in marks.truths.get(row, ()):
            if column < end:
                cells[column], flaws[column] = truth(cells[column])
        for column in marks.gaps.get(row, ()):
            if column < end:
                flaws[column] = gap(cells[column])
        for column, error in marks.broken.get(row, {}).items():
            if column < end:
                cells[column], flaws[column] = broken(error)


def workbook_headers(path: Path) -> Row:
    """The header line of a workbook's first sheet; empty if it has none.

    Raises:
        InputError: it is no workbook, or cannot be read.
    """
    EXCEL_KINDS[path.suffix.lower()].check(path)
    sheet, _, _ = _open_sheet(path, None)
    filled = sheet.start is not None
    texts = (tuple(text_of(value)[0] for value in values) for values in (sheet.iter_rows() if filled else ()))
    return next((cells for cells in texts if not is_blank(cells)), ())


def _open_sheet(path: Path, wanted: str | None) -> tuple[Any, SheetMarks, tuple[str, ...]]:
    """The sheet asked for, else the first; what its XML tells; and what to say about that."""
    with calamine_translated(path), open_workbook(path) as workbook:
        names = [str(name) for name in workbook.sheet_names]
        visible = {sheet.name: str(sheet.visible).endswith(".Visible") for sheet in workbook.sheets_metadata}
        name = wanted if wanted is not None else next(iter(names), "")
        if name not in names:
            raise InputError(f"{path.name} has no sheet {shown(name)}.", hint=f"Its sheets are {listed(names)}.")
        marks = EXCEL_KINDS[path.suffix.lower()].marks(path, name)  # first, since it refuses what would fill the memory
        sheet = workbook.get_sheet_by_name(name)
    notes = []
    if len(names) > 1:
        notes.append(f"sheet {shown(name)} of {len(names)}")
    if not visible[name]:
        notes.append(f"sheet {shown(name)} is hidden")
    return sheet, marks, tuple(notes)
