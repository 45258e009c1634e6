"""Workbooks that are zip archives: what is refused before a part is read, since a megabyte may unpack to gigabytes."""

import zipfile
import zlib
from pathlib import Path

from batch_credits.errors import InputError
from batch_credits.loader.workbook.compound import workbook_stream
from batch_credits.loader.workbook.marks import damaged

MAX_INFLATED_BYTES = 2_147_483_648  # a full sheet of 1,048,576 rows and a dozen columns takes about half of it
MAX_PART_BYTES = 16_777_216  # of a part that is read at once, and of a record
_OLE_MAGIC = b"\xd0\xcf\x11\xe0"  # what Office wraps encrypted workbooks in, and old ones


def check_zip(path: Path, main_part: str, kind: str) -> None:
    """Refuse what is no workbook of a kind, cannot be opened, is damaged, or would unpack beyond the bound.

    A kind is known by the part that every workbook of it has.

    Raises:
        InputError: with the reason.
    """
    if is_compound(path):
        workbook_stream(path)  # unless it is an encrypted one
        raise InputError(f"{path.name} is a workbook in the old format.", hint="Give it the suffix .xls.")
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
