"""What a row of the history was before it was changed: where one byte of it was, its mark says which.

A mark is a CRC, which is of no use against whoever wants to deceive, and of much to whoever looks for what happened.
"""

import re
import zlib
from collections.abc import Iterator

from batch_credits.ledger.links import Kind, Told
from batch_credits.ledger.statements import STATEMENTS

MAX_BYTES = 1_000  # of a row for which every byte is tried
_NUMBER = re.compile(rb"(?<![^,'])-?[0-9]+(?![^,'])")
_FIELD = re.compile(rb"'(?:[^']|'')*'|[^,']+")
_PRINTED = re.compile(r"printf\('[^']*',(.*)\) AS BLOB", re.DOTALL)
_COLUMN = re.compile(r"(\w+)(?: END)?\s*$")


def what_changed(kind: Kind, row: Told, mark: bytes) -> str:
    """What a row was, and is now, as the rest of a sentence; "" where more than one byte was changed. `mark` is the one
    of the row as it was."""
    before = _as_marked(row.text, int.from_bytes(mark))
    if before is None:
        return ""
    names = columns_of(kind)
    was, now = _FIELD.findall(before), _FIELD.findall(row.text)
    if not len(was) == len(now) == len(names):
        return ""
    for name, old, new in zip(names, was, now, strict=True):
        if old != new:
            return f": {name} was {_shown(old)}, and is {_shown(new)}"
    return ""


def columns_of(kind: Kind) -> list[str]:
    """The columns that the text of a bulk kind's row is made of, in its order."""
    printed = _PRINTED.search(STATEMENTS[kind.told])
    assert printed is not None, "millions of rows are told by printf"
    return [found[1] for each in printed[1].split(",") if (found := _COLUMN.search(each)) is not None]


def _as_marked(text: bytes, crc: int) -> bytes | None:
    """The text of this CRC that differs from a text in one byte of it, or in one byte of a number as it is stored."""
    if len(text) > MAX_BYTES:
        return None
    return next((other for other in _others(text, crc) if zlib.crc32(other) == crc), None)


def _others(text: bytes, crc: int) -> Iterator[bytes]:
    for number in _NUMBER.finditer(text):
        value = int(number[0])
        for place in range(0, 64, 8):
            for change in range(1, 256):
                other = str(value ^ change << place).encode()
                yield text[: number.start()] + other + text[number.end() :]
    # A CRC is linear: what a change of a byte at a place does to it does not depend on the other bytes.
    nothing, wanted = zlib.crc32(bytes(len(text))), crc ^ zlib.crc32(text)
    for place in range(len(text)):
        behind = bytes(len(text) - place - 1)
        for change in range(1, 256):
            if zlib.crc32(bytes(place) + bytes([change]) + behind) ^ nothing == wanted:
                yield text[:place] + bytes([text[place] ^ change]) + text[place + 1 :]


def _shown(field: bytes) -> str:
    return field.decode("utf-8", "backslashreplace")
