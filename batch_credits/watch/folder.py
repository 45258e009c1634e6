"""The folder that is watched: one watch at a time, on whichever host; what lies in it; and whether it is there at all.

A file in it, which the watch holds locked, says whose it is. It also tells the folder from an empty one in its place:
where a share is not mounted, there is a folder of the same name with nothing in it.
"""

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from batch_credits.children.files import make_folder
from batch_credits.children.locks import try_lock
from batch_credits.errors import FolderBusy, UsageError
from batch_credits.watch.sightings import Shape

LOCK = ".batch-credits-watch"
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


class FolderAway(Exception):
    """The folder cannot be read now; the text says why."""


class Folder:
    """Held from `open` to `close`."""

    def __init__(self, path: Path, state: Path, tell: Callable[[str], None]) -> None:
        """`state` is the folder on this machine where the watch keeps what it knows."""
        self.path = path
        self._state = state
        self._tell = tell
        self._own: int | None = None
        self._lock: int | None = None
        self._has_locks = True

    def open(self) -> None:
        """Hold it.

        Raises:
            FolderBusy: another watch holds it.
            UsageError: it is no folder in which files can be moved.
        """
        if not self.path.is_dir():
            raise UsageError(f"{self.path} is no folder.", hint="Name the folder into which files are dropped.")
        try:
            self._own = try_lock(make_folder(self._state) / "lock")  # also where the share keeps no locks
        except OSError as error:
            raise UsageError(
                f"What a watch knows cannot be kept in {self._state}: {error.strerror or error}.",
                hint="It lies beside the ledger, or in the user's data directory for a database. Make it writable.",
            ) from None
        if self._own is None:
            raise _busy(self.path)
        try:
            self._hold()
        except OSError as error:
            raise UsageError(
                f"Files cannot be taken out of {self.path}: {error.strerror or error}.",
                hint="Let the user who watches it write there.",
            ) from None

    def _hold(self) -> None:
        path = self.path / LOCK
        try:
            self._lock = try_lock(path)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            self._has_locks = False
            self._tell(f"{self.path} is on a share that keeps no locks: see to it that no other host watches it.")
            return
        if self._lock is None:
            raise _busy(self.path)

    def close(self) -> None:
        """Give it free."""
        self._let_go()
        if self._own is not None:
            os.close(self._own)
            self._own = None

    def _let_go(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def files(self) -> tuple[dict[str, Shape], list[str]]:
        """The files in it by name, and the names of what is neither a file nor a folder: links, pipes and the like.

        Raises:
            FolderAway: it cannot be read, or another one is in its place.
            FolderBusy: it was away, and another watch has it now.
        """
        files: dict[str, Shape] = {}
        others: list[str] = []
        try:
            self._see_that_it_is_ours()
            with os.scandir(self.path) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):  # gone, just now
                        seen = entry.stat(follow_symlinks=False)
                        if stat.S_ISREG(seen.st_mode):
                            files[entry.name] = Shape(seen.st_size, seen.st_mtime_ns)
                        elif not stat.S_ISDIR(seen.st_mode):
                            others.append(entry.name)
        except OSError as error:
            raise FolderAway(f"{self.path} cannot be read: {error.strerror or error}") from None
        return files, sorted(others)

    def _see_that_it_is_ours(self) -> None:
        """Hold the lock of what is there now: a share that came back may have forgotten it."""
        try:
            there = (self.path / LOCK).lstat()
        except FileNotFoundError:
            raise FolderAway(
                f"{self.path} is not there, or another folder is in its place: it has no {LOCK}, which the watch made"
            ) from None
        if not self._has_locks:
            return
        if self._lock is not None:
            ours = os.fstat(self._lock)
            if (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino):
                return
            self._let_go()
        self._hold()


def _busy(path: Path) -> FolderBusy:
    return FolderBusy(f"Another batch-credits watches {path}.", hint="One is enough: end the other, or this one.")
