"""Writes rejected.csv, of a file that was only looked at: apart from a batch's reports, which take more to load."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import chain
from pathlib import Path

from batch_credits.errors import UsageError
from batch_credits.model import BatchRecord, ReportRow
from batch_credits.reporter.files import atomic_text, make_private_directory, report_directory
from batch_credits.reporter.tables import failed_writer


def write_rejected(batch: BatchRecord, rows: Callable[[], Iterable[ReportRow]], reports: Path) -> Path | None:
    """Write rejected.csv where the batch's reports will be; without rejected rows, see that there is none, nor a folder
    of nothing else.

    Raises:
        UsageError: the disk refused; nothing was sent yet.
    """
    path = report_directory(batch, reports) / "rejected.csv"
    stream = iter(rows())
    first = next(stream, None)
    try:
        if first is None:
            path.unlink(missing_ok=True)
            with suppress(OSError):  # there is none, or something else in it
                path.parent.rmdir()
            return None
        make_private_directory(path.parent)
        with atomic_text(path) as text:
            write = failed_writer(text, batch)
            for row in chain((first,), stream):
                write(row)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror or error}.",
            hint="Name another folder with --reports.",
            remedies=[(("--reports", "DIRECTORY"),)],
        ) from error
    return path
