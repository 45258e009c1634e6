"""What the inside of an .ods file tells that its cell values do not: errors, formulas without a value, truth values,
what is hidden, and how large its table is in memory, since a row or cell may be repeated by a number.

As with .xlsx the XML is searched by pattern, in blocks that end between rows; nothing expands.
"""

import html
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from batch_credits.errors import InputError
from batch_credits.loader.workbook.archive import MAX_PART_BYTES, attribute, blocks_ending_in, check_zip
from batch_credits.loader.workbook.marks import SheetMarks, damaged, encrypted, refuse_large

MAX_BROKEN_CELLS = 1_000_000  # more is an attack, or a table that nobody looked at

_ATTRIBUTES = rb"""(?P<attributes>(?:[^<>"'/]|"[^"<]*"|'[^'<]*'|/(?!>))*)"""
_TOKEN = re.compile(
    rb"<(?P<end>/?)(?P<name>table:table|table:table-row|table:table-column|table:table-cell|table:covered-table-cell"
    rb"|text:p|text:tab|text:line-break)(?=[\s/>])" + _ATTRIBUTES + rb"(?P<empty>/?)>(?P<text>[^<]*)"
)
_ROW_END = re.compile(rb"</table:table-row>|</table:table>")
_ERROR_TEXT = re.compile(rb"#[A-Z0-9/]+[!?]?|Err:[0-9]+")
_HIDDEN = (b"collapse", b"filter")


def check_ods(path: Path) -> None:
    """Refuse what is no spreadsheet of this kind, is encrypted or damaged, or would unpack beyond the bound.

    Raises:
        InputError: with the reason.
    """
    check_zip(path, "content.xml", "OpenDocument spreadsheet")
    try:
        with zipfile.ZipFile(path) as archive, archive.open("META-INF/manifest.xml") as manifest:
            has_password = b"encryption-data" in manifest.read(MAX_PART_BYTES)
    except KeyError:
        return
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError):
        raise damaged(path) from None
    if has_password:
        raise encrypted(path)


def ods_marks(path: Path, sheet: str) -> SheetMarks:
    """Search the table of a sheet in bounded memory, before its reader is let loose on it.

    Raises:
        InputError: its table cannot be found, or would be too large in memory, however small the file is.
    """
    search = _Search(path, sheet)
    try:
        with zipfile.ZipFile(path) as archive:
            for block in _blocks(archive, path):
                for token in _TOKEN.finditer(block):
                    search.take(token)
    except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, OSError):
        raise damaged(path) from None
    if not search.was_found:
        raise damaged(path)
    return search.marks


def _blocks(archive: zipfile.ZipFile, path: Path) -> Iterator[bytes]:
    return blocks_ending_in(_ROW_END, archive, "content.xml", path)


@dataclass(slots=True)
class _Cell:
    """A cell while its text is being read."""

    column: int
    repeated: int
    attributes: bytes
    text: bytes = b""
    has_gap: bool = False

    @property
    def error(self) -> str | None:
        """Its error; or "" for a formula without a value; or None if it is sound."""
        kind = attribute(self.attributes, rb"office:value-type")
        has_formula = attribute(self.attributes, rb"table:formula") != ""
        if attribute(self.attributes, rb"calcext:value-type") == "error":
            return self.text.decode("utf-8", "replace") or "#ERROR!"
        if has_formula and _ERROR_TEXT.fullmatch(self.text):
            return self.text.decode("ascii")
        return "" if has_formula and not kind else None


@dataclass(slots=True)
class _Search:
    """Where the search stands in the file."""

    path: Path
    sheet: str
    marks: SheetMarks = field(default_factory=SheetMarks)
    was_found: bool = False
    _inside: bool = False
    _row: int = 0
    _rows_repeated: int = 1
    _column: int = 0
    _width: int = 0  # of the columns up to the last filled cell of any row
    _hidden: bool = False
    _cell: _Cell | None = None
    _cells: list[_Cell] = field(default_factory=list)
    _broken: int = 0

    def take(self, token: "re.Match[bytes]") -> None:
        """One tag, with the text behind it."""
        name, is_end = token["name"], bool(token["end"])
        if name == b"table:table":
            named = not is_end and html.unescape(attribute(token["attributes"], rb"table:name")) == self.sheet
            self._inside = named and not self.was_found
            self.was_found = self.was_found or named
        elif not self._inside:
            return
        elif name == b"table:table-row":
            self._end_row() if is_end else self._start_row(token)
        elif name == b"table:table-column":
            if not is_end and attribute(token["attributes"], rb"table:visibility").encode() in _HIDDEN:
                self.marks.hidden_columns = True
        elif name in (b"text:tab", b"text:line-break"):
            if self._cell is not None:
                self._cell.has_gap = True
        elif name == b"text:p":
            if self._cell is not None and not is_end:
                self._cell.text += token["text"]
        else:
            self._take_cell(token, is_end=is_end)

    def _start_row(self, token: "re.Match[bytes]") -> None:
        self._rows_repeated = _number(token["attributes"], rb"table:number-rows-repeated")
        self._column, self._cells, self._cell = 0, [], None
        self._hidden = attribute(token["attributes"], rb"table:visibility").encode() in _HIDDEN
        if token["empty"]:
            self._end_row()

    def _take_cell(self, token: "re.Match[bytes]", *, is_end: bool) -> None:
        if is_end:
            self._cell = None
            return
        cell = _Cell(self._column, _number(token["attributes"], rb"table:number-columns-repeated"), token["attributes"])
        self._column += cell.repeated
        if not token["empty"]:
            self._cell = cell
        if not token["empty"] or b"value-type" in cell.attributes or b"table:formula" in cell.attributes:
            self._cells.append(cell)

    def _end_row(self) -> None:
        first, self._row = self._row, self._row + self._rows_repeated
        if not self._cells:
            return
        self._width = max(self._width, *(cell.column + cell.repeated for cell in self._cells))
        refuse_large(self._row * self._width, self.path)
        if self._hidden:
            self.marks.hidden_rows += self._rows_repeated
        for cell in self._cells:
            error, is_truth = cell.error, attribute(cell.attributes, rb"office:value-type") == "boolean"
            if error is not None or is_truth or cell.has_gap:
                self._mark(range(first, self._row), cell, error)
        self._cells = []

    def _mark(self, rows: range, cell: _Cell, error: str | None) -> None:
        self._broken += len(rows) * cell.repeated
        if self._broken > MAX_BROKEN_CELLS:
            raise InputError(
                f"{self.path.name} has more than {MAX_BROKEN_CELLS:,} cells with errors, truth values or tabs.",
                hint="Check the table.",
            )
        for row in rows:
            for column in range(cell.column, cell.column + cell.repeated):
                if error is not None:
                    self.marks.add((row, column), error)
                else:
                    (self.marks.gaps if cell.has_gap else self.marks.truths).setdefault(row, set()).add(column)


def _number(attributes: bytes, name: bytes) -> int:
    text = attribute(attributes, name)
    return int(text[:12]) if text.isascii() and text.isdigit() and int(text[:12]) else 1
