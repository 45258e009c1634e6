"""Workbooks that are zip archives of XML parts: what is refused before a part is read, and how a part is read.

The archive is checked first, since a file of a megabyte may unpack to gigabytes.
"""

import html
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from batch_credits.errors import InputError
from batch_credits.loader.workbook.marks import damaged

MAX_INFLATED_BYTES = 2_147_483_648  # a full sheet of 1,048,576 rows and a dozen columns takes about half of it
MAX_PART_BYTES = 16_777_216  # of the lists of sheets and of one row
_BLOCK_BYTES = 1_048_576
_OLE_MAGIC = b"\xd0\xcf\x11\xe0"  # what Office wraps encrypted workbooks in, and old ones

_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^<>]*>")
_OTHER_ENCODING = re.compile(rb"""\A<\?xml[^>]*encoding\s*=\s*["'](?!utf-8|us-ascii)""", re.IGNORECASE)


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


def relation_target(archive: zipfile.ZipFile, relations: str, relation: str) -> str:
    """The name of the part that a relation of the workbook is about.

    Raises:
        KeyError: there is no such relation, or no such list of them.
    """
    for tag in _RELATION.findall(read_part(archive, relations)):
        if attribute(tag, rb"Id") == relation:
            target = html.unescape(attribute(tag, rb"Target"))
            return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
    raise KeyError(relation)


def read_part(archive: zipfile.ZipFile, part: str) -> bytes:
    """The start of a part that is no table, as much as any of them has."""
    with archive.open(part) as stream:
        return stream.read(MAX_PART_BYTES)


def attribute(tag: bytes, name: bytes) -> str:
    """The value of an attribute in a tag, its entities as they are; empty if it has none of that name."""
    found = re.search(rb"\s" + name + rb"""\s*=\s*(?:"([^"]*)"|'([^']*)')""", tag)
    if found is None:
        return ""
    return (found[1] if found[1] is not None else found[2]).decode("utf-8", "replace")
