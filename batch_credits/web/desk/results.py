"""What became of a batch: its summary.json, which is written again where the ledger knows more by now."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batch_credits.children.files import make_empty_folder, make_folder, read_document
from batch_credits.reporter.files import report_directory
from batch_credits.reporter.mending import mending_json
from batch_credits.web.desk.books import Known
from batch_credits.web.desk.children import Children
from batch_credits.web.desk.jobs import Jobs
from batch_credits.web.door.refusals import Refused

FILES = {  # that may be taken away, and what each is for
    "results.csv": "every row, and what became of it",
    "failed.csv": "the rows not credited, to mend and upload again",
    "results.xlsx": "every row, as a workbook",
    "failed.xlsx": "the rows not credited, as a workbook",
    "summary.html": "the report, to print or to file",
    "summary.json": "the same for programs",
    "closing.html": "how the whole payout ended, with what was mended",
    "closing.csv": "how each row of the payout ended",
}


@dataclass(frozen=True, slots=True)
class Result:
    """A summary.json, and the folder of the reports."""

    summary: dict[str, Any]
    folder: Path

    def files(self) -> list[str]:
        """The reports that are there."""
        return [name for name in FILES if (self.folder / name).is_file()]


class Results:
    """The reports of all batches."""

    def __init__(self, reports: Path, children: Children, jobs: Jobs, scratch: Path) -> None:
        self._reports = reports
        self._children = children
        self._jobs = jobs
        self._scratch = make_folder(scratch)
        self._one_at_a_time: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def of(self, known: Known) -> Result:
        """What became of a batch that nobody sends now.

        Raises:
            Refused: the reports cannot be written.
        """
        async with self._one_at_a_time[known.record.key]:
            result = self.written(known)
            if result is None or not _says_all(result.summary, known):
                await self._write(known)
                result = self.written(known)
        if result is None:
            raise Refused(500, "The reports of this batch cannot be written.", "Is there room on the server's disk?")
        return result

    def written(self, known: Known) -> Result | None:
        """What was written last, however long ago."""
        for folder in self._folders(known):
            if (summary := read_document(folder / "summary.json")) is not None:
                return Result(summary, folder)
        return None

    def _folders(self, known: Known) -> list[Path]:
        """Where the reports may lie: under the name that the file had when it was last run here, or at first."""
        job = self._jobs.latest(known.record.key)
        summary = None if job is None else job.told().summary
        last = [] if summary is None else [Path(summary["reports"])]
        return [*last, report_directory(known.record, self._reports)]

    async def _write(self, known: Known) -> None:
        into = make_empty_folder(self._scratch / known.record.key)
        await self._children.report(known.record.key, into).ended()


def _says_all(summary: dict[str, Any], known: Known) -> bool:
    """Whether a summary says what the ledger says."""
    view, kind = known.view, known.record.kind
    counts = {kind.name_of(outcome): sum(total.rows for total in totals) for outcome, totals in view.outcomes.items()}
    said = {name: rows for name, rows in summary["counts"].items() if rows}
    mended = mending_json(known.mending)
    return (
        said == {name: rows for name, rows in counts.items() if rows}
        and summary["reversed"]["count"] == view.undone.rows
        and all(summary.get(name) == value for name, value in mended.items())
        and summary["stopped"] == view.stopped
        and summary["started_at"] == (known.run.started_at if known.run else None)
    )
