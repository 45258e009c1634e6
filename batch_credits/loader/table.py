"""A file as chunks of rows of text. The only module that knows pandas.

pandas is imported inside the functions: it takes a quarter of a second, which `status` must not pay.
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any, Protocol

from batch_credits.errors import InputError
from batch_credits.loader.calamine import calamine_translated
from batch_credits.loader.columns import HeaderMatcher, MatchedHeaders
from batch_credits.loader.csv_scan import CsvShape, is_blank
from batch_credits.loader.csv_text import HashingReader, as_text, buffered
from batch_credits.loader.excel import Flaw, broken, gap, text_of, truth, zeros_lost
from batch_credits.loader.kinds import EXCEL_KINDS
from batch_credits.loader.wording import EDGE_BLANKS, listed, shown
from batch_credits.loader.workbook import SheetMarks

Row = tuple[str, ...]
NumberedRow = tuple[int, Row]
# Of one row of a workbook: column -> why the cell there cannot be trusted.
Flaws = dict[int, Flaw]


@dataclass(slots=True)
class Chunk:
    """Rows that follow each other, without the blank ones. `flaws` are by index into `rows`."""

    numbers: list[int] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    flaws: dict[int, Flaws] = field(default_factory=dict)


class Table(Protocol):
    """What a source file is to the rest of the loader."""

    @property
    def matched(self) -> MatchedHeaders:
        """The header line, understood."""

    @property
    def file_sha256(self) -> str:
        """Hash of the file's bytes."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about how the file was read."""

    @property
    def last_row(self) -> NumberedRow:
        """The last row that is not blank."""

    def chunks(self, size: int) -> Iterator[Chunk]:
        """The rows, their kept columns only, at most `size` at a time."""


class CsvTable:
    """A CSV file that the scan found whole."""

    def __init__(self, shape: CsvShape) -> None:
        self.matched = shape.matched
        self.file_sha256 = shape.file_sha256
        self.last_row = shape.last_row
        self.notes = _blank_notes(shape.blank_rows)
        self._shape = shape

    def chunks(self, size: int) -> Iterator[Chunk]:
        """The rows as pandas reads them. After the last one it is certain that these bytes are those of the hash.

        Raises:
            InputError: they are not.
        """
        path, number, seen = self._shape.path, self._shape.header_row + 1, 0
        with HashingReader(path.open("rb", buffering=0)) as raw:
            text = as_text(buffered(path, raw), self._shape.encoding)
            try:
                for rows in self._frames(text, size):
                    chunk = _without_blanks(number, rows)
                    number += len(rows)
                    seen += len(chunk.rows)
                    if seen > self._shape.rows:
                        break
                    if chunk.rows:
                        yield chunk
            except ValueError:  # what pandas says of rows that the scan did not see
                self._refuse_change(raw)
                raise
            self._refuse_change(raw)
        assert seen == self._shape.rows, "both readers agree"

    def _refuse_change(self, raw: HashingReader) -> None:
        if raw.all_hexdigest() != self.file_sha256:
            raise InputError(f"{self._shape.path.name} changed while it was read.", hint="Run again.")

    def _frames(self, text: io.TextIOBase, size: int) -> Iterator[list[Row]]:
        import pandas

        shape = self._shape
        for _ in range(shape.header_lines):
            text.readline()
        frames = pandas.read_csv(
            _Numbered(text, shape.width, shape.delimiter),
            sep=shape.delimiter,
            header=0,
            usecols=list(shape.matched.kept),  # it also keeps pandas from judging trailing empty cells
            index_col=False,
            dtype=object,  # texts, as `str` would be, without a second copy in an array of their own
            keep_default_na=False,
            na_filter=False,
            skip_blank_lines=False,  # they count as lines of the spreadsheet
            engine="c",
            low_memory=False,
            chunksize=size,
        )
        with frames:
            for frame in frames:
                columns = [frame.iloc[:, index].tolist() for index in range(frame.shape[1])]
                yield list(zip(*columns, strict=True))


class _Numbered(io.TextIOBase):
    """The rows of a file under a header of plain numbers, so that pandas judges no header of the source."""

    def __init__(self, text: io.TextIOBase, width: int, delimiter: str) -> None:
        self._text = text
        self._header = delimiter.join(f'"{index}"' for index in range(width)) + "\n"

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> str:
        if self._header:
            header, self._header = self._header, ""
            return header
        return self._text.read(size)


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
        self.notes = (*sheet_notes, *self._marks.notes(), *_blank_notes(blank_rows))

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
    import pandas

    with calamine_translated(path), pandas.ExcelFile(path, engine="calamine") as workbook:
        names = [str(name) for name in workbook.sheet_names]
        visible = {sheet.name: str(sheet.visible).endswith(".Visible") for sheet in workbook.book.sheets_metadata}
        name = wanted if wanted is not None else next(iter(names), "")
        if name not in names:
            raise InputError(f"{path.name} has no sheet {shown(name)}.", hint=f"Its sheets are {listed(names)}.")
        marks = EXCEL_KINDS[path.suffix.lower()].marks(path, name)  # first, since it refuses what would fill the memory
        sheet = workbook.book.get_sheet_by_name(name)
    notes = []
    if len(names) > 1:
        notes.append(f"sheet {shown(name)} of {len(names)}")
    if not visible[name]:
        notes.append(f"sheet {shown(name)} is hidden")
    return sheet, marks, tuple(notes)


def _without_blanks(first_number: int, rows: list[Row]) -> Chunk:
    numbers = list(range(first_number, first_number + len(rows)))
    # That the first cell is filled is nearly always so, and quickest asked.
    gone = {index for index, cells in enumerate(rows) if not cells[0].strip(EDGE_BLANKS) and is_blank(cells)}
    if gone:
        numbers = [number for index, number in enumerate(numbers) if index not in gone]
        rows = [cells for index, cells in enumerate(rows) if index not in gone]
    return Chunk(numbers, rows)


def _blank_notes(blank_rows: int) -> tuple[str, ...]:
    if not blank_rows:
        return ()
    return (f"{blank_rows} blank line{'' if blank_rows == 1 else 's'} between the rows skipped",)
