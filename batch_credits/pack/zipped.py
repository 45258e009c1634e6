"""The zip of a pack, written and read one way only: no compression, no times, no extras, and not a byte between.

So the same pack is the same zip on every machine, a changed byte is found wherever it lies, and there is nothing to
unpack that could burst: a zip that anybody else made is refused, whatever is in it. `zipfile` reads these, but reads
much else, and does not look at each byte; so the few records of the format are written here, and read by writing them
again.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MAX_BYTES = 0xFFFFFFFF - (1 << 20)  # without the extension for more, which not every program reads
MAX_FILES = 1_000
_LOCAL, _CENTRAL, _END = (
    struct.Struct("<4s5H3I2H"),
    struct.Struct("<4s6H3I5H2I"),
    struct.Struct("<4s4H2IH"),
)
_NEEDS, _MADE_BY = 20, 3 << 8 | 20  # version 2.0, and modes as Unix has them
_DAY = 1 << 5 | 1  # 1 January 1980, the earliest there is
_MODE = 0o100600 << 16
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a zip: its bytes lie between `start` and `start + size`."""

    name: str
    size: int
    crc: int
    offset: int

    @property
    def start(self) -> int:
        """Where its bytes begin."""
        return self.offset + _LOCAL.size + len(self.name)

    def local(self) -> bytes:
        """What stands before its bytes."""
        name = self.name.encode("ascii")
        head = _LOCAL.pack(b"PK\3\4", _NEEDS, 0, 0, 0, _DAY, self.crc, self.size, self.size, len(name), 0)
        return head + name

    def central(self) -> bytes:
        """What stands for it in the list at the end."""
        name = self.name.encode("ascii")
        head = _CENTRAL.pack(
            b"PK\1\2", _MADE_BY, _NEEDS, 0, 0, 0, _DAY, self.crc, self.size, self.size, len(name), 0, 0, 0, 0,
            _MODE, self.offset,
        )  # fmt: skip
        return head + name


def write_zip(folder: Path, path: Path) -> None:
    """Write the files of a folder, under its name, into a zip for its owner alone.

    Raises:
        ValueError: it would be too large for a plain zip.
    """
    files = sorted(each for each in folder.rglob("*") if each.is_file())
    if sum(each.stat().st_size for each in files) > MAX_BYTES:
        raise ValueError("more than 4 GB")
    entries: list[Entry] = []
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as stream:
        for each in files:
            crc = 0
            with each.open("rb") as source:
                for block in _blocks(source, each.stat().st_size):
                    crc = zlib.crc32(block, crc)
            name = f"{folder.name}/{each.relative_to(folder).as_posix()}"
            entries.append(Entry(name, each.stat().st_size, crc, stream.tell()))
            stream.write(entries[-1].local())
            with each.open("rb") as source:
                for block in _blocks(source, each.stat().st_size):
                    stream.write(block)
        stream.write(_list(entries, stream.tell()))
        stream.flush()
        os.fsync(stream.fileno())


def _list(entries: list[Entry], at: int) -> bytes:
    """The list at the end of a zip, which begins at this place."""
    central = b"".join(entry.central() for entry in entries)
    return central + _END.pack(b"PK\5\6", 0, 0, len(entries), len(entries), len(central), at, 0)


def read_entries(stream: BinaryIO, size: int) -> list[Entry]:
    """The files of a zip of so many bytes, whose bytes are not looked at yet.

    Raises:
        ValueError: it is none, or not as `write_zip` writes it.
    """
    if size < _END.size:
        raise ValueError("it is no zip")
    stream.seek(size - _END.size)
    mark, _, _, count, _, length, at, _ = _END.unpack(stream.read(_END.size))
    if mark != b"PK\5\6" or at + length + _END.size != size or count > MAX_FILES:
        raise ValueError("it is no zip, or something follows it")
    stream.seek(at)
    central = stream.read(length)
    entries, place, offset = [], 0, 0
    while place < len(central):
        if place + _CENTRAL.size > len(central):
            raise ValueError("its list is cut off")
        fields = _CENTRAL.unpack_from(central, place)
        name = central[place + _CENTRAL.size : place + _CENTRAL.size + fields[10]].decode("ascii")
        entries.append(Entry(name, fields[8], fields[7], offset))
        offset = entries[-1].start + entries[-1].size
        place += _CENTRAL.size + fields[10]
    stream.seek(at)
    if offset != at or stream.read() != _list(entries, at):
        raise ValueError("its list is not as this program writes it")
    for entry in entries:
        stream.seek(entry.offset)
        if stream.read(len(entry.local())) != entry.local():
            raise ValueError(f"what stands before {entry.name} is not as this program writes it")
    return entries


def blocks_of(stream: BinaryIO, entry: Entry) -> Iterator[bytes]:
    """The bytes of a file in a zip. Several may be read at a time: each goes by its own place."""
    place, end = entry.start, entry.start + entry.size
    while place < end and (block := os.pread(stream.fileno(), min(BLOCK, end - place), place)):
        place += len(block)
        yield block


def _blocks(stream: BinaryIO, size: int) -> Iterator[bytes]:
    while size and (block := stream.read(min(BLOCK, size))):
        size -= len(block)
        yield block
