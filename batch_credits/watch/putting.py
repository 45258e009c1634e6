"""Putting a file that is through into `done` or `attention`: itself, its control file, its reports and a note, whole.

All of it is laid beside the file, in its folder in `working`, and that folder is then renamed. Where the target is on
another file system, a copy of the folder is, and the one in `working` goes after it. Nothing is ever put over anything.
"""

import errno
import hashlib
import os
import shutil
from contextlib import suppress
from pathlib import Path

from batch_credits.children.files import PRIVATE_FOLDER, make_folder, read_document, write_text
from batch_credits.watch.jobs import Desk, Ending, Job, Jobs
from batch_credits.watch.known import RECORD
from batch_credits.watch.names import free_folder, free_name
from batch_credits.watch.notes import NOTE, moved_to, note_of, record_of
from batch_credits.watch.settings import WatchSettings
from batch_credits.watch.taking import open_to_read, private_file

_BLOCK = 1_048_576
_PART = ".part"  # of a folder that is being copied


def put(job: Job, ending: Ending, settings: WatchSettings, jobs: Jobs) -> Path:
    """Put it where it goes, and return where it lies. Done again it goes on where it was.

    Raises:
        OSError: something is in the way: a full disk, a share that is away. The file is still in `working`.
    """
    target = settings.target(ending.to)
    there, here = target / (job.final or job.place), settings.working / job.place
    if _is_of(job, there):  # all but the last step was done
        _remove(here)
        return there
    make_folder(target)
    if os.path.lexists(there):  # somebody made it meanwhile
        job.final = free_folder(job.place, lambda name: os.path.lexists(target / name))
        jobs.save(job)
        there = target / job.final
    make_folder(here)  # somebody may have removed it
    desk = jobs.desk(job.job_id)
    _clear(job, here)
    _see_to_the_file(job, desk, here)
    _lay_beside(job, ending, settings, jobs, there)
    _sync(here)
    try:
        here.rename(there)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_over(here, there)
    _sync(target)
    return there


def _is_of(job: Job, folder: Path) -> bool:
    return (read_document(folder / RECORD) or {}).get("job") == job.job_id


def _clear(job: Job, here: Path) -> None:
    """Remove what the last attempt laid there, but for the record: until it is written anew it says whose the file is,
    to a watch that comes now with another ledger."""
    for name in job.put:
        if name != RECORD:
            _remove(here / name)


def _see_to_the_file(job: Job, desk: Desk, here: Path) -> None:
    """What lies there must be what was paid. What somebody changed it to meanwhile is kept beside it."""
    if not job.sha256:
        return
    for name in (job.name, *([job.control] if job.control is not None else [])):
        paid, lies = desk.source / name, here / name
        if _hash(lies) == _hash(paid):
            continue
        if os.path.lexists(lies):
            lies.rename(here / free_name(f"{name}.changed", lambda each: os.path.lexists(here / each)))
        _copy_file(paid, lies)


def _lay_beside(job: Job, ending: Ending, settings: WatchSettings, jobs: Jobs, there: Path) -> None:
    """Reports, note and record, under names that are free; they say where all will lie."""
    desk, here = jobs.desk(job.job_id), settings.working / job.place
    lying = {each.name for each in here.iterdir()}
    reports = sorted(desk.reports.iterdir()) if desk.reports.is_dir() else []
    names = {report: free_name(report.name, lying.__contains__) for report in reports}
    note = free_name(NOTE, lying.__contains__)
    job.put = [*names.values(), note, RECORD]
    jobs.save(job)
    for report, name in names.items():
        _copy_tree(report, here / name)
    moved = moved_to(desk.source, desk.reports, there)
    _write(here / note, note_of(job, ending, settings, moved))
    write_text(here / RECORD, record_of(job, ending, settings))


def _copy_over(here: Path, there: Path) -> None:
    """Bring a folder to another file system."""
    part = there.with_name(f".{there.name}{_PART}")
    _remove(part)
    _copy_tree(here, part)
    part.rename(there)
    _sync(there.parent)
    _remove(here)


def _copy_tree(source: Path, target: Path) -> None:
    """Copy a file or a folder, privately. Links are left out: nobody knows what they will name."""
    if source.is_symlink():
        return
    if not source.is_dir():
        _copy_file(source, target)
        return
    target.mkdir(mode=PRIVATE_FOLDER)
    for each in source.iterdir():
        _copy_tree(each, target / each.name)
    _sync(target)


def _copy_file(source: Path, target: Path) -> None:
    with os.fdopen(open_to_read(source), "rb") as original, private_file(target) as copy:
        shutil.copyfileobj(original, copy, _BLOCK)
        copy.flush()
        os.fsync(copy.fileno())


def _write(path: Path, text: str) -> None:
    with private_file(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))
        file.flush()
        os.fsync(file.fileno())


def _hash(path: Path) -> str | None:
    """The SHA-256 of a file; None where there is none that can be read."""
    try:
        with os.fdopen(open_to_read(path), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _remove(path: Path) -> None:
    """Remove a file or a folder; links are removed, not followed."""
    with suppress(FileNotFoundError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _sync(folder: Path) -> None:
    """Make what was done in a folder durable, where its file system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
