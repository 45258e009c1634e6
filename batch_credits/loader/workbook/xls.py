"""What the inside of an .xls file tells that its cell values do not: errors, formats, and what is hidden or merged.

All lies in one stream of a compound file: a sequence of records, each a number, a length, and so many bytes. A formula
always carries its last value. Layout: [MS-XLS].

A dozen kinds of record are read by hand. xlrd would read them all, and with them what nobody asks for here: a list of
texts whose lengths lead back, or names that double each other, keep it busy for hours or fill the memory, in 6 kB.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

from batch_credits.errors import InputError
from batch_credits.loader.workbook.archive import is_compound
from batch_credits.loader.workbook.cells import NO_VALUE
from batch_credits.loader.workbook.compound import workbook_stream
from batch_credits.loader.workbook.marks import (
    BIFF_ERRORS,
    SEEN_POINTS,
    SEEN_WIDTH,
    TWIPS,
    Look,
    Merged,
    SheetMarks,
    damaged,
    encrypted,
    refuse_large,
)
from batch_credits.loader.workbook.styles import looks_of

Record = tuple[int, bytes]

_BOUND_SHEET, _FILE_PASS, _EOF = 0x85, 0x2F, 0x0A
_FORMULA, _BOOL_ERR, _OLD_ROW, _COLUMN_INFO = 0x06, 0x205, 0x208, 0x7D
_BEGIN, _FORMAT, _STYLE, _MERGED, _SHORT_NUMBERS = 0x809, 0x41E, 0xE0, 0xE5, 0xBD
_TEXTS, _MORE = 0xFC, 0x3C  # all texts of a workbook, and what did not go into one record of them
_FIRST_HALVES, _SECOND_HALVES = range(0xD8, 0xDC), range(0xDC, 0xE0)  # the higher bytes of characters like emoji
_WIDE = b"\x01"  # a part of a text that has two bytes for a character
_CELLS = frozenset((_FORMULA, 0x203, 0x27E, 0xFD, 0x204, 0xD6))  # formulas, numbers and texts
_SPANS = 0x200  # from which row to which, and so with columns, a sheet says that it has cells
_PLACED = _CELLS | {_BOOL_ERR, _SHORT_NUMBERS}
_OLD_SPANS_BYTES = 10
_START_BYTES = 100  # that tell what else a file is
_IN_A_CHART = 2  # deep
_UNICODE = 0x600  # the version since which texts are


def check_xls(path: Path) -> None:
    """Refuse what is no workbook of the old format, is encrypted or damaged, or would not fit into memory: the reader
    of values fills the rectangles of all sheets as soon as it opens the file.

    Raises:
        InputError: with the reason.
    """
    if not is_compound(path):
        raise _of_another_kind(path)
    stream = workbook_stream(path)
    starts = []
    try:
        for kind, content in _xls_records(stream, 0, path):
            if kind == _FILE_PASS:
                raise encrypted(path)
            if kind == _BOUND_SHEET:
                starts.append(struct.unpack_from("<I", content)[0])
        _refuse_cut_characters(stream, path)
        cells = 0
        for start in starts:
            cells += _spanned(stream, start, path)
            refuse_large(cells, path)
    except (IndexError, struct.error):
        raise damaged(path) from None


def _refuse_cut_characters(stream: bytes, path: Path) -> None:
    """Refuse a list of texts that goes on in another record in the middle of a character: the reader of values reads
    each half by itself, as a lost character.

    Raises:
        InputError: it does.
    """
    before = b""
    for kind, content in _xls_records(stream, 0, path):
        if kind == _TEXTS:
            before = content
            continue
        goes_on = kind == _MORE and before != b""
        if goes_on and before[-1] in _FIRST_HALVES and content[:1] == _WIDE and content[2] in _SECOND_HALVES:
            raise InputError(
                f"{path.name} has a text that the old format has cut in two within a character.",
                hint="Open it in Excel or LibreOffice and save it as .xlsx.",
            )
        before = content if goes_on else b""


def _spanned(stream: bytes, start: int, path: Path) -> int:
    """How many cells the rectangle has that a sheet fills, or says that it fills. A chart in it may have cells: some
    versions of the reader take them for the sheet's."""
    rows = columns = said = 0
    for _, kind, content in _records(stream, start, path):
        if kind in _PLACED:
            row, column = _place(content)
            if kind == _SHORT_NUMBERS:
                column += len(content) // 6
            rows, columns = max(rows, row + 1), max(columns, column + 1)
        elif kind == _SPANS:
            form = "<HHHH" if len(content) == _OLD_SPANS_BYTES else "<IIHH"
            first_row, last_row, _first, last_column = struct.unpack_from(form, content)
            if last_row and last_column and first_row >= last_row:
                raise damaged(path)
            said = max(said, last_row * last_column)
    return max(rows * columns, said)


def _of_another_kind(path: Path) -> InputError:
    """What a file is that only has the suffix: programs give it to web pages and to texts, since Excel opens them."""
    with path.open("rb") as file:
        start = file.read(_START_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"PK"):
        what, hint = "a newer workbook or another archive", "Give it the suffix .xlsx if it is a workbook."
    elif start.startswith(b"<"):
        what, hint = "a web page or another text with tags", "Open it in Excel and save it as .xlsx."
    else:
        what, hint = "another kind of file", "If it is a text, give it the suffix .csv; else save it as .xlsx."
    return InputError(f"{path.name} is no Excel workbook of the old format, but {what}.", hint=hint)


def xls_marks(path: Path, sheet: str) -> SheetMarks:
    """Search the records of a sheet. What it spans is bounded by the format.

    Raises:
        InputError: its sheet cannot be found.
    """
    marks = SheetMarks()
    stream = workbook_stream(path)
    try:
        looks = _looks(stream, path)
        for kind, content in _xls_records(stream, _start_of(stream, sheet, path), path):
            if kind == _BOOL_ERR and content[7]:
                marks.add(_place(content), BIFF_ERRORS.get(content[6], "#ERROR!"))
            elif kind == _FORMULA and content[12:14] == b"\xff\xff" and content[6] == 2:
                marks.add(_place(content), BIFF_ERRORS.get(content[8], "#ERROR!"))
            elif kind == _FORMULA and content[6:14] == bytes(8):
                marks.add(_place(content), NO_VALUE)
            elif kind == _MERGED:
                for merged in struct.iter_unpack("<HHHH", content[2 : len(content) - (len(content) - 2) % 8]):
                    marks.merge(Merged(*merged), path)
            elif kind == _OLD_ROW:
                (height,) = struct.unpack_from("<H", content, 6)
                if content[12] & 0x20 or height & 0x7FFF < SEEN_POINTS * TWIPS:
                    marks.hidden.add(_place(content)[0])
            elif kind == _COLUMN_INFO:
                first, last, width = struct.unpack_from("<HHH", content)
                if content[8] & 1 or width < SEEN_WIDTH:
                    marks.hide_columns(range(first, last + 1), path)
            if looks and (kind in _CELLS or kind == _SHORT_NUMBERS):
                for place, style in _styled(kind, content):
                    if style in looks:
                        marks.look(*place, looks[style], path)
    except (IndexError, struct.error):
        raise damaged(path) from None
    return marks


def _styled(kind: int, content: bytes) -> Iterator[tuple[tuple[int, int], int]]:
    """The places of a record's cells, and the numbers of their styles."""
    row, column = _place(content)
    if kind == _SHORT_NUMBERS:
        for at in range(4, len(content) - 2, 6):
            yield (row, column + (at - 4) // 6), struct.unpack_from("<H", content, at)[0]
    else:
        yield (row, column), struct.unpack_from("<H", content, 4)[0]


def _looks(stream: bytes, path: Path) -> dict[int, Look]:
    """By the number of a style as cells name it: its format, where that may show something else than is stored."""
    codes: dict[int, str] = {}
    styles: list[int] = []
    version = 0
    for kind, content in _xls_records(stream, 0, path):
        if kind == _BEGIN:
            (version,) = struct.unpack_from("<H", content)
        elif kind == _STYLE:
            styles.append(struct.unpack_from("<HH", content)[1])
        elif kind == _FORMAT and version >= _UNICODE:
            number, length, is_wide = struct.unpack_from("<HHB", content)
            codes[number] = content[5:].decode("utf-16-le" if is_wide & 1 else "latin-1", "replace")[:length]
        elif kind == _FORMAT:
            codes[content[0] | content[1] << 8] = content[3 : 3 + content[2]].decode("cp1252", "replace")
    return looks_of(styles, codes)


def _place(content: bytes) -> tuple[int, int]:
    row, column = struct.unpack_from("<HH", content)
    return row, column


def _xls_records(stream: bytes, at: int, path: Path) -> Iterator[Record]:
    """The records from there to the end of the sheet, or of the workbook's own part, without those of charts in it."""
    return ((kind, content) for depth, kind, content in _records(stream, at, path) if depth < _IN_A_CHART)


def _records(stream: bytes, at: int, path: Path) -> Iterator[tuple[int, int, bytes]]:
    """The same with all, and how deep each lies: a part has a beginning and an end, and so have those within it."""
    depth = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        depth += kind == _BEGIN
        yield depth, kind, stream[at + 4 : at + 4 + size]
        if kind == _EOF:
            depth -= 1
            if depth <= 0:
                return
        at += 4 + size
    raise damaged(path)


def _start_of(stream: bytes, sheet: str, path: Path) -> int:
    for kind, content in _xls_records(stream, 0, path):
        if kind == _BOUND_SHEET:
            (start,) = struct.unpack_from("<I", content)
            length, is_wide = content[6], content[7] & 1
            name = content[8:].decode("utf-16-le" if is_wide else "latin-1", "replace")[:length]
            if name == sheet:
                return int(start)
    raise damaged(path)
