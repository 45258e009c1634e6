"""What the inside of an .xlsx file tells that its cell values do not.

An .xlsx file is a zip of XML. Reading its values loses which cells hold an error or a formula never calculated
(both look empty, and an empty cell takes a default), and what is hidden. So the sheet's XML is searched for just
that, in blocks and by pattern: no parser, hence no entities to expand. The archive is checked first, since a
file of a megabyte may unpack to gigabytes.
"""

import html
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from batch_credits.errors import InputError

MAX_INFLATED_BYTES = 2_147_483_648  # a full sheet of 1,048,576 rows and a dozen columns takes about half of it
MAX_PART_BYTES = 16_777_216  # of the lists of sheets and of one row
MAX_CELLS = 20_000_000  # the rectangle a sheet spans, which its reader fills: a full sheet of 19 columns
_BLOCK_BYTES = 1_048_576
_OLE_MAGIC = b"\xd0\xcf\x11\xe0"  # what Office wraps encrypted workbooks in, and old ones

# No `<` inside a tag's pattern: else a hostile file of open tags would be searched again from each of them.
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^<>]*>")
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^<>]*>")
_ERROR_CELL = re.compile(
    rb"""<(?:\w+:)?c\s(?P<attributes>[^<>]*\bt=["']e["'][^<>]*)>(?:(?!</?(?:\w+:)?c[\s>]).)*?"""
    rb"""<(?:\w+:)?v>(?P<error>[^<]*)<""",
    re.DOTALL,
)
_VALUELESS_FORMULA = re.compile(
    rb"""<(?:\w+:)?c\s(?P<attributes>[^<>]*)(?<!/)>\s*<(?:\w+:)?f(?:\s[^<>]*)?(?:/>|(?<!/)>[^<]*</(?:\w+:)?f>)\s*"""
    rb"""(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>""",
)
_TEXT_CELL = re.compile(rb"""\bt=["']str["']""")
_HIDDEN_ROW = re.compile(rb"""<(?:\w+:)?row\s[^<>]*\bhidden=["'](?:1|true)["']""")
_HIDDEN_COLUMN = re.compile(rb"""<(?:\w+:)?col\s[^<>]*\bhidden=["'](?:1|true)["']""")
_ADDRESS = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)([0-9]*)""")
# An address beyond column Z or row 999,999; where there is none the rectangle needs no measuring.
_FAR_ADDRESS = re.compile(rb"""r\s*=\s*["'](?:[A-Za-z]{2}|[A-Za-z]?[0-9]{7})""")
_OTHER_ENCODING = re.compile(rb"""\A<\?xml[^>]*encoding\s*=\s*["'](?!utf-8|us-ascii)""", re.IGNORECASE)
_ROW_END = re.compile(rb"</(?:\w+:)?row>")


@dataclass(slots=True)
class SheetMarks:
    """What was found in a sheet. `broken`: row -> column -> its error, or "" for a formula without a value.

    Rows and columns are counted from 0.
    """

    broken: dict[int, dict[int, str]] = field(default_factory=dict)
    hidden_rows: int = 0
    hidden_columns: bool = False

    def add(self, place: tuple[int, int], error: str) -> None:
        """Note a broken cell."""
        row, column = place
        self.broken.setdefault(row, {})[column] = error


def check_archive(path: Path) -> None:
    """Refuse what is no workbook, cannot be opened, is damaged, or would unpack beyond the bound.

    Raises:
        InputError: with the reason.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise InputError(f"{path.name} is empty.", hint="Check the export.")
    if start == _OLE_MAGIC:
        raise InputError(
            f"{path.name} is encrypted, or a workbook in the old format.",
            hint="Remove the password and save it as .xlsx.",
        )
    try:
        with zipfile.ZipFile(path) as archive:
            inflated = sum(part.file_size for part in archive.infolist())
            if inflated > MAX_INFLATED_BYTES:
                raise InputError(
                    f"{path.name} would unpack to {inflated:,} bytes, more than {MAX_INFLATED_BYTES:,}.",
                    hint="Save it as CSV.",
                )
            if "xl/workbook.xml" not in archive.namelist():
                raise InputError(f"{path.name} is an archive, but no Excel workbook.", hint="Save it as .xlsx.")
            damaged = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise _damaged(path) from None
    if damaged is not None:
        raise _damaged(path)


def sheet_marks(path: Path, sheet: str) -> SheetMarks:
    """Search the XML of a sheet, in bounded memory, before its reader is let loose on it.

    Raises:
        InputError: its sheet cannot be found, or would be too large in memory, however small the file is.
    """
    marks = SheetMarks()
    far = False
    try:
        with zipfile.ZipFile(path) as archive:
            part = _part_of(archive, sheet)
            for rows in _blocks_of_rows(archive, part, path):
                _search(rows, marks, path)
                far = far or _FAR_ADDRESS.search(rows) is not None
            if far:
                _refuse_large(_blocks_of_rows(archive, part, path), path)
    except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, OSError):
        raise _damaged(path) from None
    return marks


def _refuse_large(blocks: Iterator[bytes], path: Path) -> None:
    """Measure the rectangle that the addresses span. One cell far out would make a reader fill all before it."""
    columns: set[bytes] = set()
    last_row = 0
    for rows in blocks:
        for letters, digits in _ADDRESS.findall(rows):
            columns.add(letters)
            last_row = max(last_row, int(digits[:12] or b"0"))
    cells = last_row * max(_column_number(letters[:6]) for letters in columns)
    if cells > MAX_CELLS:
        raise InputError(
            f"{path.name}: the sheet spans {cells:,} cells, more than {MAX_CELLS:,}.",
            hint="A cell far away from the table may be filled: delete the rows below and the columns beside it.",
        )


def _search(rows: bytes, marks: SheetMarks, path: Path) -> None:
    """Note what a piece of a sheet holds. Plain searches come first, since most sheets hold none of it."""
    if b"hidden=" in rows:
        marks.hidden_rows += len(_HIDDEN_ROW.findall(rows))
        marks.hidden_columns = marks.hidden_columns or _HIDDEN_COLUMN.search(rows) is not None
    if b't="e"' in rows or b"t='e'" in rows:
        for cell in _ERROR_CELL.finditer(rows):
            marks.add(_place(cell, path), html.unescape(cell["error"].decode("utf-8", "replace")))
    if b"f>" in rows or b":f" in rows or b"<f" in rows:
        for cell in _VALUELESS_FORMULA.finditer(rows):
            if not _TEXT_CELL.search(cell["attributes"]):  # such a formula gave an empty text
                marks.add(_place(cell, path), "")


def _blocks_of_rows(archive: zipfile.ZipFile, part: str, path: Path) -> Iterator[bytes]:
    """The sheet's XML, cut only between rows."""
    rest = b""
    with archive.open(part) as stream:
        while block := stream.read(_BLOCK_BYTES):
            if b"\0" in block or (not rest and _OTHER_ENCODING.match(block)):
                raise _damaged(path)  # XML in another encoding, which nothing here could search
            rest += block
            ends = [found.end() for found in _ROW_END.finditer(rest)]
            if ends:
                yield rest[: ends[-1]]
                rest = rest[ends[-1] :]
            elif len(rest) > MAX_PART_BYTES:
                raise InputError(f"{path.name} has a row of more than {MAX_PART_BYTES:,} bytes.", hint="Check it.")
    yield rest


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    """The name, inside the archive, of the part that holds a sheet."""
    relation = next(
        _attribute(tag, rb"\w+:id")
        for tag in (*_SHEET.findall(_read(archive, "xl/workbook.xml")), b"")
        if not tag or html.unescape(_attribute(tag, rb"name")) == sheet
    )
    for tag in _RELATION.findall(_read(archive, "xl/_rels/workbook.xml.rels")):
        if _attribute(tag, rb"Id") == relation:
            target = html.unescape(_attribute(tag, rb"Target"))
            return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
    raise KeyError(sheet)


def _read(archive: zipfile.ZipFile, part: str) -> bytes:
    with archive.open(part) as stream:
        return stream.read(MAX_PART_BYTES)


def _attribute(tag: bytes, name: bytes) -> str:
    found = re.search(rb"\s" + name + rb"""\s*=\s*(?:"([^"]*)"|'([^']*)')""", tag)
    if found is None:
        return ""
    return (found[1] if found[1] is not None else found[2]).decode("utf-8", "replace")


def _place(cell: "re.Match[bytes]", path: Path) -> tuple[int, int]:
    """Row and column of a cell, counted from 0, by its address (B12)."""
    found = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7})", _attribute(b" " + cell["attributes"], rb"r"))
    if found is None:
        raise InputError(
            f"{path.name} has cells with errors, or formulas without a value, and does not say where.",
            hint="Open it in Excel or LibreOffice and save it again.",
        )
    return int(found[2]) - 1, _column_number(found[1].encode()) - 1


def _column_number(letters: bytes) -> int:
    """A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number


def _damaged(path: Path) -> InputError:
    return InputError(
        f"{path.name} is damaged, or no Excel workbook.", hint="Open it in Excel and save it again as .xlsx."
    )
