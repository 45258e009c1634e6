"""Report files on disk: private to their owner, and whole or not there at all.

A file is written beside its final name, made durable and then renamed over it, so a crash leaves either the
old report or the new one.
"""

import filecmp
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePath
from typing import TextIO

from batch_credits.errors import NoPlace
from batch_credits.model import BatchRecord
from batch_credits.process.writable import folder_trouble

MAX_STEM_LETTERS = 60  # at most 240 bytes in UTF-8: with the batch id it fits the 255 of a file name
WRITING_SECONDS = 900  # between the first and the last report of a batch, however long it is
STALE_SECONDS = 86_400  # a temporary file this old was left by a crash: no report takes a day to write

_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class ReportPaths:
    """Where each report lies. The workbooks are None unless they were asked for."""

    directory: Path
    results: Path
    failed: Path
    summary_json: Path
    summary_html: Path
    results_xlsx: Path | None = None
    failed_xlsx: Path | None = None

    @classmethod
    def within(cls, directory: Path, *, xlsx: bool = False, is_payout: bool = True) -> "ReportPaths":
        """The reports of one directory. A workbook that is there is written again: it must not grow old beside them.

        Of what is no payout there is no failed.xlsx: nothing in it could be paid.
        """
        results, failed = directory / "results.xlsx", directory / "failed.xlsx"
        return cls(
            directory,
            directory / "results.csv",
            directory / "failed.csv",
            directory / "summary.json",
            directory / "summary.html",
            results if xlsx or results.exists() else None,
            failed if is_payout and (xlsx or failed.exists()) else None,
        )

    @property
    def written(self) -> list[Path]:
        """Those that people are told of, in this order."""
        tables = [self.results, self.results_xlsx, self.failed, self.failed_xlsx]
        return [path for path in (*tables, self.summary_json, self.summary_html) if path is not None]


def report_directory(batch: BatchRecord, reports: Path) -> Path:
    """Where the reports of a batch live: the source file's stem, and enough of the batch id to tell twins apart."""
    return _directory_of(batch.file_name, batch.key, reports)


def _directory_of(file_name: str, key: str, reports: Path) -> Path:
    stem = PurePath(file_name).stem
    safe = _UNSAFE.sub("_", stem)[:MAX_STEM_LETTERS].strip("._-")
    return reports / f"{safe or 'batch'}-{key[:8]}"


def refuse_unwritable(file_name: str, key: str, reports: Path) -> None:
    """Refuse a batch of this name and id that could not be reported afterwards, while nothing is sent.

    Raises:
        NoPlace: its reports cannot be written.
    """
    directory = _directory_of(file_name, key, reports)
    trouble = folder_trouble(directory)
    if trouble is None:
        in_the_way = [path for path in ReportPaths.within(directory).written if path.is_dir()]
        trouble = f"{in_the_way[0].name} is a folder" if in_the_way else None
    if trouble is not None:
        raise NoPlace(
            f"The reports cannot be written to {directory}: {trouble}. Nothing was sent.",
            hint="Mend that, or name another folder with --reports.",
            remedies=[(("--reports", "DIRECTORY"),)],
        )


def keep_edited(paths: ReportPaths) -> tuple[Path, ...]:
    """Copies of the files to mend that were changed since they were written: what somebody mended is nowhere else.

    summary.html is written last, and soon after them. So one that is younger was changed by a hand, and so was one that
    is much older: who brings back what was mended elsewhere may bring its time with it (`cp -p`, rsync, WinSCP).
    """
    if not paths.summary_html.exists():
        return ()
    last = paths.summary_html.stat().st_mtime_ns
    first = last - WRITING_SECONDS * 1_000_000_000
    there = [path for path in (paths.failed, paths.failed_xlsx) if path is not None and path.exists()]
    return tuple(_kept(path) for path in there if not first <= path.stat().st_mtime_ns <= last)


def _kept(path: Path) -> Path:
    """The copy of a file beside it, under the first name that is free or holds the same already."""
    for number in count(1):
        copy = path.with_stem(f"{path.stem}-edited{'' if number == 1 else f'-{number}'}")
        if not copy.exists():
            with atomic_path(copy) as temporary:
                shutil.copyfile(path, temporary)
            return copy
        if filecmp.cmp(path, copy, shallow=False):
            return copy
    raise AssertionError("numbers do not end")


def make_private_directory(directory: Path) -> None:
    """Create the directory for its owner alone: reports name customers and money."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    directory.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A new empty file to be filled, which takes the place of `path` once the block ends well, and else is gone."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)  # mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(descriptor):
            _remove_stale(path, os.fstat(descriptor).st_mtime)
            yield temporary
            os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


@contextmanager
def atomic_text(path: Path) -> Iterator[TextIO]:
    """A text file that takes the place of `path` once the block ends well, and leaves no trace if it does not."""
    # Texts were decoded strictly, but an error message from outside may hold half a character: a report
    # with a visible escape in it is better than none.
    with (
        atomic_path(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream,
    ):
        yield stream


def _remove_stale(path: Path, now: float) -> None:
    """Clear what a killed process left. `now` is the file system's own clock, read off a new file."""
    for left in path.parent.glob(f".{path.name}.*"):
        try:
            if now - left.stat().st_mtime <= STALE_SECONDS:
                continue
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        except FileNotFoundError:  # another process cleared it first
            continue


def _sync_directory(directory: Path) -> None:
    """Make the rename itself durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
