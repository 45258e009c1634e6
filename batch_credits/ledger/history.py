"""How a batch came about: its runs, what they recorded over time, and what persons said. Nothing here writes.

Times are the wall clock's, for people only: a clock that was set back or forward makes an odd picture, never an error.
"""

import sqlite3
import sys
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import NamedTuple

from batch_credits.ledger.queries import iso_time
from batch_credits.ledger.resolution import SAYS
from batch_credits.model import RunRecord

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


def history(connection: sqlite3.Connection, batch_id: int) -> History:
    """Everything about a batch that its rows do not tell."""
    found = runs(connection, batch_id, MAX_RUNS)
    in_all = connection.execute("SELECT count(*) FROM run WHERE batch_id = ?", (batch_id,)).fetchone()[0]
    spans = _spans(connection, batch_id)
    width, courses = _courses(connection, spans[-MAX_ACTIVE_RUNS:])
    decisions = _decisions(connection, batch_id)
    return History(
        runs=found,
        runs_in_all=in_all,
        slice_milliseconds=width,
        courses=courses,
        has_earlier_courses=len(spans) > MAX_ACTIVE_RUNS,
        decisions=decisions[:MAX_DECISIONS],
        decisions_in_all=len(decisions),
    )


def runs(connection: sqlite3.Connection, batch_id: int, most: int) -> list[RunRecord]:
    """The newest runs over the batch, newest first."""
    found = connection.execute(
        "SELECT run_id, started_at, ended_at, version, user, requests, throttled, retries, stopped, settings,"
        " needs_person FROM run WHERE batch_id = ? ORDER BY run_id DESC LIMIT ?",
        (batch_id, most),
    )
    return [
        RunRecord(run_id, iso_time(started_at) or "", iso_time(ended_at), *rest)
        for run_id, started_at, ended_at, *rest in found
    ]


class _Span(NamedTuple):
    """When a run began and ended, in milliseconds since 1970, and which entries of the history are its own."""

    run_id: int
    started: int
    ended: int
    attempts: tuple[int, int]  # (first, behind the last)
    findings: tuple[int, int]


def _courses(connection: sqlite3.Connection, spans: list[_Span]) -> tuple[int, list[Course]]:
    width = _width_ms([span.ended - span.started for span in spans])
    courses = []
    for span in spans:
        last = (span.ended - span.started) // width
        bounds = {"started": span.started, "width": width, "last": last, "run": span.run_id}
        names = ("first_attempt", "attempts_end", "first_finding", "findings_end")
        places = dict(zip(names, (*span.attempts, *span.findings), strict=True))
        slices = [Slice(*row) for row in connection.execute(_SLICES, bounds | places)]
        courses.append(Course(span.run_id, iso_time(span.started) or "", last + 1, slices))
    return width, courses


def _spans(connection: sqlite3.Connection, batch_id: int) -> list[_Span]:
    """The newest runs that recorded anything, oldest first, and one more if there are more."""
    spans: list[_Span] = []
    found = connection.execute(
        "SELECT run_id, started_at, ended_at FROM run WHERE batch_id = ? ORDER BY run_id DESC", (batch_id,)
    )
    for run_id, started, ended in found:
        attempts, findings = (_entries(connection, table, run_id) for table in ("attempt", "finding"))
        if attempts[0] == attempts[1] and findings[0] == findings[1]:
            continue
        last = connection.execute(_LAST, (*attempts, run_id, *findings, run_id)).fetchone()[0]
        spans.append(_Span(run_id, started, max(started, ended or 0, last or 0), attempts, findings))
        if len(spans) > MAX_ACTIVE_RUNS:
            break
    return spans[::-1]


def _entries(connection: sqlite3.Connection, table: str, run_id: int) -> tuple[int, int]:
    """Between which ids a run's entries lie. One run writes at a time, so the runs' numbers rise with the ids."""
    newest = connection.execute(f"SELECT coalesce(max({table}_id), 0) FROM {table}").fetchone()[0]
    statement = (
        f"SELECT run_id FROM {table} WHERE {table}_id >= ? AND run_id IS NOT NULL ORDER BY {table}_id LIMIT 1"
    )

    def run_at(place: int) -> int:
        row = connection.execute(statement, (place,)).fetchone()
        return int(row[0]) if row else sys.maxsize

    places = range(newest + 2)
    return bisect_left(places, run_id, key=run_at), bisect_left(places, run_id + 1, key=run_at)


def _width_ms(spans_ms: list[int]) -> int:
    """The narrowest width in which all spans together have few enough slices."""
    for width in _WIDTHS_MS:
        if sum(span // width for span in spans_ms) <= MAX_SLICES:
            return width
    days = -(-sum(spans_ms) // (MAX_SLICES * _WIDTHS_MS[-1]))
    return days * _WIDTHS_MS[-1]


def _decisions(connection: sqlite3.Connection, batch_id: int) -> list[Decision]:
    """What persons said of the batch's rows, oldest first."""
    found = connection.execute(
        "SELECT w.row_number, f.at, f.reason FROM finding f JOIN row w USING (request_id)"
        " WHERE f.run_id IS NULL AND instr(f.reason, ?) > 0 AND w.batch_id = ? ORDER BY f.finding_id",
        (SAYS, batch_id),
    )
    return [Decision(row_number, iso_time(at) or "", reason) for row_number, at, reason in found]


_LAST = """
SELECT max(at) FROM (
    SELECT max(at) AS at FROM attempt WHERE attempt_id >= ? AND attempt_id < ? AND run_id = ?
    UNION ALL SELECT max(at) FROM finding WHERE finding_id >= ? AND finding_id < ? AND run_id = ?
)
"""

_SLICES = """
SELECT min(max((at - :started) / :width, 0), :last) AS slice,
       sum(sent), sum(credited), sum(not_credited), sum(in_doubt), sum(throttled)
FROM (
    SELECT at, 1 AS sent, 0 AS credited, 0 AS not_credited, 0 AS in_doubt, 0 AS throttled
    FROM attempt WHERE attempt_id >= :first_attempt AND attempt_id < :attempts_end AND run_id = :run
    UNION ALL
    SELECT at, 0, state = 'credited', state IN ('failed', 'review'), state = 'in_doubt', coalesce(http_status = 429, 0)
    FROM finding WHERE finding_id >= :first_finding AND finding_id < :findings_end AND run_id = :run
)
GROUP BY slice ORDER BY slice
"""
