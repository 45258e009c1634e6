"""What the inside of an .xlsb file tells that its cell values do not: errors, formats, and what is hidden or merged.

It is a zip archive in which each sheet is a part: a sequence of records, each a number, a length, and so many bytes.
A formula always carries its last value. Layout: [MS-XLSB].
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from batch_credits.loader.workbook.archive import MAX_PART_BYTES, check_zip
from batch_credits.loader.workbook.cells import NO_VALUE
from batch_credits.loader.workbook.marks import (
    BIFF_ERRORS,
    SEEN_POINTS,
    SEEN_WIDTH,
    TWIPS,
    Look,
    Merged,
    SheetMarks,
    damaged,
    refuse_large,
)
from batch_credits.loader.workbook.relations import relation_target, target_of_kind
from batch_credits.loader.workbook.styles import looks_of

Record = tuple[int, bytes]

_SHEET_NAME, _ROW, _COLUMNS = 156, 0, 60
_CELLS = range(1, 12)  # of which 3 and 11 hold an error, and 9 a formula that gives a number
_MERGED, _FORMAT, _STYLE, _STYLES_BEGIN, _STYLES_END = 176, 44, 47, 617, 618


def check_xlsb(path: Path) -> None:
    """Refuse what is no binary workbook, is damaged, or would unpack beyond the bound.

    Raises:
        InputError: with the reason.
    """
    check_zip(path, "xl/workbook.bin", "binary Excel workbook")


def xlsb_marks(path: Path, sheet: str) -> SheetMarks:
    """Search the records of a sheet, in bounded memory.

    Raises:
        InputError: its sheet cannot be found, or would be too large in memory.
    """
    marks = SheetMarks()
    row = width = 0
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_part_of(archive, sheet, path)) as stream:
            looks = _looks(archive, path)
            for kind, content in _xlsb_records(stream):
                if kind == _ROW:
                    (row,) = struct.unpack_from("<I", content)
                    (height,) = struct.unpack_from("<H", content, 8)
                    if content[11] & 0x10 or height < SEEN_POINTS * TWIPS:
                        marks.hidden.add(row)
                elif kind in _CELLS:
                    (column,) = struct.unpack_from("<I", content)
                    width = max(width, column + 1)
                    refuse_large((row + 1) * width, path)
                    if kind in (3, 11):
                        marks.add((row, column), BIFF_ERRORS.get(content[8], "#ERROR!"))
                    elif kind == 9 and content[8:16] == bytes(8):
                        marks.add((row, column), NO_VALUE)
                    if looks and (look := looks.get(int.from_bytes(content[4:7], "little"))):
                        marks.look(row, column, look, path)
                elif kind == _COLUMNS:
                    first, last, size = struct.unpack_from("<III", content)
                    if content[16] & 1 or size < SEEN_WIDTH:
                        marks.hide_columns(range(first, last + 1), path)
                elif kind == _MERGED:
                    marks.merge(Merged(*struct.unpack_from("<IIII", content)), path)
    except (KeyError, IndexError, struct.error, zipfile.BadZipFile, zlib.error, EOFError, OSError):
        raise damaged(path) from None
    return marks


def _looks(archive: zipfile.ZipFile, path: Path) -> dict[int, Look]:
    """By the number of a style as cells name it: its format, where that may show something else than is stored."""
    part = target_of_kind(archive, "xl/_rels/workbook.bin.rels", "styles", path)
    if part is None or part not in archive.namelist():
        return {}
    codes: dict[int, str] = {}
    styles: list[int] = []
    is_inside = False
    with archive.open(part) as stream:
        for kind, content in _xlsb_records(stream):
            if kind == _FORMAT:
                (number,) = struct.unpack_from("<H", content)
                codes[number] = _wide_text(content, 2)[0]
            elif kind in (_STYLES_BEGIN, _STYLES_END):
                is_inside = kind == _STYLES_BEGIN
            elif kind == _STYLE and is_inside:
                styles.append(struct.unpack_from("<HH", content)[1])
    return looks_of(styles, codes)


def _xlsb_records(stream: IO[bytes]) -> Iterator[Record]:
    while first := stream.read(1):
        kind = first[0]
        if kind & 0x80:
            kind = (kind & 0x7F) | ((stream.read(1)[0] & 0x7F) << 7)
        size = shift = 0
        for _ in range(4):
            byte = stream.read(1)[0]
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        if size > MAX_PART_BYTES:
            raise EOFError
        content = stream.read(size)
        if len(content) != size:
            raise EOFError
        yield kind, content


def _part_of(archive: zipfile.ZipFile, sheet: str, path: Path) -> str:
    """The part of a sheet: the workbook's records name it and its relation."""
    with archive.open("xl/workbook.bin") as stream:
        for kind, content in _xlsb_records(stream):
            if kind == _SHEET_NAME:
                relation, end = _wide_text(content, 8)
                if _wide_text(content, end)[0] == sheet:
                    return relation_target(archive, "xl/_rels/workbook.bin.rels", relation, path)
    raise KeyError(sheet)


def _wide_text(content: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<I", content, at)
    end = at + 4 + 2 * length
    return content[at + 4 : end].decode("utf-16-le", "replace"), end
