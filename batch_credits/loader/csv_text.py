"""From the bytes of a text file to its lines: encoding, hash, and a bound on everything.

The file is read as a stream. Nobody sends us a line of a gigabyte by mistake, so a line has a limit too.
"""

import codecs
import hashlib
import io
from functools import partial
from pathlib import Path
from typing import BinaryIO

from batch_credits.errors import InputError
from batch_credits.loader.wording import shown

MAX_LINE_CHARACTERS = 1_048_576
MAX_RECORD_CHARACTERS = 4_194_304  # a quoted cell may span lines
_BLOCK_BYTES = 262_144

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_UTF32_BOMS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
# Decoders that can make half a character, or run what they read as an escape: no table is written in them.
_REFUSED_ENCODINGS = {"unicode_escape", "raw_unicode_escape", "utf-7", "idna", "punycode", "undefined"}
_NOT_TEXT = (
    (b"PK\x03\x04", "an Excel workbook or another archive", "Give it the suffix .xlsx if it is a workbook."),
    (b"\x1f\x8b", "compressed (gzip)", "Unpack it first."),
    (b"\xd0\xcf\x11\xe0", "an old or encrypted Excel workbook", "Save it as .xlsx without a password, or as CSV."),
    (b"%PDF", "a PDF", "Export the table as CSV."),
)


class HashingReader(io.RawIOBase):
    """Passes bytes on and hashes them, so that one pass over the file is enough."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        """Yes: this is all it does."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer, and hash what went in."""
        count: int = self._raw.readinto(buffer)  # type: ignore[attr-defined]
        self._digest.update(memoryview(buffer)[:count])
        return count

    def hexdigest(self) -> str:
        """SHA-256 of the bytes read so far."""
        return self._digest.hexdigest()

    def close(self) -> None:
        """Close the file too."""
        self._raw.close()
        super().close()


def choose_encoding(path: Path, stated: str | None) -> str:
    """The encoding to read the file with: the one stated, or the one its first bytes show, or UTF-8.

    Raises:
        InputError: the encoding does not exist, or the file is no text.
    """
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise InputError(f"{path.name} is empty.", hint="Check the export.")
    for magic, what, remedy in _NOT_TEXT:
        if start.startswith(magic):
            raise InputError(f"{path.name} is {what}, not a text file.", hint=remedy)
    if stated:
        return _checked_encoding(stated, start)
    if start.startswith(_UTF32_BOMS):
        raise InputError(f"{path.name} is UTF-32.", hint="Save it as UTF-8, or pass --encoding utf-32.")
    return next((encoding for bom, encoding in _BOMS if start.startswith(bom)), "utf-8")


def _checked_encoding(stated: str, start: bytes) -> str:
    try:
        codec = codecs.lookup(stated)
    except (LookupError, ValueError):
        raise InputError(
            f"There is no encoding {shown(stated)}.", hint="For example utf-8, cp1252, latin-1, utf-16."
        ) from None
    name = codec.name.replace("_", "-")
    refused = {encoding.replace("_", "-") for encoding in _REFUSED_ENCODINGS}
    if not getattr(codec, "_is_text_encoding", True) or name in refused:
        raise InputError(f"{shown(stated)} is no encoding of tables.", hint="Save the file as UTF-8.")
    if name == "utf-8" and start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return codec.name


def not_a_text_line(path: Path, number: int, line: str) -> InputError:
    """What is wrong with a line that holds a NUL or has no end."""
    if "\0" in line:
        return InputError(
            f"{path.name}, line {number}, character {line.index(chr(0)) + 1}: a NUL, so this is no text file "
            "or is in another encoding.",
            hint="If it is UTF-16 without a mark, pass --encoding utf-16-le; else export it again.",
        )
    return InputError(
        f"{path.name}, line {number}: longer than {MAX_LINE_CHARACTERS:,} characters.",
        hint="This is no table of credits; check the export.",
    )


def undecodable(path: Path, encoding: str) -> InputError:
    """Where the bytes stop being text in this encoding, and what to do."""
    decoder = codecs.getincrementaldecoder(encoding)()
    fed = newlines = returns = 0
    with path.open("rb") as file:
        for block in iter(partial(file.read, _BLOCK_BYTES), None):
            fed += len(block)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                before = error.object[: error.start]
                line = 1 + max(newlines + before.count(b"\n"), returns + before.count(b"\r"))
                byte = fed - len(error.object) + error.start
                return _not_decodable(path, encoding, f"line {line}: byte {byte + 1}", error.object[error.start])
            newlines += text.count("\n")
            returns += text.count("\r")
            if not block:
                break
    return InputError(f"{path.name} changed while it was read.", hint="Run again.")


def _not_decodable(path: Path, encoding: str, where: str, byte: int) -> InputError:
    return InputError(
        f"{path.name}, {where} (0x{byte:02x}) is not {encoding.removesuffix('-sig').upper()}.",
        hint="If the file comes from Windows or an old Excel, pass --encoding cp1252; else save it as UTF-8.",
    )
