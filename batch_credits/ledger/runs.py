"""The runs over a batch, and how it came about: what they recorded over time, and what persons said.

Times are the wall clock's, for people only: a clock that was set back or forward makes an odd picture, never an error.
"""

import sys
from bisect import bisect_left
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

from batch_credits import __version__
from batch_credits.ledger.claims import Claims
from batch_credits.ledger.database import Database, Row
from batch_credits.ledger.requests import SAYS
from batch_credits.ledger.times import iso_time
from batch_credits.ledger.totals import Totals
from batch_credits.model import RunRecord
from batch_credits.process.user import user_name

MAX_RUNS = 20  # named one by one, newest first
MAX_ACTIVE_RUNS = 12  # whose course is given
MAX_DECISIONS = 100
MAX_SLICES = 48  # of all courses together, and at most one more for each run

_SECOND, _MINUTE, _HOUR = 1_000, 60_000, 3_600_000
_WIDTHS_MS = (
    100, 200, 500, _SECOND, 2 * _SECOND, 5 * _SECOND, 10 * _SECOND, 15 * _SECOND, 30 * _SECOND,
    _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE,
    _HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, 24 * _HOUR,
)  # fmt: skip


class Slice(NamedTuple):
    """What was recorded within one slice of a run's time; number 0 begins with the run.

    `sent` attempts; answers by what followed: `credited`, `not_credited` (failed or review), `in_doubt`; and
    `throttled`, those that said: wait.
    """

    number: int
    sent: int
    credited: int
    not_credited: int
    in_doubt: int
    throttled: int


@dataclass(frozen=True, slots=True)
class Course:
    """How a run went. `slices` are those in which anything was recorded, out of `slices_in_all`."""

    run_id: int
    started_at: str
    slices_in_all: int
    slices: list[Slice]


class Decision(NamedTuple):
    """A person's word on a row in review: `reason` says whose and what."""

    row_number: int
    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class History:
    """`runs` are the newest, newest first. `courses` are of the newest runs that recorded anything, oldest first, in
    slices of one width; `has_earlier_courses` says that older ones are left out.
    """

    runs: list[RunRecord] = field(default_factory=list)
    runs_in_all: int = 0
    slice_milliseconds: int = _SECOND
    courses: list[Course] = field(default_factory=list)
    has_earlier_courses: bool = False
    decisions: list[Decision] = field(default_factory=list)
    decisions_in_all: int = 0

    @property
    def last_run(self) -> RunRecord | None:
        """The newest run, if there was any."""
        return self.runs[0] if self.runs else None


class _Span(NamedTuple):
    """When a run began and ended, in milliseconds since 1970, and which entries of the history are its own."""

    run_id: int
    started: int
    ended: int
    entries: dict[str, int]  # the first, and behind the last, of its attempts and findings, as the statements name them


class Runs:
    """The desk for executions over a batch."""

    def __init__(self, database: Database, claims: Claims, totals: Totals) -> None:
        self._db = database
        self._claims = claims
        self._totals = totals

    def start(self, batch_id: int, *, retry_failed: bool = False, settings_json: str = "{}") -> int:
        """Begin a run: adopt the batch's unsettled requests, turn what a dead process left in flight to doubt.

        `settings_json` says for the record how the run was set, and what was agreed to.
        """
        with self._db.transaction():
            self._claims.adopt(batch_id)
            if retry_failed:
                self._claims.reopen_failed(batch_id)
            return self._db.insert(
                "start_run",
                batch=batch_id,
                now=self._db.now(),
                version=__version__,
                user=user_name(),
                settings=settings_json,
            )

    def end(
        self,
        run_id: int,
        *,
        requests: int,
        throttled: int,
        retries: int,
        stopped: str | None,
        needs_person: bool = False,
    ) -> None:
        """Note how a run ended. `stopped` says why it did early; `needs_person`: a person must look before another."""
        with self._db.transaction():
            self._db.change(
                "end_run",
                run=run_id,
                now=self._db.now(),
                requests=requests,
                throttled=throttled,
                retries=retries,
                stopped=stopped,
                needs_person=needs_person,
            )
            self._totals.seal(self._db.value("batch_of_run", run=run_id))

    def note_site_clock(self, run_id: int, began_ms: int) -> None:
        """Remember when the run began by the site's clock (milliseconds since 1970); the earliest figure counts."""
        with self._db.transaction():
            self._db.change("note_site_clock", run=run_id, began_ms=began_ms)

    def last(self, batch_id: int) -> RunRecord | None:
        """The newest run over the batch, or None."""
        return self._db.first("runs", _run_record, batch=batch_id, most=1)

    def history(self, batch_id: int) -> History:
        """Everything about a batch that its rows do not tell."""
        spans = self._spans(batch_id)
        width, courses = self._courses(spans[-MAX_ACTIVE_RUNS:])
        decisions = self._db.all("decisions", _decision, batch=batch_id, says=SAYS)
        return History(
            runs=self._db.all("runs", _run_record, batch=batch_id, most=MAX_RUNS),
            runs_in_all=self._db.value("count_of_runs", batch=batch_id),
            slice_milliseconds=width,
            courses=courses,
            has_earlier_courses=len(spans) > MAX_ACTIVE_RUNS,
            decisions=decisions[:MAX_DECISIONS],
            decisions_in_all=len(decisions),
        )

    def _courses(self, spans: list[_Span]) -> tuple[int, list[Course]]:
        width = _width_ms([span.ended - span.started for span in spans])
        courses = []
        for span in spans:
            last = (span.ended - span.started) // width
            bounds = {"started": span.started, "width": width, "last": last, "run": span.run_id}
            slices = self._db.all("slices", Slice._make, **bounds, **span.entries)
            courses.append(Course(span.run_id, iso_time(span.started) or "", last + 1, slices))
        return width, courses

    def _spans(self, batch_id: int) -> list[_Span]:
        """The newest runs that recorded anything, oldest first, and one more if there are more."""
        spans: list[_Span] = []
        for run_id, started, ended in self._db.stream("times_of_runs", tuple, batch=batch_id):
            first_attempt, attempts_end = self._entries("newest_attempt", "run_of_attempt", run_id)
            first_finding, findings_end = self._entries("newest_finding", "run_of_finding", run_id)
            if first_attempt == attempts_end and first_finding == findings_end:
                continue
            entries = {
                "first_attempt": first_attempt,
                "attempts_end": attempts_end,
                "first_finding": first_finding,
                "findings_end": findings_end,
            }
            last = self._db.value("last_entry", run=run_id, **entries)
            spans.append(_Span(run_id, started, max(started, ended or 0, last or 0), entries))
            if len(spans) > MAX_ACTIVE_RUNS:
                break
        return spans[::-1]

    def _entries(self, newest: str, run_of: str, run_id: int) -> tuple[int, int]:
        """Between which ids a run's entries lie. One run writes at a time, so the runs' numbers rise with the ids."""

        def run_at(place: int) -> int:
            found: int | None = self._db.first(run_of, itemgetter(0), place=place)
            return sys.maxsize if found is None else found

        places = range(self._db.value(newest) + 2)
        return bisect_left(places, run_id, key=run_at), bisect_left(places, run_id + 1, key=run_at)


def _width_ms(spans_ms: list[int]) -> int:
    """The narrowest width in which all spans together have few enough slices."""
    for width in _WIDTHS_MS:
        if sum(span // width for span in spans_ms) <= MAX_SLICES:
            return width
    days = -(-sum(spans_ms) // (MAX_SLICES * _WIDTHS_MS[-1]))
    return days * _WIDTHS_MS[-1]


def _run_record(row: Row) -> RunRecord:
    run_id, started_at, ended_at, *rest = row
    return RunRecord(run_id, iso_time(started_at) or "", iso_time(ended_at), *rest)


def _decision(row: Row) -> Decision:
    row_number, at, reason = row
    return Decision(row_number, iso_time(at) or "", reason)
