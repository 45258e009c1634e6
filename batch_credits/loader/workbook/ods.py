"""What the inside of an .ods file tells that its cell values do not: errors, formulas without a value, truth values,
what its cells show, what is hidden or merged, and how large its table is in memory, since a row or cell may be repeated
by a number.
"""

import math
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from batch_credits.errors import InputError
from batch_credits.loader.wording import shown as quoted
from batch_credits.loader.workbook.archive import MAX_PART_BYTES, check_zip
from batch_credits.loader.workbook.cells import NO_VALUE
from batch_credits.loader.workbook.marks import SEEN_POINTS, Look, Merged, SheetMarks, damaged, encrypted, refuse_large
from batch_credits.loader.workbook.xml import Attributes, PartReader, WholePart

MAX_HIDDEN_ROWS = 1_048_576  # as many as a sheet can have
MAX_ALIKE = 16_384  # as many columns as a sheet can have
MAX_BROKEN_CELLS = 1_000_000  # more is an attack, or a table that nobody looked at

_CELLS = ("table:table-cell", "table:covered-table-cell")
_FILLED = ("office:value-type", "calcext:value-type", "table:formula")
_ERROR_TEXT = re.compile(r"#[A-Z0-9/]+[!?]?|Err:[0-9]+")
_STORED = {
    "string": "office:string-value", "float": "office:value", "percentage": "office:value", "currency": "office:value",
    "date": "office:date-value",
}  # fmt: skip
_HIDDEN = ("collapse", "filter")
_GROUPS = ("table:table-row-group", "table:table-column-group")
_LENGTH = re.compile(r"([0-9]*\.?[0-9]+)(pt|mm|cm|in|pc|px)")
_POINTS = {"pt": 1.0, "mm": 72 / 25.4, "cm": 72 / 2.54, "in": 72.0, "pc": 12.0, "px": 0.75}
_STYLED = {
    "style:table-row-properties": "style:row-height", "style:table-column-properties": "style:column-width"
}  # fmt: skip


def check_ods(path: Path) -> None:
    """Refuse what is no spreadsheet of this kind, is encrypted or damaged, or would unpack beyond the bound.

    Raises:
        InputError: with the reason.
    """
    check_zip(path, "content.xml", "OpenDocument spreadsheet")
    try:
        with zipfile.ZipFile(path) as archive:
            if _has_password(archive):
                raise encrypted(path)
            WholePart(path).read(archive, "content.xml")  # calamine never ends with a table that does not end
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError):
        raise damaged(path) from None


def _has_password(archive: zipfile.ZipFile) -> bool:
    try:
        with archive.open("META-INF/manifest.xml") as manifest:
            return b"encryption-data" in manifest.read(MAX_PART_BYTES)
    except KeyError:
        return False


def ods_marks(path: Path, sheet: str) -> SheetMarks:
    """Read the table of a sheet in bounded memory, before the reader of its values is let loose on it.

    Raises:
        InputError: its table cannot be found, or would be too large in memory, however small the file is.
    """
    reader = _Content(path, sheet)
    try:
        with zipfile.ZipFile(path) as archive:
            reader.read(archive, "content.xml")
    except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, OSError):
        raise damaged(path) from None
    if not reader.was_found:
        raise damaged(path)
    return reader.marks


@dataclass(slots=True)
class _Cell:
    """A cell while its text is being read."""

    column: int
    repeated: int
    attributes: Attributes
    text: str = ""
    has_text: bool = False  # written down, be it an empty one
    has_gap: bool = False
    is_filled: bool = False

    @property
    def shown(self) -> str | None:
        """The text that it shows; None if that is its value, or is not written down."""
        kind = self.attributes.get("office:value-type", "")
        value = self.attributes.get(_STORED.get(kind, ""))
        if value is None or not self.has_text or self.has_gap:
            return None
        if kind == "string":
            return None if self.text == value or _joined(self.text) == _joined(value) else self.text
        return None if self.text == value and kind != "date" else self.text  # a date is none that may be read, else

    @property
    def error(self) -> str | None:
        """Its error; or "" for a formula without a value; or None if it is sound."""
        has_formula = self.attributes.get("table:formula", "") != ""
        if has_formula and self.attributes.get("office:value") in ("0", "0.0", "-0"):
            return NO_VALUE
        if self.attributes.get("calcext:value-type") == "error":
            return self.text or "#ERROR!"
        if has_formula and _ERROR_TEXT.fullmatch(self.text):
            return self.text
        return "" if has_formula and not self.attributes.get("office:value-type") else None

    @property
    def is_overlooked(self) -> bool:
        """Whether it has a text and does not say that it is its value: spreadsheets show it, calamine reads nothing."""
        has_type = "office:value-type" in self.attributes or "table:formula" in self.attributes
        return not has_type and self.text.strip() != ""


class _Content(PartReader):
    """Where the reading stands in the file."""

    def __init__(self, path: Path, sheet: str) -> None:
        super().__init__(path)
        self.marks = SheetMarks()
        self.was_found = False
        self._sheet = sheet
        self._is_inside = False
        self._row = 0
        self._rows_repeated = 1
        self._column = 0
        self._width = 0  # of the columns up to the last filled cell of any row
        self._is_hidden = False
        self._groups: list[bool] = []  # of rows or of columns, one within the other, and whether each is folded away
        self._next_column = 0  # of those that are described before the rows
        self._style = ""  # that is being described: rows and columns have their sizes from one
        self._flat: set[str] = set()  # the styles of rows that are no rows to the eye, and of such columns
        self._cell: _Cell | None = None
        self._aside = ""  # a note or a drawing on the cell at hand, whose texts are not the cell's
        self._cells: list[_Cell] = []  # of a row, those that are filled
        self._broken = 0
        self.parser.EndElementHandler = self._end

    def start(self, name: str, attributes: Attributes) -> None:
        """Tables outside the one that is read are passed over, and so is all that is not named here."""
        if name == "table:table":
            named = attributes.get("table:name") == self._sheet
            self._is_inside = named and not self.was_found
            self.was_found = self.was_found or named
        elif not self._is_inside:
            self._start_outside(name, attributes)
        elif name in _CELLS:
            self._start_cell(attributes)
        elif self._cell is not None:
            self._start_in_cell(self._cell, name)
        elif name == "table:table-row":
            self._rows_repeated = _number(attributes, "table:number-rows-repeated")
            self._column, self._cells, self._cell = 0, [], None
            self._is_hidden = self._hides(attributes)
        elif name in _GROUPS:
            self._groups.append(attributes.get("table:display") == "false")
        elif name == "table:table-column":
            first = self._next_column
            self._next_column += _number(attributes, "table:number-columns-repeated")
            if self._hides(attributes) or any(self._groups):
                self.marks.hide_columns(range(first, self._next_column), self.path)

    def _end(self, name: str) -> None:
        self.ended.append(name)
        if name == "text:p":
            self.parser.CharacterDataHandler = None
        elif name == "table:table":
            self._is_inside = False
            self.row()
        elif name == "table:table-row":
            self.row()
            if self._is_inside:
                self._end_row()
        elif name == self._aside:
            self._aside = ""
        elif name in _CELLS:
            self._cell, self._aside = None, ""
        elif name in _GROUPS and self._groups:
            self._groups.pop()

    def _start_outside(self, name: str, attributes: Attributes) -> None:
        if name == "style:style":
            self._style = attributes.get("style:name", "")
        elif name in _STYLED:
            is_fitted = attributes.get("style:use-optimal-row-height") == "true"  # it is made as high as it has to be
            if not is_fitted and _points(attributes.get(_STYLED[name])) < SEEN_POINTS:
                self._flat.add(self._style)

    def _hides(self, attributes: Attributes) -> bool:
        """Whether a row or column is hidden, filtered out, or as good as that."""
        return attributes.get("table:visibility") in _HIDDEN or attributes.get("table:style-name") in self._flat

    def _text(self, text: str) -> None:
        if self._cell is not None:
            self._cell.text += text

    def _start_cell(self, attributes: Attributes) -> None:
        cell = _Cell(self._column, _number(attributes, "table:number-columns-repeated"), attributes)
        self._column += cell.repeated
        across, down = (_number(attributes, f"table:number-{what}-spanned") for what in ("columns", "rows"))
        if across > 1 or down > 1:
            at = (self._row, self._row + down - 1, cell.column, cell.column + across - 1)
            self.marks.merge(Merged(*at), self.path)
        self._cell = cell
        if not attributes.keys().isdisjoint(_FILLED):
            self._fill(cell)

    def _start_in_cell(self, cell: _Cell, name: str) -> None:
        self._fill(cell)
        if self._aside:
            return
        if name == "text:p":
            cell.has_text = True
            self.parser.CharacterDataHandler = self._text
        elif name in ("text:tab", "text:line-break"):
            cell.has_gap = True
        elif name == "text:s":
            cell.text += " "
        elif name == "office:annotation" or name.startswith("draw:"):
            self._aside, self.parser.CharacterDataHandler = name, None

    def _fill(self, cell: _Cell) -> None:
        if not cell.is_filled:
            cell.is_filled = True
            self._cells.append(cell)

    def _end_row(self) -> None:
        first, self._row = self._row, self._row + self._rows_repeated
        if not self._cells:
            return
        self._width = max(self._width, *(cell.column + cell.repeated for cell in self._cells))
        refuse_large(self._row * self._width, self.path)
        if self._is_hidden or any(self._groups):
            self._hide(range(first, self._row))
        for cell in self._cells:
            if cell.is_overlooked:
                raise InputError(
                    f"{self.path.name}, row {first + 1}: the text {quoted(cell.text)} has no type, as hardly any "
                    "program writes it, so it may be lost in reading.",
                    hint="Open it in LibreOffice or Excel, see that every text is there, and save it again.",
                )
            error, is_truth = cell.error, cell.attributes.get("office:value-type") == "boolean"
            if error is not None or is_truth or cell.has_gap:
                self._mark(range(first, self._row), cell, error)
            if (shown := cell.shown) is not None:
                self._look(first, cell, Look(text=shown))
        self._cells = []

    def _look(self, first: int, cell: _Cell, look: Look) -> None:
        if cell.repeated > MAX_ALIKE:
            raise InputError(f"{self.path.name} has more than {MAX_ALIKE:,} equal cells in a row.", hint="Check it.")
        for column in range(cell.column, cell.column + cell.repeated):
            self.marks.look(first, column, look, self.path, self._row - 1)

    def _hide(self, rows: range) -> None:
        if len(self.marks.hidden) + len(rows) > MAX_HIDDEN_ROWS:
            most = f"{MAX_HIDDEN_ROWS:,}"
            raise InputError(f"{self.path.name} has more than {most} hidden rows.", hint="Check the table.")
        self.marks.hidden.update(rows)

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


def _joined(text: str) -> str:
    return "".join(text.split())


def _points(length: str | None) -> float:
    """A length in points; endless if none is stated."""
    found = _LENGTH.fullmatch((length or "").strip())
    return math.inf if found is None else float(found[1]) * _POINTS[found[2]]


def _number(attributes: Attributes, name: str) -> int:
    text = attributes.get(name, "")
    return int(text[:12]) if text.isascii() and text.isdigit() and int(text[:12]) else 1
