"""From the bytes of a text file to its lines: encoding, hash, and a bound on everything.

The file is read as a stream. Nobody sends us a line of a gigabyte by mistake, so a line has a limit too.
"""

import codecs
import gzip
import hashlib
import io
import zlib
from functools import partial
from pathlib import Path
from typing import BinaryIO

from batch_credits.errors import InputError, UnclearFile
from batch_credits.loader.wording import shown

MAX_LINE_CHARACTERS = 1_048_576
MAX_RECORD_CHARACTERS = 4_194_304  # a quoted cell may span lines
MAX_UNPACKED_BYTES = 2_147_483_648  # of a compressed file: some twenty million rows
GZIP_SUFFIX = ".gz"
_BLOCK_BYTES = 262_144

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_UTF32_BOMS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
# Decoders that can make half a character, or run what they read as an escape: no table is written in them.
_REFUSED_ENCODINGS = {"unicode_escape", "raw_unicode_escape", "utf-7", "idna", "punycode", "undefined"}
_NOT_TEXT = (
    (b"PK\x03\x04", "an Excel workbook or another archive", "Give it the suffix .xlsx if it is a workbook."),
    (b"\x1f\x8b", "compressed (gzip)", "Give it the suffix .csv.gz, or unpack it."),
    (b"\xd0\xcf\x11\xe0", "an old or encrypted Excel workbook", "Save it as .xlsx without a password, or as CSV."),
    (b"%PDF", "a PDF", "Export the table as CSV."),
)


class HashingReader(io.RawIOBase):
    """Passes bytes on and hashes them: the hash is of what was read, whatever became of the file since."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._digest = hashlib.sha256()
        self._has_ended = False

    def readable(self) -> bool:
        """Yes: this is all it does."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill the buffer, and hash what went in."""
        count: int = self._raw.readinto(buffer)  # type: ignore[attr-defined]
        if count and self._has_ended:
            self._digest.update(b"\0after its end")  # whoever read it took it for over, so this is nobody's hash
        self._has_ended = self._has_ended or not count
        self._digest.update(memoryview(buffer)[:count])
        return count

    def hexdigest(self) -> str:
        """SHA-256 of the bytes read so far."""
        return self._digest.hexdigest()

    def all_hexdigest(self) -> str:
        """SHA-256 of the whole, which is read to its end."""
        while self.read(_BLOCK_BYTES):
            pass
        return self.hexdigest()

    def close(self) -> None:
        """Close the file too."""
        self._raw.close()
        super().close()


class _Unpacking(io.RawIOBase):
    """Unpacks gzip as it is read, up to a bound, and names what is wrong with it."""

    def __init__(self, packed: io.RawIOBase | BinaryIO, name: str) -> None:
        self._packed = packed
        self._gzip = gzip.GzipFile(fileobj=packed, mode="rb")
        self._name = name
        self._left = MAX_UNPACKED_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            count = self._gzip.readinto(buffer)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise InputError(
                f"{self._name} is damaged, cut off, or not compressed by gzip.", hint="Fetch or pack it again."
            ) from None
        self._left -= count
        if self._left < 0:
            raise InputError(
                f"{self._name} unpacks to more than {MAX_UNPACKED_BYTES:,} bytes.", hint="Split it into several files."
            )
        return count

    def close(self) -> None:
        self._gzip.close()
        self._packed.close()
        super().close()


def unpacked(path: Path, raw: io.RawIOBase | BinaryIO) -> io.RawIOBase | BinaryIO:
    """The bytes of the table: those of the file, or what is packed in them."""
    return _Unpacking(raw, path.name) if path.suffix.lower() == GZIP_SUFFIX else raw


def open_bytes(path: Path) -> io.RawIOBase | BinaryIO:
    """Open a file, packed or not, for the bytes of its table."""
    return unpacked(path, path.open("rb"))


def open_text(path: Path, encoding: str, errors: str = "strict") -> io.TextIOWrapper:
    """Open a file, packed or not, for its text with all line ends as they are."""
    return as_text(buffered(path, path.open("rb")), encoding, errors)


def buffered(path: Path, raw: io.RawIOBase | BinaryIO) -> io.BufferedReader:
    """The bytes of the table, of a file that is open; with `peek`."""
    return io.BufferedReader(unpacked(path, raw), _BLOCK_BYTES)  # type: ignore[arg-type]


def as_text(table: io.BufferedReader, encoding: str, errors: str = "strict") -> io.TextIOWrapper:
    """The same as text, with all line ends as they are."""
    return io.TextIOWrapper(table, encoding=encoding, errors=errors, newline="")


def choose_encoding(path: Path, stated: str | None) -> str:
    """The encoding to read the file with, as `encoding_of` says it.

    Raises:
        InputError: the encoding does not exist, or the file is no text.
    """
    with open_bytes(path) as file:
        return encoding_of(path, file.read(8) or b"", stated)


def encoding_of(path: Path, start: bytes, stated: str | None) -> str:
    """The encoding to read a file with that starts so: the one stated, or the one its first bytes show, or UTF-8.

    Raises:
        InputError: the encoding does not exist, or the file is no text.
    """
    if not start:
        raise InputError(f"{path.name} is empty.", hint="Check the export.")
    for magic, what, remedy in _NOT_TEXT:
        if start.startswith(magic):
            raise InputError(f"{path.name} is {what}, not a text file.", hint=remedy)
    if stated:
        return checked_encoding(stated, start)
    if start.startswith(_UTF32_BOMS):
        raise InputError(
            f"{path.name} is UTF-32.", hint="Save it as UTF-8, or say so:", remedies=[(("--encoding", "utf-32"),)]
        )
    return next((encoding for bom, encoding in _BOMS if start.startswith(bom)), "utf-8")


def checked_encoding(stated: str, start: bytes = b"") -> str:
    """The codec of a stated encoding, for a file that starts so.

    Raises:
        InputError: there is none, or it is none of tables.
    """
    try:
        codec = codecs.lookup(stated)
    except (LookupError, ValueError):
        raise InputError(
            f"There is no encoding {shown(stated)}.",
            hint="For example utf-8, cp1252, latin-1, utf-16.",
            remedies=[(("--encoding", "NAME"),)],
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
        return UnclearFile(
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
    with open_bytes(path) as file:
        for block in iter(partial(file.read, _BLOCK_BYTES), None):
            fed += len(block)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                before = error.object[: error.start]
                line = 1 + max(newlines + before.count(b"\n"), returns + before.count(b"\r"))
                byte = fed - len(error.object) + error.start
                where = f"{path.name}, line {line}: byte {byte + 1} (0x{error.object[error.start]:02x})"
                return _not_decodable(where, encoding)
            newlines += text.count("\n")
            returns += text.count("\r")
            if not block:
                break
    return InputError(f"{path.name} changed while it was read.", hint="Run again.")


def _not_decodable(where: str, encoding: str) -> InputError:
    return UnclearFile(
        f"{where} is not {encoding.removesuffix('-sig').upper()}.",
        hint="Save it as UTF-8, or name its encoding with --encoding.",
        remedies=[(("--encoding", "NAME"),)],
    )
