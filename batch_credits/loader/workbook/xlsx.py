"""What the inside of an .xlsx file tells that its cell values do not.

An .xlsx file is a zip of XML. Reading its values loses which cells hold an error or a formula never calculated
(both look empty, and an empty cell takes a default), and what is hidden. So the sheet's XML is searched for just
that, in blocks and by pattern: no parser, hence no entities to expand.
"""

import html
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from batch_credits.errors import InputError
from batch_credits.loader.workbook.archive import attribute, blocks_ending_in, check_zip, read_part, relation_target
from batch_credits.loader.workbook.marks import SheetMarks, damaged, refuse_large

# No `<` inside a tag's pattern: else a hostile file of open tags would be searched again from each of them.
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^<>]*>")
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
_ROW_END = re.compile(rb"</(?:\w+:)?row>")


def check_xlsx(path: Path) -> None:
    """Refuse what is no workbook, cannot be opened, is damaged, or would unpack beyond the bound.

    Raises:
        InputError: with the reason.
    """
    check_zip(path, "xl/workbook.xml", "Excel workbook")


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


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    """The name, inside the archive, of the part that holds a sheet."""
    relation = next(
        attribute(tag, rb"\w+:id")
        for tag in (*_SHEET.findall(read_part(archive, "xl/workbook.xml")), b"")
        if not tag or html.unescape(attribute(tag, rb"name")) == sheet
    )
    return relation_target(archive, "xl/_rels/workbook.xml.rels", relation)


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
