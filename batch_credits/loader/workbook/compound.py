"""The border to olefile, which reads compound files: small file systems in sectors, in which old Office keeps its own.

It is asked to be strict, as its authors advise where a file may be hostile: only then is every chain of sectors bounded
by the file's own size.
"""

import io
import struct
from pathlib import Path

from batch_credits.errors import BatchCreditsError, InputError
from batch_credits.loader.workbook.marks import damaged, encrypted

MAX_COMPOUND_BYTES = 536_870_912  # a full sheet of the old format takes a tenth of it
_SECTOR_BYTES = 512  # at least
_MAX_SMALL = 1_024  # sectors of the table of small pieces: they hold 8 MB, where a workbook is one large one
_WORKBOOK = ("Workbook", "Book")
_ENCRYPTED = "EncryptedPackage"  # a newer workbook with a password
_NO_CLASS = bytes(16)


def workbook_stream(path: Path) -> bytes:
    """The stream that holds the workbook.

    Raises:
        InputError: there is none that can be followed, or it is encrypted, or the file is too large.
    """
    if path.stat().st_size > MAX_COMPOUND_BYTES:
        raise InputError(f"{path.name} has more than {MAX_COMPOUND_BYTES:,} bytes.", hint="Save it as CSV.")
    import olefile  # here, since only workbooks of the old format need it

    try:
        content = path.read_bytes()
        _refuse_long_tables(content, path)
        content = content[:8] + _NO_CLASS + content[24:]  # some programs name one, and nobody but olefile minds
        with olefile.OleFileIO(io.BytesIO(content), raise_defects=olefile.DEFECT_INCORRECT) as compound:
            if compound.exists(_ENCRYPTED):
                raise encrypted(path)
            name = next((name for name in _WORKBOOK if compound.exists(name)), None)
            if name is None:
                raise damaged(path)
            return bytes(compound.openstream(name).read())
    except (BatchCreditsError, MemoryError):
        raise
    except Exception:  # it raises whatever a hostile file leads to: struct.error, RecursionError, OverflowError
        raise damaged(path) from None


def _refuse_long_tables(content: bytes, path: Path) -> None:
    """Refuse a file whose head says that its tables of sectors are longer than they can be: the reader of values makes
    room for as much as is said, and ends the program where there is none.

    Raises:
        InputError: it does.
    """
    (sectors,) = struct.unpack_from("<I", content, 44)
    (small,) = struct.unpack_from("<I", content, 64)
    if sectors > len(content) // _SECTOR_BYTES or small >= _MAX_SMALL:
        raise damaged(path)
