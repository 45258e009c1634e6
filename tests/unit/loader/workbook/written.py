"""Workbooks in formats that no library at hand writes: just enough of each for a reader to take it for one.

A cell is a text, a number, None, `Error`, `Truth` or `Styled`; `hidden` names rows, `merged` first and last rows and
columns. Rows and columns begin at 0.
"""

import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr


class Error(NamedTuple):
    code: int
    name: str


class Truth(NamedTuple):
    value: bool


class Styled(NamedTuple):
    """A number or text with a number format, what it shows, and in OpenDocument what kind of value it is."""

    value: float | str
    code: str
    shown: str
    kind: str = "float"


Merged = tuple[int, int, int, int]
DIV0, NOT_AVAILABLE = Error(7, "#DIV/0!"), Error(42, "#N/A")
Cell = str | float | Error | Truth | Styled | None
Rows = Sequence[Sequence[Cell]]


# -- .ods -------------------------------------------------------------------------------------------------


def ods(
    path: Path, rows: Rows, *, sheet: str = "A & B", hidden: frozenset[int] = frozenset(), extra: str = "",
    merged: Sequence[Merged] = (),
) -> Path:  # fmt: skip
    """`extra` is put behind the rows."""
    spans = {(top, left): (bottom - top + 1, right - left + 1) for top, bottom, left, right in merged}
    body = "".join(
        _ods_row(number, cells, spans, collapsed=number in hidden) for number, cells in enumerate(rows)
    )
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content><office:body><office:spreadsheet>'
        f"<table:table table:name={quoteattr(sheet)}>{body}{extra}</table:table>"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("META-INF/manifest.xml", "<manifest:manifest/>")
        archive.writestr("content.xml", content)
    return path


def _ods_row(
    number: int, cells: Sequence[Cell], spans: dict[tuple[int, int], tuple[int, int]], *, collapsed: bool
) -> str:
    visibility = ' table:visibility="collapse"' if collapsed else ""
    written = [
        _ods_cell(cell).replace(
            "<table:table-cell", "<table:table-cell " + _ods_span(*spans.get((number, column), (1, 1))), 1
        )
        for column, cell in enumerate(cells)
    ]
    return f"<table:table-row{visibility}>{''.join(written)}</table:table-row>"


def _ods_span(down: int, across: int) -> str:
    return f'table:number-rows-spanned="{down}" table:number-columns-spanned="{across}"' if down * across > 1 else ""


def _ods_cell(cell: Cell) -> str:
    match cell:
        case None | "":
            return "<table:table-cell/>"
        case str():
            lines = "".join(f"<text:p>{escape(line)}</text:p>" for line in cell.split("\n"))
            return f'<table:table-cell office:value-type="string">{lines}</table:table-cell>'
        case Truth():
            text = str(cell.value).lower()
            return f'<table:table-cell office:value-type="boolean" office:boolean-value="{text}"/>'
        case Styled(kind="date"):
            return (
                f'<table:table-cell office:value-type="date" office:date-value="{cell.value}">'
                f"<text:p>{escape(cell.shown)}</text:p></table:table-cell>"
            )
        case Styled(value=str()):
            return (
                f'<table:table-cell office:value-type="string" office:string-value={quoteattr(str(cell.value))}>'
                f"<text:p>{escape(cell.shown)}</text:p></table:table-cell>"
            )
        case Styled():
            return (
                f'<table:table-cell office:value-type="{cell.kind}" office:value="{cell.value!r}">'
                f"<text:p>{escape(cell.shown)}</text:p></table:table-cell>"
            )
        case Error():
            return (
                '<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value=""'
                f' calcext:value-type="error"><text:p>{cell.name}</text:p></table:table-cell>'
            )
        case _:
            return f'<table:table-cell office:value-type="float" office:value="{cell!r}"/>'


# -- .xlsb ------------------------------------------------------------------------------------------------


def xlsb(
    path: Path, rows: Rows, *, sheet: str = "A & B", hidden: frozenset[int] = frozenset(), merged: Sequence[Merged] = ()
) -> Path:
    codes = _codes(rows)
    book = _record(131) + _record(143)
    book += _record(156, struct.pack("<II", 0, 1) + _wide("rId1") + _wide(sheet)) + _record(144) + _record(132)
    records = [_record(129), _record(148, struct.pack("<IIII", 0, max(0, len(rows) - 1), 0, 16)), _record(145)]
    for number, cells in enumerate(rows):
        flags = 0x10 if number in hidden else 0
        records.append(_record(0, struct.pack("<IIHBBBI", number, 0, 300, 0, flags, 0, 0)))
        records += [_xlsb_cell(column, cell, codes) for column, cell in enumerate(cells) if cell not in (None, "")]
    records += [_record(146), *(_record(176, struct.pack("<IIII", *place)) for place in merged), _record(130)]
    styles = [_record(615, struct.pack("<I", len(codes)))]
    styles += [_record(44, struct.pack("<H", 164 + at) + _wide(code)) for at, code in enumerate(codes)]
    styles += [_record(616)]
    styles += [_record(626, bytes(4)), _record(47, struct.pack("<HH", 0xFFFF, 3) + bytes(12)), _record(627)]
    numbers = [0, *(164 + at for at in range(len(codes)))]
    styles += [_record(617, struct.pack("<I", len(numbers)))]
    styles += [*(_record(47, struct.pack("<HH", 0, number) + bytes(12)) for number in numbers), _record(618)]
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    relation = f'<Relationship Id="rId1" Type="{kind}" Target="worksheets/sheet1.bin"/>'
    relation += f'<Relationship Id="rId2" Type="{kind.replace("worksheet", "styles")}" Target="styles.bin"/>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.bin", book)
        archive.writestr("xl/_rels/workbook.bin.rels", f"<Relationships>{relation}</Relationships>")
        archive.writestr("xl/worksheets/sheet1.bin", b"".join(records))
        archive.writestr("xl/styles.bin", b"".join(styles))
    return path


def _codes(rows: Rows) -> list[str]:
    """The formats in use, once each; the style of a cell is its place here, and 1."""
    return list(dict.fromkeys(cell.code for cells in rows for cell in cells if isinstance(cell, Styled)))


def _plain(cell: Cell) -> Cell:
    return cell.value if isinstance(cell, Styled) else cell


def _style(cell: Cell, codes: Sequence[str]) -> int:
    return codes.index(cell.code) + 1 if isinstance(cell, Styled) else 0


def _xlsb_cell(column: int, cell: Cell, codes: Sequence[str]) -> bytes:
    place = struct.pack("<II", column, _style(cell, codes))
    match cell := _plain(cell):
        case str():
            return _record(6, place + _wide(cell))
        case Truth():
            return _record(4, place + bytes([cell.value]))
        case Error():
            return _record(3, place + bytes([cell.code]))
        case _:
            return _record(5, place + struct.pack("<d", cell))


def _wide(text: str) -> bytes:
    encoded = text.encode("utf-16-le")
    return struct.pack("<I", len(encoded) // 2) + encoded


def _record(kind: int, content: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, rest = b"", len(content)
    while True:
        size += bytes([rest & 0x7F | (0x80 if rest > 0x7F else 0)])
        rest >>= 7
        if not rest:
            return head + size + content


# -- .xls -------------------------------------------------------------------------------------------------


def xls(
    path: Path, rows: Rows, *, sheet: str = "A & B", hidden: frozenset[int] = frozenset(), encrypted: bool = False,
    merged: Sequence[Merged] = (),
) -> Path:  # fmt: skip
    codes = _codes(rows)
    start = struct.pack("<HHHHII", 0x0600, 5, 0x0DBB, 1996, 0, 6)
    name = sheet.encode("utf-16-le")
    bound = struct.pack("<IBBBB", 0, 0, 0, len(name) // 2, 1) + name
    password = _old(0x2F, bytes(6)) if encrypted else b""
    styles = b"".join(
        _old(0x41E, struct.pack("<HHB", 164 + at, len(code), 1) + code.encode("utf-16-le"))
        for at, code in enumerate(codes)
    )
    numbers = [0, *(164 + at for at in range(len(codes)))]
    styles += b"".join(_old(0xE0, struct.pack("<HH", 0, number) + bytes(16)) for number in numbers)
    length = len(_old(0x809, start) + password + styles + _old(0x85, bound) + _old(0x0A))
    bound = struct.pack("<I", length) + bound[4:]
    records = [_old(0x809, start), password, styles, _old(0x85, bound), _old(0x0A)]
    width = max((len(cells) for cells in rows), default=0)
    records.append(_old(0x809, struct.pack("<HHHHII", 0x0600, 0x10, 0x0DBB, 1996, 0, 6)))
    records.append(_old(0x200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0)))
    for number, cells in enumerate(rows):
        flags = 0x20 if number in hidden else 0
        records.append(_old(0x208, struct.pack("<HHHHHHHH", number, 0, width, 300, 0, 0, flags, 0)))
        records += [_xls_cell(number, at, cell, codes) for at, cell in enumerate(cells) if cell not in (None, "")]
    if merged:
        places = b"".join(struct.pack("<HHHH", *place) for place in merged)
        records.append(_old(0xE5, struct.pack("<H", len(merged)) + places))
    records.append(_old(0x0A))
    path.write_bytes(compound(b"".join(records)))
    return path


def _xls_cell(row: int, column: int, cell: Cell, codes: Sequence[str]) -> bytes:
    place = struct.pack("<HHH", row, column, _style(cell, codes))
    match cell := _plain(cell):
        case str():
            encoded = cell.encode("utf-16-le")
            return _old(0x204, place + struct.pack("<HB", len(encoded) // 2, 1) + encoded)
        case Truth():
            return _old(0x205, place + bytes([cell.value, 0]))
        case Error():
            return _old(0x205, place + bytes([cell.code, 1]))
        case _:
            return _old(0x203, place + struct.pack("<d", cell))


def _old(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def compound(stream: bytes, name: str = "Workbook") -> bytes:
    """A compound file with one stream, in sectors of 512 bytes: one or more of the table, one directory, the stream."""
    stream = stream.ljust(4096, b"\0")
    sectors = -(-len(stream) // 512)
    tables = 1
    while tables * 128 < tables + 1 + sectors:
        tables += 1
    table = [0xFFFFFFFD] * tables + [0xFFFFFFFE]
    table += [*range(tables + 2, tables + 1 + sectors), 0xFFFFFFFE]
    table += [0xFFFFFFFF] * (tables * 128 - len(table))
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(10)
    header += struct.pack("<IIIIIIII", tables, tables, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<109I", *range(tables), *[0xFFFFFFFF] * (109 - tables))
    directory = _entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + _entry(name, 2, 0xFFFFFFFF, tables + 1, len(stream))
    directory = directory.ljust(512, b"\0")
    return header + struct.pack(f"<{len(table)}I", *table) + directory + stream.ljust(sectors * 512, b"\0")


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    encoded = name.encode("utf-16-le") + b"\0\0"
    entry = encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded), kind, 1)
    entry += struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child) + bytes(36)
    return entry + struct.pack("<IQ", start, size)
