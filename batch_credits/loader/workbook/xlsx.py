"""What the inside of an .xlsx file tells that its cell values do not.

An .xlsx file is a zip of XML. Reading its values loses which cells hold an error or a formula never calculated
(both look empty, and an empty cell takes a default), and what is hidden. So the sheet's XML is read for just that.

Most rows are sound and plain: they are passed over. Of sound cells in others only the start is told, and their text
goes unread.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from batch_credits.errors import InputError
from batch_credits.loader.wording import shown
from batch_credits.loader.workbook.archive import check_zip
from batch_credits.loader.workbook.cells import NO_VALUE
from batch_credits.loader.workbook.marks import SEEN_POINTS, Look, Merged, SheetMarks, damaged, refuse_large
from batch_credits.loader.workbook.plain_rows import ROW_END, plain_row
from batch_credits.loader.workbook.relations import relation_target, sheet_relation
from batch_credits.loader.workbook.styles import style_looks
from batch_credits.loader.workbook.xml import Attributes, PartReader, local, root_of

_COLUMN = re.compile("[0-9]{1,5}")
_ADDRESS = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_SHARED_TEXTS = "sharedstrings.xml"
_TRUE = ("1", "true")
_SEEN_CHARACTERS = 0.2  # of width, which is about a point
_DIGITS = "0123456789"
_VALUES = frozenset(("v", "is", "t"))
# Of a sheet with any other error (#GETTING_DATA, #SPILL!) calamine reads nothing.
_KNOWN_ERRORS = frozenset(("", "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"))
# A sheet that ends before column AA and row 1,000,000 needs no measuring.
_FAR_COLUMNS, _FAR_ROW = 26, 1_000_000


def check_xlsx(path: Path) -> None:
    """Refuse what is no workbook, cannot be opened, is damaged, or would unpack beyond the bound.

    Raises:
        InputError: with the reason.
    """
    check_zip(path, "xl/workbook.xml", "Excel workbook")
    try:
        with zipfile.ZipFile(path) as archive:
            for part in archive.infolist():
                if part.filename.lower().endswith(_SHARED_TEXTS):
                    _refuse_many_texts(archive, part, path)
    except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, OSError):
        raise damaged(path) from None


def _refuse_many_texts(archive: zipfile.ZipFile, part: zipfile.ZipInfo, path: Path) -> None:
    """Refuse a list of texts that says it is longer than its part has bytes: the reader of values makes room for as
    many as are said, and ends the program where there is none.

    Raises:
        InputError: it does, or is none.
    """
    name, attributes = root_of(archive, part.filename, path)
    try:
        texts = int(attributes.get("uniqueCount", "0"))
    except ValueError:  # which that reader ignores
        texts = 0
    if name != "sst" or texts > part.file_size:
        raise damaged(path)


def xlsx_marks(path: Path, sheet: str) -> SheetMarks:
    """Read the XML of a sheet, in bounded memory, before the reader of its values is let loose on it.

    Raises:
        InputError: its sheet cannot be found, or would be too large in memory, however small the file is.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            reader = _Sheet(path, style_looks(archive, path))
            relation = sheet_relation(archive, sheet, path)
            reader.read(archive, relation_target(archive, "xl/_rels/workbook.xml.rels", relation, path))
    except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, OSError):
        raise damaged(path) from None
    reader.refuse_large()
    return reader.marks


def _is_less(size: str | None, than: float) -> bool:
    try:
        return size is not None and float(size) < than
    except ValueError:
        return False


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


class _Sheet(PartReader):
    """Where the reading stands in a sheet."""

    def __init__(self, path: Path, looks: Mapping[str, Look]) -> None:
        super().__init__(path)
        self._looks = looks
        self._unnamed = 0  # cells of the row at hand without an address
        self.marks = SheetMarks()
        self._columns: dict[str, int] = {"": 0}  # those that were met, by their letters
        self._width = 0
        self._last_row = 0
        self._row = 0
        self._digits = ""  # of the row at hand, and where in an address they begin
        self._cut: int | None = None
        self._attributes: Attributes = {}  # of the cell at hand
        self._text: list[str] = []  # of the value of a cell that is looked into
        self._has_formula = self._has_value = self._has_other = False
        self._outermost = ""
        self._plain_row = plain_row((), ())
        self._plain_columns = 0  # how many were known when it was made

    def pieces(self, block: bytes) -> Iterator[bytes]:
        """All but plain rows. Where one is not plain it is parsed alone, and from then on more at once until one is."""
        at, end, least = 0, 0, 1
        while at < len(block):
            if self.stands_behind == "row" != self._outermost:  # within the document still
                at = self._pass_over(block, at)
                if at > end:
                    self._look_away()  # as each row does that begins
                least = 1 if at > end else least * 4
            end = max(block.rfind(ROW_END, at, at + least), block.find(ROW_END, at))
            end = len(block) if end < 0 else end + len(ROW_END)
            if at < end:
                yield block[at:end]
            at = end

    def _pass_over(self, block: bytes, at: int) -> int:
        """Where the plain rows end that begin at a place between elements. Their columns are known."""
        if len(self._columns) > self._plain_columns:
            self._plain_row, self._plain_columns = plain_row(self._columns, self._looks), len(self._columns)
        while self._plain_row is not None and (found := self._plain_row.match(block, at)):
            if not found[0].isascii() and not _is_utf8(found[0]):
                break
            self._begin_row(int(found[1]))
            self._last_row = max(self._last_row, self._row)
            at = found.end()
        return at

    def start(self, name: str, attributes: Attributes) -> None:
        """Cells and values come first, without a call: nearly all elements are one of them."""
        if name in _VALUES:
            return
        if name == "c":
            self._attributes = attributes
            if "t" in attributes and attributes["t"] == "e":
                self._look_into()
            if "r" in attributes:
                address = attributes["r"]
                if address[: self._cut] not in self._columns or not address.endswith(self._digits):
                    self._measure(address)
            else:
                self._unnamed += 1
            if self._looks and (style := attributes.get("s", "0")) in self._looks:
                self._look(self._looks[style], attributes)
            return
        self._start_other(local(name), attributes)

    def _start_other(self, kind: str, attributes: Attributes) -> None:
        self._outermost = self._outermost or kind
        if kind == "c":
            self.start(kind, attributes)
        elif kind == "f":
            self._look_into()
            self._has_formula = True
        elif kind == "row":
            self.row()
            number = attributes.get("r", "")
            self._measure(number)
            self._unnamed = 0
            self._begin_row(int(number) if number.isdecimal() and len(number) <= 7 else self._row + 1)
            if attributes.get("hidden") in _TRUE or _is_less(attributes.get("ht"), SEEN_POINTS):
                self.marks.hidden.add(self._row - 1)
        elif kind == "mergeCell":
            self._merge(attributes.get("ref", ""))
        elif kind == "col" and (
            attributes.get("hidden") in _TRUE or _is_less(attributes.get("width"), _SEEN_CHARACTERS)
        ):
            first = attributes.get("min", "")
            last = attributes.get("max", first)
            if not (_COLUMN.fullmatch(first) and _COLUMN.fullmatch(last)):
                raise damaged(self.path)
            self.marks.hide_columns(range(int(first) - 1, int(last)), self.path)

    def _begin_row(self, number: int) -> None:
        """Go on to a row. Of two with one number the reader of values would forget the first, with its money."""
        if number <= self._row:
            raise InputError(
                f"{self.path.name}: row {number} stands behind row {self._row}, so one of them may be lost in reading.",
                hint="Open it in Excel or LibreOffice, see that every row is there, and save it again.",
            )
        self._row = number

    def refuse_large(self) -> None:
        """Measure the rectangle that the addresses span. One cell far out would make a reader fill all before it.

        Raises:
            InputError: it is too large.
        """
        if self._width > _FAR_COLUMNS or self._last_row >= _FAR_ROW:
            refuse_large(self._last_row * self._width, self.path)

    def _measure(self, address: str) -> None:
        letters = address.rstrip(_DIGITS)
        if letters not in self._columns:
            number = _column_number(letters[:6])
            self._width = max(self._width, number)
            if len(letters) <= 3:
                self._columns[letters] = number
        digits = address[len(letters) :]
        if digits != self._digits:
            self._digits, self._cut = digits, -len(digits) or None
            self._last_row = max(self._last_row, int(digits[:12] or "0"))

    def _look(self, look: Look, attributes: Attributes) -> None:
        address = attributes.get("r", "")
        column = self._columns[address[: self._cut]] if address else self._unnamed
        self.marks.look(int(self._digits or "0") - 1 if address else self._row - 1, column - 1, look, self.path)

    def _merge(self, reference: str) -> None:
        found = [_ADDRESS.fullmatch(corner) for corner in reference.split(":")]
        corners = [(int(corner[2]) - 1, _column_number(corner[1]) - 1) for corner in found if corner is not None]
        if not corners or len(corners) < len(found):
            raise damaged(self.path)
        (top, left), (bottom, right) = corners[0], corners[-1]
        self.marks.merge(Merged(top, bottom, left, right), self.path)

    def _look_into(self) -> None:
        self._has_formula = self._has_value = self._has_other = False
        self._text.clear()
        self.parser.StartElementHandler = self._start_within
        self.parser.EndElementHandler = self._end

    def _start_within(self, name: str, attributes: Attributes) -> None:
        kind = local(name)
        if kind == "f":
            self._has_formula = True
        elif kind == "v":
            self._has_value = True
            self.parser.CharacterDataHandler = self._text.append
        elif kind == "is":
            self._has_other = True
        elif kind == "row":  # a formula outside of cells, in an extension, led here
            self._look_away()
            self.start(name, attributes)

    def _look_away(self) -> None:
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.ended.append
        self.parser.CharacterDataHandler = None

    def _end(self, name: str) -> None:
        self.ended.append(name)
        kind = local(name)
        if kind == "v":
            self.parser.CharacterDataHandler = None
        elif kind == "c":
            self._look_away()
            self._judge("".join(self._text))

    def _judge(self, text: str) -> None:
        kind = self._attributes.get("t")
        is_valueless = self._has_formula and not self._has_other and not text.strip()
        if is_valueless and kind != "str":  # such a formula gave an empty text
            self.marks.add(self._place(), "")
        elif kind == "e" and self._has_value:
            self.marks.add(self._place(), text)
            if text not in _KNOWN_ERRORS:
                raise InputError(
                    f"{self.path.name}: the cell {self._attributes['r']} holds the error {shown(text)}, with which the "
                    "sheet cannot be read.",
                    hint="Correct its formula, or clear the cell, and save the file again.",
                )
        elif self._has_formula and kind in (None, "n") and text.strip() == "0":
            self.marks.add(self._place(), NO_VALUE)

    def _place(self) -> tuple[int, int]:
        """Row and column of the cell, counted from 0, by its address (B12)."""
        found = _ADDRESS.fullmatch(self._attributes.get("r", ""))
        if found is None:
            raise InputError(
                f"{self.path.name} has cells with errors, or formulas without a value, and does not say where.",
                hint="Open it in Excel or LibreOffice and save it again.",
            )
        return int(found[2]) - 1, _column_number(found[1]) - 1


def _column_number(letters: str) -> int:
    """A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
