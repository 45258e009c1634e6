"""The summary of a batch, from which summary.json, the last screen and the pages are written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from batch_credits.model import BatchRecord, FileTotal, Mending, Outcome, RunRecord
from batch_credits.model.undone import Undone
from batch_credits.reporter.closing import Closing
from batch_credits.reporter.control_totals import file_totals_of
from batch_credits.reporter.files import ReportPaths
from batch_credits.reporter.tally import Tally, Totals, differences, exit_code


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of a batch. `run` is its latest run, None if it was only admitted.

    `differences` holds a sentence for everything that does not tie out; none means in balance.
    """

    batch: BatchRecord
    run: RunRecord | None
    live: bool
    counts: dict[Outcome, int]
    totals: Totals
    differences: tuple[str, ...]
    exit_code: int
    paths: ReportPaths
    reasons: Mapping[tuple[Outcome, str], int]  # why rows were not credited, by error code
    reasons_left: Mapping[tuple[Outcome, str], int]  # the same of those that no later file mends
    undone: Undone  # what was credited, and deducted again
    unread: Mapping[Outcome, int]  # rows whose amount nobody could read: they are in no total
    to_mend: int  # rows in failed.csv: those not credited that no later file mends
    mending: Mending
    edited: tuple[Path, ...] = ()  # copies of files to mend that somebody had changed before they were written again
    closings: tuple[Closing, ...] = ()  # the closing pages of its payout, if those were written, too

    @property
    def in_balance(self) -> bool:
        """Whether rows and money of the outcomes add up to what was read."""
        return not self.differences

    @property
    def rows(self) -> int:
        """How many rows the file has."""
        return self.batch.rows_read

    @property
    def stopped(self) -> str | None:
        """Why the latest run ended early, if it did."""
        return self.run.stopped if self.run else None

    @property
    def needs_person(self) -> bool:
        """Whether it stopped since a person must look before anything else is sent."""
        return self.run is not None and self.run.needs_person

    @property
    def file_totals(self) -> list[FileTotal]:
        """The control totals that stand in the file, with which its rows agree."""
        return file_totals_of(json.loads(self.run.settings_json)) if self.run else []

    def count(self, *outcomes: Outcome) -> int:
        """How many rows have one of these outcomes."""
        return sum(self.counts[outcome] for outcome in outcomes)

    def count_unread(self, *outcomes: Outcome) -> int:
        """How many of those have an amount that nobody could read."""
        return sum(self.unread.get(outcome, 0) for outcome in outcomes)


def summarise(
    batch: BatchRecord, run: RunRecord | None, tally: Tally, paths: ReportPaths, live: bool, mending: Mending
) -> Summary:
    """Draw the conclusions from a finished count."""
    unequal = differences(batch, tally)
    stopped = run is not None and run.stopped is not None
    needs_person = run is not None and run.needs_person
    code = exit_code(tally.counts, stopped, not unequal, needs_person, tally.undone.rows)
    return Summary(
        batch=batch,
        run=run,
        live=live,
        counts=tally.counts,
        totals=tally.totals,
        differences=unequal,
        exit_code=code,
        paths=paths,
        reasons=tally.reasons,
        reasons_left=tally.reasons_left,
        undone=tally.undone,
        unread=tally.unread,
        to_mend=tally.to_mend,
        mending=mending,
    )
