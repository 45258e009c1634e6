"""The runs over a batch, and how it came about: what they recorded over time, and what persons said.

Times are the wall clock's, for people only: a clock that was set back or forward makes an odd picture, never an error.
"""

from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

import orjson

from batch_credits import __version__
from batch_credits.ledger.admission import be_alone
from batch_credits.ledger.chain import Chain
from batch_credits.ledger.claims import Claims
from batch_credits.ledger.database import Database, Row
from batch_credits.ledger.keeping import stay_here
from batch_credits.ledger.payouts import refuse_retry
from batch_credits.ledger.requests import SAYS
from batch_credits.ledger.teams import PILOT_WAITS
from batch_credits.ledger.times import iso_time
from batch_credits.ledger.totals import Totals
from batch_credits.ledger.workers import LEASE_SECONDS, TIMEOUT_SECONDS
from batch_credits.model import RunRecord
from batch_credits.process.user import user_name

MAX_RUNS = 20  # named one by one, newest first
MAX_ACTIVE_RUNS = 12  # whose course is given
MAX_DECISIONS = 100
_ALL = 2**31 - 1
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
    """When a run began and ended, in milliseconds since 1970, and between which ids of the history its own lie."""

    run_id: int
    started: int
    ended: int
    places: dict[str, int]  # its first and last attempt and finding, as the statement names them


class Runs:
    """The desk for executions over a batch."""

    def __init__(self, database: Database, claims: Claims, totals: Totals, chain: Chain) -> None:
        self._db = database
        self._chain = chain
        self._claims = claims
        self._totals = totals

    def start(
        self,
        batch_id: int,
        *,
        retry_failed: bool = False,
        settings_json: str = "{}",
        lease_seconds: float | None = LEASE_SECONDS,
        timeout_seconds: float = TIMEOUT_SECONDS,
        has_pilot: bool = False,
    ) -> int:
        """Begin a run: the batch answers for its rows' unsettled requests. Returns its number.

        This process claims all of the batch's site, for so long; or nothing (None), where others will send for the run.
        `settings_json` says for the record how the run was set, and what was agreed to. `has_pilot`: nobody else sends
        for it before `Teams.agree_to_pilot`.

        Raises:
            LedgerBusy: another process sends for the site.
            LedgerError: the ledger was copied to another place, from which it is paid on.
            UsageError: a failed row that is to be tried again is mended and paid since.
        """
        self._claims.ready()
        with self._db.transaction():
            stay_here(self._db)
            if retry_failed:
                be_alone(self._db, batch_id)
                refuse_retry(self._db, batch_id)
            run_id: int = self._db.value(
                "start_run",
                batch=batch_id,
                now=self._db.now(),
                version=__version__,
                user=user_name(),
                settings=settings_json,
                halted=PILOT_WAITS if has_pilot else None,
            )
            if lease_seconds is None:
                self._claims.adopt(batch_id)
            else:
                self._claims.claim(
                    batch_id, run_id, lease_seconds=lease_seconds, timeout_seconds=timeout_seconds
                )
            if retry_failed:
                self._claims.reopen_failed(batch_id)
        return run_id

    def settings_of(self, run_id: int) -> tuple[int, str]:
        """Which batch a run is over, and how it was set, as it was said for the record."""
        return self._db.one("settings_of_run", lambda row: (row[0], row[1]), run=run_id)

    def settings_of_all(self, batch_id: int) -> list[str]:
        """How each run over the batch was set, as it was said for the record."""
        return self._db.all("settings_of_runs", itemgetter(0), batch=batch_id)

    def looked_for(self, batch_id: int) -> list[str | None]:
        """The business entity for which every run over the batch sent, and looked first; none where they differ."""
        records = (orjson.loads(text).get("settings") or {} for text in self.settings_of_all(batch_id))
        found = {settings.get("business_entity_id") for settings in records}
        return [*found] if len(found) == 1 else []

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
        batch_id: int = self._db.value("batch_of_run", run=run_id)
        with self._db.transaction():
            self._db.all("lock_runs", tuple, batch=batch_id)
            had_ended = self._db.value("run_has_ended", run=run_id)
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
            self._totals.seal(batch_id)
            if had_ended:  # a worker may have ended it first, with what was known to it
                self._chain.seal_end_again(run_id)

    def note_site_clock(self, run_id: int, began_ms: int) -> None:
        """Remember when the run began by the site's clock (milliseconds since 1970); the earliest figure counts."""
        with self._db.transaction():
            self._db.change("note_site_clock", run=run_id, began_ms=began_ms)

    def last(self, batch_id: int) -> RunRecord | None:
        """The newest run over the batch, or None."""
        return self._db.first("runs", _run_record, batch=batch_id, most=1)

    def every(self, batch_id: int) -> list[RunRecord]:
        """All runs over the batch, oldest first."""
        return self._db.all("runs", _run_record, batch=batch_id, most=_ALL)[::-1]

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
            slices = self._db.all("slices", Slice._make, **bounds, **span.places)
            courses.append(Course(span.run_id, iso_time(span.started) or "", last + 1, slices))
        return width, courses

    def _spans(self, batch_id: int) -> list[_Span]:
        """The newest runs that recorded anything, oldest first, and one more if there are more."""
        return self._db.all("spans", _span, batch=batch_id, most=MAX_ACTIVE_RUNS + 1)[::-1]


def _width_ms(spans_ms: list[int]) -> int:
    """The narrowest width in which all spans together have few enough slices."""
    for width in _WIDTHS_MS:
        if sum(span // width for span in spans_ms) <= MAX_SLICES:
            return width
    days = -(-sum(spans_ms) // (MAX_SLICES * _WIDTHS_MS[-1]))
    return days * _WIDTHS_MS[-1]


def _run_record(row: Row) -> RunRecord:
    run_id, started_at, ended_at, *rest, hosts = row
    rest.append(tuple(sorted(orjson.loads(hosts))))
    return RunRecord(run_id, iso_time(started_at) or "", iso_time(ended_at), *rest)


def _decision(row: Row) -> Decision:
    row_number, at, reason = row
    return Decision(row_number, iso_time(at) or "", reason)


def _span(row: Row) -> _Span:
    run_id, started, ended, *places = row
    names = ("first_attempt", "last_attempt", "first_finding", "last_finding")
    return _Span(run_id, started, ended, dict(zip(names, places, strict=True)))
