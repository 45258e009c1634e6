"""The border to olefile, which reads compound files: small file systems in sectors, in which old Office keeps its own.

It is asked to be strict, as its authors advise where a file may be hostile: only then is every chain of sectors bounded
by the file's own size.
"""

import io
from pathlib import Path

from batch_credits.errors import BatchCreditsError, InputError
from batch_credits.loader.workbook.marks import damaged, encrypted

MAX_COMPOUND_BYTES = 536_870_912  # a full sheet of the old format takes a tenth of it
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
