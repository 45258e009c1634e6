"""Taking a file out of the folder, and making the copy of it that is paid.

Whoever wrote the file may still hold it open, so the copy counts only if nothing changed while it was made; and what is
hashed are the bytes that were copied.
"""

import hashlib
import os
import shutil
import stat
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from batch_credits.children.files import PRIVATE_FOLDER, write_document
from batch_credits.watch.jobs import Desk, Job
from batch_credits.watch.known import RECORD
from batch_credits.watch.names import controls_of, is_control, shared_controls
from batch_credits.watch.settings import WatchSettings
from batch_credits.watch.sightings import Shape

_BLOCK = 1_048_576


class Changing(Exception):
    """A file is still being written."""


def open_to_read(path: Path) -> int:
    """An open file: no link, and nothing that one waits for.

    Raises:
        OSError: it cannot be read, or is no file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "it is no file", str(path))
    return descriptor


def why_unreadable(path: Path) -> str | None:
    """Why a file cannot be read now; None if it can."""
    try:
        os.close(open_to_read(path))
    except OSError as error:
        return error.strerror or str(error)
    return None


def move_out(settings: WatchSettings, name: str, place: str) -> bool:
    """Take a file out of the folder; False if it went away by itself. From here on a new file may come under its name.
    Beside it lies first for whom it was taken: only the ledger of that watch knows what was paid of it.

    Raises:
        OSError: it cannot be moved.
    """
    into = settings.working / place
    settings.working.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    into.mkdir(mode=PRIVATE_FOLDER)
    try:
        write_document(into / RECORD, {"file": name, "site": settings.site, "ledger": settings.ledger_text})
        (settings.folder / name).rename(into / name)
    except OSError as error:
        (into / RECORD).unlink(missing_ok=True)
        into.rmdir()
        if isinstance(error, FileNotFoundError) and settings.folder.is_dir():
            return False
        raise
    return True


def move_control(settings: WatchSettings, name: str, place: str) -> tuple[str | None, str]:
    """Take the control file of a file, too; done again it finds what it took. Returns its name, None: there is none;
    and a refusal, "" if it is clear which it is.

    Raises:
        OSError: it cannot be moved.
    """
    into = settings.working / place
    own = [each for each in names_in(into) if is_control(each) and each != name]
    if len(own) == 1:
        return own[0], ""
    names = names_in(settings.folder)
    controls = controls_of(name, names)
    if len(controls) > 1:
        return None, f"There is more than one control file beside it: {', '.join(controls)}."
    if shared := shared_controls(controls, name, names):
        return None, f"{shared[0]} could be the control file of another file as well."
    if not controls:
        return None, ""
    (settings.folder / controls[0]).rename(into / controls[0])
    return controls[0], ""


def copied(job: Job, desk: Desk, working: Path) -> Job:
    """The job with the hash of its private copies. Made again, they replace what was begun.

    Raises:
        Changing: the file, or its control file, is still being written.
        FileNotFoundError: somebody took it away.
        OSError: it cannot be read, or there is no room.
    """
    with suppress(FileNotFoundError):
        shutil.rmtree(desk.source)
    desk.source.mkdir(mode=PRIVATE_FOLDER)
    if job.control is not None:
        _copy(working / job.control, desk.source / job.control)
    return replace(job, sha256=_copy(working / job.name, desk.source / job.name))


def _copy(source: Path, target: Path) -> str:
    """Copy a file that nobody changes meanwhile; returns its SHA-256."""
    digest = hashlib.sha256()
    with os.fdopen(open_to_read(source), "rb") as original, private_file(target) as copy:
        before = shape_of(original.fileno())
        while block := original.read(_BLOCK):
            digest.update(block)
            copy.write(block)
        if shape_of(original.fileno()) != before or copy.tell() != before.size:
            raise Changing
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest()


def private_file(path: Path) -> BinaryIO:
    """A new file of its owner alone, to be written.

    Raises:
        OSError: there is something of this name, or it cannot be written.
    """
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "wb")


def see_that_it_stopped(job: Job, path: Path) -> None:
    """Hold a file that was taken against what was seen of it: in the last moment another may have come in its place.

    Raises:
        Changing: it is another one, or nobody saw it before. Its shape is kept to be held against the next time.
        FileNotFoundError: somebody took it away.
        OSError: it cannot be seen.
    """
    seen = path.lstat()
    shape = (seen.st_size, seen.st_mtime_ns)
    if job.shape != shape:
        job.shape = shape
        raise Changing


def shape_of(descriptor: int) -> Shape:
    """The shape of an open file."""
    seen = os.fstat(descriptor)
    return Shape(seen.st_size, seen.st_mtime_ns)


def names_in(folder: Path) -> list[str]:
    """The names of the files in a folder."""
    with os.scandir(folder) as entries:
        return sorted(each.name for each in entries if each.is_file(follow_symlinks=False))
