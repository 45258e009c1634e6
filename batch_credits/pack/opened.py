"""A pack as it came from somebody, a folder or a zip: what is in it, and whatever in it does not belong to a pack.

Nothing is unpacked, no link is followed, and no name of it becomes a path but those that a pack has.
"""

import io
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from batch_credits.errors import UsageError
from batch_credits.pack.bag import BAGIT, NAME, PAYLOAD, TAGGED, TAGS
from batch_credits.pack.zipped import Entry, blocks_of, read_entries
from batch_credits.text.quoted import quoted

MAX_DOCUMENT_BYTES = 64 << 20  # of what is read whole: documents and manifests, which have no rows
MAX_STRANGERS = 1_000
_BLOCK = 1 << 20


class Opened(ABC):
    """A pack that can be read. `sizes` are its files as far as they can be ones of a pack, `strangers` what is wrong
    with the others, a sentence each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sizes: dict[str, int] = {}
        self.strangers: list[str] = []

    @abstractmethod
    def blocks(self, name: str) -> Iterator[bytes]:
        """The bytes of one of its files.

        Raises:
            OSError: they cannot be read.
        """

    def document(self, name: str) -> bytes:
        """A file that is small.

        Raises:
            ValueError: it is not there, or not small.
            OSError: it cannot be read.
        """
        if self.sizes.get(name, MAX_DOCUMENT_BYTES + 1) > MAX_DOCUMENT_BYTES:
            raise ValueError("it is missing, or too large for what it is")
        return b"".join(self.blocks(name))

    def binary(self, name: str) -> BinaryIO:
        """A file as a stream, a part at a time."""
        return io.BufferedReader(_Raw(self.blocks(name)))

    @contextmanager
    def text(self, name: str) -> Iterator[TextIO]:
        """A file as text, a part at a time.

        Raises:
            ValueError: it is not there, or no UTF-8.
            OSError: it cannot be read.
        """
        if name not in self.sizes:
            raise ValueError("it is missing")
        with io.TextIOWrapper(self.binary(name), "utf-8-sig", newline="") as stream:
            yield stream

    def _is_of_a_pack(self, name: str) -> bool:
        if NAME.fullmatch(name) or name in TAGGED or name == TAGS:
            return True
        if len(self.strangers) < MAX_STRANGERS:
            self.strangers.append(f"{quoted(name)} does not belong to a pack: it was added, or renamed.")
        return False


class _Raw(io.RawIOBase):
    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._left:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._left = memoryview(block)
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


class Folder(Opened):
    """A pack that is a folder."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            OSError: it cannot be read.
        """
        super().__init__(path)
        self._list(path, "")

    def _list(self, folder: Path, before: str) -> None:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        for entry in entries:
            name = before + entry.name
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode) and name + "/" == PAYLOAD:
                self._list(folder / entry.name, PAYLOAD)
            elif stat.S_ISREG(status.st_mode):
                if self._is_of_a_pack(name):
                    self.sizes[name] = status.st_size
            elif len(self.strangers) < MAX_STRANGERS:
                kind = "a link" if stat.S_ISLNK(status.st_mode) else "no plain file"
                self.strangers.append(f"{quoted(name)} is {kind}: a pack has none.")

    def blocks(self, name: str) -> Iterator[bytes]:
        """See `Opened`."""
        descriptor = os.open(self.path / name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            while block := stream.read(_BLOCK):
                yield block


class Zip(Opened):
    """A pack that is a zip."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            OSError: it cannot be read.
            ValueError: it is no zip as this program writes it.
        """
        super().__init__(path)
        self._entries: dict[str, Entry] = {}
        self._stream: BinaryIO = path.open("rb")
        try:
            entries = read_entries(self._stream, path.stat().st_size)
            roots = {entry.name.partition("/")[0] for entry in entries}
            if len(roots) != 1 or roots & {"", ".", ".."}:
                raise ValueError("it holds more than one folder, or none")
            for entry in entries:
                name = entry.name.partition("/")[2]
                if self._is_of_a_pack(name):
                    if name in self._entries:
                        raise ValueError(f"it holds {name} twice")
                    self._entries[name] = entry
                    self.sizes[name] = entry.size
        except BaseException:
            self._stream.close()
            raise

    def blocks(self, name: str) -> Iterator[bytes]:
        """See `Opened`."""
        yield from blocks_of(self._stream, self._entries[name])

    def crc(self, name: str) -> int:
        """The checksum that the zip has of a file."""
        return self._entries[name].crc

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def is_pack(path: Path) -> bool:
    """Whether something looks like a pack: a folder with a bag's declaration, or a zip by its name."""
    return (path / BAGIT).is_file() if path.is_dir() else path.suffix.lower() == ".zip" and path.is_file()


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """A pack, to be read.

    Raises:
        UsageError: there is nothing, it cannot be read, or it is no pack.
    """
    try:
        if path.is_dir():
            folder = Folder(path)
            if not folder.sizes:
                raise UsageError(f"{path} is no pack: nothing in it is a pack's.", hint=_NAME_ONE)
            yield folder
            return
        pack = Zip(path)
    except ValueError as error:
        raise UsageError(
            f"{path} is no pack, or was changed: {error}.",
            hint="A zip is verified as this program wrote it. If another one made it, unpack it and verify the folder.",
            instead=[("verify", "FOLDER")],
        ) from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.", hint=_NAME_ONE) from None
    try:
        yield pack
    finally:
        pack.close()


_NAME_ONE = "Name a folder or a zip that `batch-credits pack` wrote."
