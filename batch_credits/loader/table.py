"""A file as chunks of rows of text. The only module that knows pandas.

pandas is imported inside the functions: it takes a quarter of a second, which `status` must not pay.
"""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from batch_credits.errors import InputError
from batch_credits.loader.csv_scan import CsvShape, is_blank

# Of one row of a workbook: column -> why the cell there cannot be trusted.
Flaws = dict[int, Flaw]


class Chunk:
    """Rows that follow each other, without the blank ones. `flaws` are by index into `rows`."""

    __slots__ = ("flaws", "numbers", "rows")

    def __init__(self, numbers: list[int], rows: list[tuple[str, ...]], flaws: dict[int, Flaws]) -> None:
        self.numbers = numbers
        self.rows = rows
        self.flaws = flaws


class Table(Protocol):
    """What a source file is to the rest of the loader."""

    @property
    def headers(self) -> tuple[str, ...]:
        """The source's own headers."""

    @property
    def file_sha256(self) -> str:
        """Hash of the file's bytes."""

    @property
    def rows(self) -> int:
        """How many rows there are, blank ones not counted."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about how the file was read."""

    @property
    def last_row(self) -> tuple[int, tuple[str, ...]]:
        """Number and cells of the last row."""

    def chunks(self, kept: Sequence[int], size: int) -> Iterator[Chunk]:
        """The rows, only the kept columns of them, at most `size` at a time."""


class CsvTable:
    """A CSV file that the scan found whole."""

    def __init__(self, shape: CsvShape) -> None:
        self.headers = shape.headers
        self.file_sha256 = shape.file_sha256
        self.rows = shape.rows
        self.last_row = shape.last_row
        blank = "1 blank line" if shape.blank_rows == 1 else f"{shape.blank_rows} blank lines"
        self.notes = (f"{blank} between the rows skipped",) if shape.blank_rows else ()
        self._shape = shape
        self._stamp = _stamp(shape.path)

    def chunks(self, kept: Sequence[int], size: int) -> Iterator[Chunk]:
        """The rows as pandas reads them, which must be the rows that the scan saw."""
        number, seen = self._shape.header_row + 1, 0
        for rows in self._frames(kept, size):
            chunk = _without_blanks(number, rows)
            number += len(rows)
            seen += len(chunk.rows)
            if seen > self.rows:
                break
            if chunk.rows:
                yield chunk
        if seen != self.rows or _stamp(self._shape.path) != self._stamp:
            raise InputError(f"{self._shape.path.name} changed while it was read.", hint="Run again.")

    def _frames(self, kept: Sequence[int], size: int) -> Iterator[list[tuple[str, ...]]]:
        import pandas

        shape = self._shape
        with shape.path.open(encoding=shape.encoding, newline="") as text:
            for _ in range(shape.header_lines):
                text.readline()
            frames = pandas.read_csv(
                _Numbered(text, len(shape.headers), shape.delimiter),
                sep=shape.delimiter,
                header=0,
                usecols=list(kept),  # by position; it also keeps pandas from judging trailing empty cells
                index_col=False,
                dtype=str,
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


class ExcelTable:
    """One sheet of a workbook. Excel holds a sheet whole, so here it is in memory, but its rows are streamed."""

    def __init__(self, path: Path, sheet: str | None, title: HeaderCheck) -> None:
        check_archive(path)
        self._stamp = _stamp(path)
        self.file_sha256 = _sha256(path)
        self._path = path
        self._sheet, self.notes = _open_sheet(path, sheet)
        marks = sheet_marks(path, self._sheet.name)
        self._broken = marks.broken
        self.notes += _hidden_notes(marks)
        self._pad = ("",) * (self._sheet.start or (0, 0))[1]  # columns to the left that hold nothing
        ...


class _Numbered(io.TextIOBase):
    """The rows of a file under a header of plain numbers, so that pandas judges no header of the source."""

    def __init__(self, text: io.TextIOBase, width: int, delimiter: str) -> None:
        self._text = text
        self._header = delimiter.join(map(str, range(width))) + "\n"

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> str:
        if self._header:
            header, self._header = self._header, ""
            return header
        return self._text.read(size)


def _without_blanks(first_number: int, rows: list[tuple[str, ...]]) -> Chunk:
    numbers = list(range(first_number, first_number + len(rows)))
    blank = [index for index, cells in enumerate(rows) if is_blank(cells)]
    if blank:
        gone = set(blank)
        numbers = [number for index, number in enumerate(numbers) if index not in gone]
        rows = [cells for index, cells in enumerate(rows) if index not in gone]
    return Chunk(numbers, rows, {})


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns
