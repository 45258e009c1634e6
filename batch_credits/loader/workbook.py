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

    `truths` are truth values that the sheet's reader gives as numbers, `gaps` texts in which it drops a tab or a line
    break. Rows and columns are counted from 0.
    """

    broken: dict[int, dict[int, str]] = field(default_factory=dict)
    truths: dict[int, set[int]] = field(default_factory=dict)
    gaps: dict[int, set[int]] = field(default_factory=dict)
    hidden_rows: int = 0
    hidden_columns: bool = False

    def add(self, place: tuple[int, int], error: str) -> None:
        """Note a broken cell."""
        row, column = place
        self.broken.setdefault(row, {})[column] = error

    def notes(self) -> tuple[str, ...]:
        """What a person should know of what is hidden."""
        notes = []
        if self.hidden_rows:
            notes.append(f"{self.hidden_rows} hidden row{'' if self.hidden_rows == 1 else 's'} read like the others")
        if self.hidden_columns:
            notes.append("hidden columns read like the others")
        return tuple(notes)


def check_xlsx(path: Path) -> None:
    """Refuse what is no workbook, cannot be opened, is damaged, or would unpack beyond the bound.

    Raises:
        InputError: with the reason.
    """
    check_zip(path, "xl/workbook.xml", "Excel workbook")


def check_zip(path: Path, main_part: str, kind: str) -> None:
    """The same for any kind of workbook that is an archive, by the part that every one of them has.

    Raises:
        InputError: with the reason.
    """
    if is_compound(path):
        raise InputError(
            f"{path.name} is encrypted, or a workbook in the old format.",
            hint="Remove the password, or give it the suffix .xls if it is an old one.",
        )
    try:
        with zipfile.ZipFile(path) as archive:
            inflated = sum(part.file_size for part in archive.infolist())
            if inflated > MAX_INFLATED_BYTES:
                raise InputError(
                    f"{path.name} would unpack to {inflated:,} bytes, more than {MAX_INFLATED_BYTES:,}.",
                    hint="Save it as CSV.",
                )
            if main_part not in archive.namelist():
                raise InputError(f"{path.name} is an archive, but no {kind}.", hint="Check its suffix.")
            broken_part = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise damaged(path) from None
    if broken_part is not None:
        raise damaged(path)


def is_compound(path: Path) -> bool:
    """Whether a workbook is a compound file, by its first bytes: one of the old format, or an encrypted one.

    Raises:
        InputError: it is empty.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise InputError(f"{path.name} is empty.", hint="Check the export.")
    return start == _OLE_MAGIC


def xlsx_marks(path: Path, sheet: str) -> SheetMarks:
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
                _measure(_blocks_of_rows(archive, part, path), path)
    except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, OSError):
        raise damaged(path) from None
    return marks


def _measure(blocks: Iterator[bytes], path: Path) -> None:
    """Measure the rectangle that the addresses span. One cell far out would make a reader fill all before it."""
    columns: set[bytes] = set()
    last_row = 0
    for rows in blocks:
        for letters, digits in _ADDRESS.findall(rows):
            columns.add(letters)
            last_row = max(last_row, int(digits[:12] or b"0"))
    refuse_large(last_row * max(_column_number(letters[:6]) for letters in columns), path)


def refuse_large(cells: int, path: Path) -> None:
    """Refuse a sheet that spans more cells than its reader may fill.

    Raises:
        InputError: it does.
    """
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
    return blocks_ending_in(_ROW_END, archive, part, path)


def blocks_ending_in(row_end: "re.Pattern[bytes]", archive: zipfile.ZipFile, part: str, path: Path) -> Iterator[bytes]:
    """The XML of a part, cut only between rows.

    Raises:
        InputError: it is not XML that can be searched, or has an endless row.
    """
    rest = b""
    with archive.open(part) as stream:
        while block := stream.read(_BLOCK_BYTES):
            if b"\0" in block or (not rest and _OTHER_ENCODING.match(block)):
                raise damaged(path)  # XML in another encoding, which nothing here could search
            rest += block
            ends = [found.end() for found in row_end.finditer(rest)]
            if ends:
                yield rest[: ends[-1]]
                rest = rest[ends[-1] :]
            elif len(rest) > MAX_PART_BYTES:
                raise InputError(f"{path.name} has a row of more than {MAX_PART_BYTES:,} bytes.", hint="Check it.")
    yield rest


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    """The name, inside the archive, of the part that holds a sheet."""
    relation = next(
        attribute(tag, rb"\w+:id")
        for tag in (*_SHEET.findall(_read(archive, "xl/workbook.xml")), b"")
        if not tag or html.unescape(attribute(tag, rb"name")) == sheet
    )
    return relation_target(archive, "xl/_rels/workbook.xml.rels", relation)


def relation_target(archive: zipfile.ZipFile, relations: str, relation: str) -> str:
    """The name of the part that a relation of the workbook is about.

    Raises:
        KeyError: there is no such relation, or no such list of them.
    """
    for tag in _RELATION.findall(_read(archive, relations)):
        if attribute(tag, rb"Id") == relation:
            target = html.unescape(attribute(tag, rb"Target"))
            return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
    raise KeyError(relation)


def _read(archive: zipfile.ZipFile, part: str) -> bytes:
    with archive.open(part) as stream:
        return stream.read(MAX_PART_BYTES)


def attribute(tag: bytes, name: bytes) -> str:
    """The value of an attribute in a tag, its entities as they are; empty if it has none of that name."""
    found = re.search(rb"\s" + name + rb"""\s*=\s*(?:"([^"]*)"|'([^']*)')""", tag)
    if found is None:
        return ""
    return (found[1] if found[1] is not None else found[2]).decode("utf-8", "replace")


def _place(cell: "re.Match[bytes]", path: Path) -> tuple[int, int]:
    """Row and column of a cell, counted from 0, by its address (B12)."""
    found = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7})", attribute(b" " + cell["attributes"], rb"r"))
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


def damaged(path: Path) -> InputError:
    """A workbook that is none, or no longer one."""
    return InputError(
        f"{path.name} is damaged, or no workbook of its suffix.",
        hint="Open it in Excel or LibreOffice and save it again.",
    )
