"""What the inside of an .xls file tells that its cell values do not: errors, and what is hidden.

All lies in one stream of a compound file, which is a small file system in sectors of its own. The stream is a sequence
of records, each a number, a length, and so many bytes. A formula always carries its last value. Layouts: [MS-XLS],
[MS-CFB].
"""

import struct
from collections.abc import Iterator
from pathlib import Path

from batch_credits.errors import InputError
from batch_credits.loader.workbook.archive import is_compound
from batch_credits.loader.workbook.marks import BIFF_ERRORS, SheetMarks, damaged

MAX_XLS_BYTES = 536_870_912  # a full sheet of the old format takes a tenth of it

Record = tuple[int, bytes]

_BOUND_SHEET, _FILE_PASS, _EOF = 0x85, 0x2F, 0x0A
_FORMULA, _BOOL_ERR, _OLD_ROW, _COLUMN_INFO = 0x06, 0x205, 0x208, 0x7D


def check_xls(path: Path) -> None:
    """Refuse what is no workbook of the old format, is encrypted or damaged.

    Raises:
        InputError: with the reason.
    """
    if not is_compound(path):
        raise InputError(
            f"{path.name} is no Excel workbook of the old format.", hint="Check its suffix, or save it as .xlsx."
        )
    if path.stat().st_size > MAX_XLS_BYTES:
        raise InputError(f"{path.name} has more than {MAX_XLS_BYTES:,} bytes.", hint="Save it as CSV.")
    stream = _workbook_stream(path)
    for kind, _ in _xls_records(stream, 0, path):
        if kind == _FILE_PASS:
            raise InputError(f"{path.name} is encrypted.", hint="Save it without a password.")


def xls_marks(path: Path, sheet: str) -> SheetMarks:
    """Search the records of a sheet. What it spans is bounded by the format.

    Raises:
        InputError: its sheet cannot be found.
    """
    marks = SheetMarks()
    stream = _workbook_stream(path)
    try:
        for kind, content in _xls_records(stream, _start_of(stream, sheet, path), path):
            if kind == _BOOL_ERR and content[7]:
                marks.add(_place(content), BIFF_ERRORS.get(content[6], "#ERROR!"))
            elif kind == _FORMULA and content[12:14] == b"\xff\xff" and content[6] == 2:
                marks.add(_place(content), BIFF_ERRORS.get(content[8], "#ERROR!"))
            elif kind == _OLD_ROW:
                marks.hidden_rows += bool(content[12] & 0x20)
            elif kind == _COLUMN_INFO and content[8] & 1:
                marks.hidden_columns = True
    except (IndexError, struct.error):
        raise damaged(path) from None
    return marks


def _place(content: bytes) -> tuple[int, int]:
    row, column = struct.unpack_from("<HH", content)
    return row, column


def _xls_records(stream: bytes, at: int, path: Path) -> Iterator[Record]:
    """The records from there to the end of the sheet, or of the workbook's own part."""
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + size]
        if kind == _EOF:
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


def _workbook_stream(path: Path) -> bytes:
    """The stream that holds the workbook, out of the compound file's sectors.

    Raises:
        InputError: there is none that can be followed.
    """
    try:
        return _Compound(path.read_bytes()).stream("Workbook", "Book")
    except (IndexError, KeyError, ValueError, struct.error):
        raise damaged(path) from None


class _Compound:
    """A compound file: sectors, chained by a table of which sector follows which."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._size = 1 << struct.unpack_from("<H", content, 30)[0]
        self._mini_size = 1 << struct.unpack_from("<H", content, 32)[0]
        if self._size not in (512, 4096) or self._mini_size != 64:
            raise ValueError("no such sectors")
        directory, _, _, mini_start = struct.unpack_from("<IIII", content, 48)
        table = b"".join(map(self._sector, self._table_sectors()))
        self._next = struct.unpack(f"<{len(table) // 4}I", table)
        self._directory = self._chain(directory)
        mini = self._chain(mini_start)
        self._mini_next = struct.unpack(f"<{len(mini) // 4}I", mini)

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        if start >= len(self._content):
            raise ValueError("a sector beyond the end")
        return self._content[start : start + self._size].ljust(self._size, b"\0")

    def _table_sectors(self) -> list[int]:
        """The sectors of the table: 109 of them in the header, the others in sectors chained by their last entry."""
        numbers = list(struct.unpack_from("<109I", self._content, 76))
        following, count = struct.unpack_from("<II", self._content, 68)
        for _ in range(min(count, len(self._content) // self._size)):
            entries = struct.unpack(f"<{self._size // 4}I", self._sector(following))
            numbers += entries[:-1]
            following = entries[-1]
        return [number for number in numbers if number < 0xFFFFFFFA]

    def _chain(self, number: int) -> bytes:
        sectors = []
        while number < 0xFFFFFFFA:
            sectors.append(self._sector(number))
            number = self._next[number]
            if len(sectors) > len(self._next):
                raise ValueError("a chain without an end")
        return b"".join(sectors)

    def stream(self, *names: str) -> bytes:
        """The bytes of the first stream that has one of these names."""
        entries = {self._name(at): self._directory[at : at + 128] for at in range(0, len(self._directory) - 127, 128)}
        entry = next(entries[name] for name in (*names, "") if name in entries or not name)
        start, size = struct.unpack_from("<IQ", entry, 116)
        if size >= 4096:
            return self._chain(start)[:size]
        root_start = struct.unpack_from("<I", self._directory, 116)[0]
        return self._mini_chain(start, self._chain(root_start))[:size]

    def _name(self, at: int) -> str:
        (length,) = struct.unpack_from("<H", self._directory, at + 64)
        return self._directory[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")

    def _mini_chain(self, number: int, container: bytes) -> bytes:
        """Short streams lie in small sectors of their own, inside a stream that the root entry names."""
        sectors = []
        while number < 0xFFFFFFFA:
            sectors.append(container[number * self._mini_size : (number + 1) * self._mini_size])
            number = self._mini_next[number]
            if len(sectors) > len(self._mini_next):
                raise ValueError("a chain without an end")
        return b"".join(sectors)
