"""One process at a time for one ledger, under whatever name it is reached.

Two locks, both free once the last process that holds them ends, however it ends. One is a file beside the ledger, which
can be held before there is a ledger, and tells who has it. The other is on a byte of the ledger's own file, which keeps
it while somebody renames it, or removes the file beside it. (It is a lock of the open file, not of the process: that
one would be lost whenever the process closes the file anywhere, and no other process of a run would inherit it. Only
Linux has it.)

A file with two names is refused: SQLite finds the newest entries, the `-wal` file, by name, so under the other one it
would not know what was paid.
"""

import fcntl
import os
import stat
import struct
from pathlib import Path

from batch_credits.errors import LedgerBusy, LedgerError

_BYTE = 2**62  # far behind those by which SQLite locks, near the first gigabyte


class Lock:
    """Holds the ledger at this path for this process, and for those that inherit its descriptors."""

    def __init__(self, path: Path) -> None:
        """Hold the name.

        Raises:
            LedgerBusy: another process holds it.
            LedgerError: it cannot be held there at all.
            OSError: the lock file cannot be written.
        """
        self._path = path
        self._file: int | None = None
        lock_path = path.with_name(path.name + "-lock")
        self._name = os.fdopen(os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+")
        try:
            fcntl.flock(self._name, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = self._name.read().strip()
            self._name.close()
            raise _busy(path, holder) from None
        except OSError as error:  # a file system without locks: nobody could be kept out
            self._name.close()
            raise LedgerError(
                f"The ledger {path} cannot be locked where it lies: {error.strerror}.",
                hint="Put it on a disk of this machine: two processes at once could pay twice.",
            ) from error
        self._name.seek(0)
        self._name.truncate()
        self._name.write(str(os.getpid()))
        self._name.flush()

    def take_file(self) -> None:
        """Hold the ledger's file itself. It stays open until `close`, which must come after the last connection's end:
        whichever way a file is closed, SQLite's own locks of this process on it are gone.

        Raises:
            LedgerBusy: another process holds it.
            OSError: it cannot be opened.
        """
        self._file = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        if not hasattr(fcntl, "F_OFD_SETLK"):
            return
        one_byte = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, _BYTE, 1, 0)
        try:
            fcntl.fcntl(self._file, fcntl.F_OFD_SETLK, one_byte)
        except BlockingIOError:
            raise _busy(self._path) from None

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The open files that keep others out: a process that inherits them keeps them out, too."""
        return (self._name.fileno(), *(() if self._file is None else (self._file,)))

    def close(self) -> None:
        """Give the ledger free. Its connection is closed."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        self._name.close()


def holder_of(path: Path) -> str | None:
    """Who holds the ledger at this path, as far as that is known: the number of a process, or "somebody"; None: nobody.
    Nothing is held for it, so nobody is kept out. The path is that of a file of which this process has no connection.

    Raises:
        OSError: it cannot be opened.
    """
    if not hasattr(fcntl, "F_OFD_GETLK"):
        return None
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, _BYTE, 1, 0)
        kind, *_ = struct.unpack("hhqqi4x", fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, asked))
    finally:
        os.close(descriptor)
    if kind == fcntl.F_UNLCK:
        return None
    try:
        return path.with_name(path.name + "-lock").read_text(encoding="ascii").strip() or "somebody"
    except (OSError, UnicodeDecodeError):
        return "somebody"


def refuse_second_name(path: Path) -> None:
    """Refuse a ledger that can be reached by another name (a hard link).

    Raises:
        LedgerError: it can.
        OSError: there is no such file.
    """
    status = path.stat()
    if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
        raise LedgerError(
            f"The ledger {path} is one file with {status.st_nlink} names (hard links), and its newest entries are found"
            " under one of them alone.",
            hint="Remove the other names: `find DIRECTORY -samefile` finds them. A copy for safety is made by `cp`,"
            " while nothing runs.",
        )


def _busy(path: Path, holder: str = "") -> LedgerBusy:
    return LedgerBusy(
        f"Another batch-credits{f' (process {holder})' if holder else ''} is using the ledger {path}.",
        hint="Wait until it has finished: two at once could pay twice.",
    )
