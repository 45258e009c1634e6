"""Workbooks in formats that no library at hand writes: just enough of each for a reader to take it for one.

A cell is a text, a number, None, `Error`, `Truth` or `Styled`; `hidden` names rows, `flat` those of no height,
`hidden_columns` and `flat_columns` columns likewise, `merged` first and last rows and columns; rows and columns begin
at 0. `state` is how the sheet is shown; `others` stand beside it.
"""

import datetime
import struct
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape, quoteattr

import openpyxl

from batch_credits.text.spreadsheet import column_letters


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
NONE: frozenset[int] = frozenset()
STATES = ("visible", "hidden", "very hidden")
DIV0, NOT_AVAILABLE = Error(7, "#DIV/0!"), Error(42, "#N/A")
Cell = str | float | Error | Truth | Styled | None
Rows = Sequence[Sequence[Cell]]


class Sheet(NamedTuple):
    name: str
    rows: Rows
    state: str = "visible"
    hidden: frozenset[int] = NONE
    flat: frozenset[int] = NONE
    hidden_columns: frozenset[int] = NONE
    flat_columns: frozenset[int] = NONE
    merged: Sequence[Merged] = ()


# -- .xlsx, by a library ------------------------------------------------------------------------------------


def xlsx(path: Path, rows: Rows, *, sheet: str = "A & B", others: Sequence[Sheet] = (), **given: Any) -> Path:
    """Also .xlsm, of which only the suffix is another."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for each in (Sheet(sheet, rows, **given), *others):
        _fill(book.create_sheet(each.name), each)
    book.save(path)
    return path


def _fill(sheet: Any, of: Sheet) -> None:
    for at, cells in enumerate(of.rows, 1):
        for column, cell in enumerate(cells, 1):
            if cell is None:
                continue
            place = sheet.cell(at, column)
            if isinstance(cell, Styled):
                place.value = datetime.date.fromisoformat(str(cell.value)) if cell.kind == "date" else cell.value
                place.number_format = cell.code
            else:
                place.value = cell
                if isinstance(cell, str):
                    place.data_type = "s"  # "=..." is no formula here
    sheet.sheet_state = "veryHidden" if of.state == "very hidden" else of.state
    for row in of.hidden:
        sheet.row_dimensions[row + 1].hidden = True
    for row in of.flat:
        sheet.row_dimensions[row + 1].height = 0.1  # the library leaves out what is 0
    for column in of.hidden_columns:
        sheet.column_dimensions[column_letters(column)].hidden = True
    for column in of.flat_columns:
        sheet.column_dimensions[column_letters(column)].width = 0.1
    for top, bottom, left, right in of.merged:
        sheet.merge_cells(f"{column_letters(left)}{top + 1}:{column_letters(right)}{bottom + 1}")


# -- .ods -------------------------------------------------------------------------------------------------


def ods(
    path: Path, rows: Rows, *, sheet: str = "A & B", others: Sequence[Sheet] = (), extra: str = "", **given: Any
) -> Path:
    """`extra` is put behind the rows."""
    sheets = [Sheet(sheet, rows, **given), *others]
    tables = "".join(_ods_table(each, extra if each is sheets[0] else "") for each in sheets)
    styles = "".join(
        f'<style:style style:name="{name}" style:family="table-{kind}"><style:table-{kind}-properties {sizes}/>'
        "</style:style>"
        for name, kind, sizes in (
            ("flat", "row", 'style:row-height="0cm" style:use-optimal-row-height="false"'),
            ("narrow", "column", 'style:column-width="0in"'),
        )
    )
    styles += (
        '<style:style style:name="unseen" style:family="table"><style:table-properties table:display="false"/>'
        "</style:style>"
    )
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content>'
        f"<office:automatic-styles>{styles}</office:automatic-styles><office:body><office:spreadsheet>"
        f"{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("META-INF/manifest.xml", "<manifest:manifest/>")
        archive.writestr("content.xml", content)
    return path


def _ods_table(sheet: Sheet, extra: str) -> str:
    spans = {(top, left): (bottom - top + 1, right - left + 1) for top, bottom, left, right in sheet.merged}
    width = max((len(cells) for cells in sheet.rows), default=0)
    columns = "".join(
        "<table:table-column"
        + (' table:visibility="collapse"' if column in sheet.hidden_columns else "")
        + (' table:style-name="narrow"' if column in sheet.flat_columns else "")
        + "/>"
        for column in range(width)
    )
    body = "".join(_ods_row(number, cells, spans, sheet) for number, cells in enumerate(sheet.rows))
    style = ' table:style-name="unseen"' if sheet.state != "visible" else ""
    return f"<table:table table:name={quoteattr(sheet.name)}{style}>{columns}{body}{extra}</table:table>"


def _ods_row(number: int, cells: Sequence[Cell], spans: dict[tuple[int, int], tuple[int, int]], sheet: Sheet) -> str:
    visibility = ' table:visibility="collapse"' if number in sheet.hidden else ""
    style = ' table:style-name="flat"' if number in sheet.flat else ""
    written = [
        _ods_cell(cell).replace(
            "<table:table-cell", "<table:table-cell " + _ods_span(*spans.get((number, column), (1, 1))), 1
        )
        for column, cell in enumerate(cells)
    ]
    return f"<table:table-row{visibility}{style}>{''.join(written)}</table:table-row>"


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


def xlsb(path: Path, rows: Rows, *, sheet: str = "A & B", others: Sequence[Sheet] = (), **given: Any) -> Path:
    sheets = [Sheet(sheet, rows, **given), *others]
    codes = _codes([cells for each in sheets for cells in each.rows])
    book = _record(131) + _record(143)
    for number, each in enumerate(sheets, 1):
        book += _record(
            156, struct.pack("<II", STATES.index(each.state), number) + _wide(f"rId{number}") + _wide(each.name)
        )
    book += _record(144) + _record(132)
    styles = [_record(615, struct.pack("<I", len(codes)))]
    styles += [_record(44, struct.pack("<H", 164 + at) + _wide(code)) for at, code in enumerate(codes)]
    styles += [_record(616)]
    styles += [_record(626, bytes(4)), _record(47, struct.pack("<HH", 0xFFFF, 3) + bytes(12)), _record(627)]
    numbers = [0, *(164 + at for at in range(len(codes)))]
    styles += [_record(617, struct.pack("<I", len(numbers)))]
    styles += [*(_record(47, struct.pack("<HH", 0, number) + bytes(12)) for number in numbers), _record(618)]
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{kind}" Target="worksheets/sheet{number}.bin"/>'
        for number in range(1, len(sheets) + 1)
    )
    relations += f'<Relationship Id="styles" Type="{kind.replace("worksheet", "styles")}" Target="styles.bin"/>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.bin", book)
        archive.writestr("xl/_rels/workbook.bin.rels", f"<Relationships>{relations}</Relationships>")
        for number, each in enumerate(sheets, 1):
            archive.writestr(f"xl/worksheets/sheet{number}.bin", _xlsb_sheet(each, codes))
        archive.writestr("xl/styles.bin", b"".join(styles))
    return path


def _xlsb_sheet(sheet: Sheet, codes: Sequence[str]) -> bytes:
    records = [_record(129), _record(148, struct.pack("<IIII", 0, max(0, len(sheet.rows) - 1), 0, 16))]
    if unseen := sheet.hidden_columns | sheet.flat_columns:
        records.append(_record(390))
        for column in sorted(unseen):
            width, flags = (0 if column in sheet.flat_columns else 2560), int(column in sheet.hidden_columns)
            records.append(_record(60, struct.pack("<IIIIH", column, column, width, 0, flags)))
        records.append(_record(391))
    records.append(_record(145))
    for number, cells in enumerate(sheet.rows):
        flags, height = (0x10 if number in sheet.hidden else 0), (0 if number in sheet.flat else 300)
        records.append(_record(0, struct.pack("<IIHBBBI", number, 0, height, 0, flags, 0, 0)))
        records += [_xlsb_cell(column, cell, codes) for column, cell in enumerate(cells) if cell not in (None, "")]
    records += [_record(146), *(_record(176, struct.pack("<IIII", *place)) for place in sheet.merged), _record(130)]
    return b"".join(records)


def _codes(rows: Rows) -> list[str]:
    """The formats in use, once each; the style of a cell is its place here, and 1."""
    return list(dict.fromkeys(cell.code for cells in rows for cell in cells if isinstance(cell, Styled)))


def _plain(cell: Cell) -> Cell:
    if not isinstance(cell, Styled):
        return cell
    if cell.kind == "date" and isinstance(cell.value, str):
        return float((datetime.date.fromisoformat(cell.value) - datetime.date(1899, 12, 30)).days)
    return cell.value


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
    path: Path, rows: Rows, *, sheet: str = "A & B", others: Sequence[Sheet] = (), encrypted: bool = False, **given: Any
) -> Path:
    sheets = [Sheet(sheet, rows, **given), *others]
    codes = _codes([cells for each in sheets for cells in each.rows])
    password = _old(0x2F, bytes(6)) if encrypted else b""
    styles = b"".join(
        _old(0x41E, struct.pack("<HHB", 164 + at, len(code), 1) + code.encode("utf-16-le"))
        for at, code in enumerate(codes)
    )
    numbers = [0, *(164 + at for at in range(len(codes)))]
    styles += b"".join(_old(0xE0, struct.pack("<HH", 0, number) + bytes(16)) for number in numbers)
    bodies = [_xls_sheet(each, codes) for each in sheets]
    head = _old(0x809, struct.pack("<HHHHII", 0x0600, 5, 0x0DBB, 1996, 0, 6)) + password + styles
    names = [each.name.encode("utf-16-le") for each in sheets]
    start = len(head) + sum(4 + 8 + len(name) for name in names) + len(_old(0x0A))
    for each, name, body in zip(sheets, names, bodies, strict=True):
        state = STATES.index(each.state)
        head += _old(0x85, struct.pack("<IBBBB", start, state, 0, len(name) // 2, 1) + name)
        start += len(body)
    path.write_bytes(compound(head + _old(0x0A) + b"".join(bodies)))
    return path


def _xls_sheet(sheet: Sheet, codes: Sequence[str]) -> bytes:
    width = max((len(cells) for cells in sheet.rows), default=0)
    records = [_old(0x809, struct.pack("<HHHHII", 0x0600, 0x10, 0x0DBB, 1996, 0, 6))]
    for column in sorted(sheet.hidden_columns | sheet.flat_columns):
        size, flags = (0 if column in sheet.flat_columns else 2560), int(column in sheet.hidden_columns)
        records.append(_old(0x7D, struct.pack("<HHHHHH", column, column, size, 0, flags, 0)))
    records.append(_old(0x200, struct.pack("<IIHHH", 0, len(sheet.rows), 0, width, 0)))
    for number, cells in enumerate(sheet.rows):
        flags, height = (0x20 if number in sheet.hidden else 0), (0 if number in sheet.flat else 300)
        records.append(_old(0x208, struct.pack("<HHHHHHHH", number, 0, width, height, 0, 0, flags, 0)))
        records += [_xls_cell(number, at, cell, codes) for at, cell in enumerate(cells) if cell not in (None, "")]
    if sheet.merged:
        places = b"".join(struct.pack("<HHHH", *place) for place in sheet.merged)
        records.append(_old(0xE5, struct.pack("<H", len(sheet.merged)) + places))
    records.append(_old(0x0A))
    return b"".join(records)


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


WRITERS: dict[str, Callable[..., Path]] = {".xlsx": xlsx, ".xlsm": xlsx, ".xls": xls, ".xlsb": xlsb, ".ods": ods}
