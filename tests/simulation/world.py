"""One schedule from its first run to its last: the user, the ledger's file, the site, and the wall clock."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from batch_credits.chargebee.bodies import add_body
from batch_credits.errors import UsageError
from batch_credits.ledger import Ledger, StagedRow, times
from batch_credits.ledger.engines.sqlite import store
from batch_credits.ledger.engines.sqlite.database import SqliteDatabase
from batch_credits.model import BatchRecord, ControlTotal, LoadedRow, NewBatch
from batch_credits.model.credit_requests import CreditRequest
from batch_credits.planning.reversal import select, stage_reversal
from batch_credits.process import clock
from batch_credits.reconciler.tie_out import TieOut
from batch_credits.sending.issued import Issued
from batch_credits.settings import DEFAULT_INPUT, RunSettings
from tests.simulation.judge import Judge
from tests.simulation.process import SITE, Process
from tests.simulation.schedule import DAY, RowPlan, RunPlan, Schedule
from tests.simulation.site import Site
from tests.simulation.virtual_time import Hung

MAX_LAST_RUNS = 8  # of a healthy site, until every row must be settled
_MAX_JUMP_DAYS = 400.0


@cache
def _empty_ledger() -> bytes:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    store.prepare(connection, "template", created=True)
    return connection.serialize()


def _opened(content: bytes) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.deserialize(content)
    return connection


def empty_connection() -> sqlite3.Connection:
    """A ledger of today's version with nothing in it, in memory."""
    return _opened(_empty_ledger())


def staged_batch(ledger: Ledger, number: int, rows: Sequence[RowPlan]) -> int:
    """An admitted batch of these rows."""
    batch_id = ledger.admission.begin(
        NewBatch(
            key=f"{number:064x}", site=SITE, file_name=f"{number}.csv", file_sha256="0", headers=(), columns={},
            options_json=DEFAULT_INPUT.as_json(),
        )
    )  # fmt: skip
    staged = [_staged(row, n) for n, row in enumerate(rows, start=2)]
    ledger.admission.stage(batch_id, staged)
    ledger.admission.finish(batch_id, len(staged), {"USD": ControlTotal(len(staged))})
    problems = [*ledger.reports.problems(batch_id)]
    assert not problems, problems
    ledger.admission.admit(batch_id)
    return batch_id


class World:
    """Everything outside the product. `tell` gets a line for every event, if there is someone to read it."""

    def __init__(
        self, schedule: Schedule, tell: Callable[[str], None] | None = None, judge: type[Judge] = Judge
    ) -> None:
        self.schedule = schedule
        self.chance = Random(schedule.seed ^ 0x5EED)
        self.tracing = tell is not None
        self._tell = tell
        self._process: Process | None = None
        self._time = 0.0
        self._wall_offset = 0.0
        self.connection = _opened(_empty_ledger())
        self.rows = [row for batch in schedule.batches for row in batch]
        self.site = Site(schedule.site, self.rows, self.chance, self._known, self.trace)
        self.judge = judge(self)
        self._batch_ids: list[int] = []
        self._copy: tuple[bytes, list[int]] | None = None

    # -- Time --------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """Seconds of true time since the first run began."""
        return self._time if self._process is None or self._process.is_dead else self._process.now

    def now_at(self, time: float) -> None:
        """A process ended at this time."""
        self._time = max(self._time, time)

    def wall_ms(self) -> int:
        """The wall clock, which jumps both ways if the schedule says so."""
        if self.schedule.wall_jumps and self.chance.random() < 0.05:
            self._wall_offset = self.chance.uniform(-_MAX_JUMP_DAYS, _MAX_JUMP_DAYS) * DAY
        return int((1_780_000_000 + self._wall_offset + self.now) * 1000)

    def is_out(self) -> bool:
        """Whether the way to the site is cut."""
        return not self.site.is_healed and _within(self.now, self.schedule.site.outages)

    def is_read_only(self) -> bool:
        """Whether the site takes no writes."""
        return not self.site.is_healed and _within(self.now, self.schedule.site.read_only)

    def trace(self, text: str) -> None:
        """Tell what happened."""
        if self._tell is not None:
            self._tell(f"{self.now:12.3f}  {text}")

    # -- The ledger --------------------------------------------------------------------------------------

    def _ledger(self) -> Ledger:
        return Ledger(SqliteDatabase(self.connection, Path("simulated")))

    def _known(self) -> set[str]:
        """The credits that their own answers proved."""
        found = self.connection.execute(
            "SELECT r.credit_id FROM credit_request r JOIN finding f USING (request_id)"
            " WHERE f.state = 'credited' AND f.reason IS NULL"
        )
        return {row[0] for row in found}

    def batch_record(self, batch_id: int) -> BatchRecord:
        """What `Sending` wants to know of a batch."""
        return replace(self._ledger().batches.staged(batch_id), totals={})

    def batch_id(self, number: int) -> int:
        """The file is read, and admitted, when it is first run."""
        while len(self._batch_ids) <= number:
            self._batch_ids.append(self._stage(len(self._batch_ids)))
        return self._batch_ids[number]

    def _reversal_id(self, number: int) -> int | None:
        """The reversal of what the batch has credited by now, staged and admitted; None if there is nothing."""
        ledger = self._ledger()
        selection = select(ledger, ledger.batches.staged(self.batch_id(number)), None)
        if not selection.rows:
            return None
        plan = stage_reversal(ledger, selection)
        self.judge.expect(not plan.problems, "admission", f"a reversal is rejected: {plan.problems}")
        if plan.is_new:
            ledger.admission.admit(plan.batch_id)
        return plan.batch_id

    def _stage(self, number: int) -> int:
        return staged_batch(self._ledger(), number, self.schedule.batches[number])

    # -- The user ----------------------------------------------------------------------------------------

    def play(self) -> Judge:
        """Run the command as the schedule says, then, with the site healed, until the ledger owes nothing."""
        original, boottime = times.now_ms, clock.boottime
        times.now_ms, clock.boottime = self.wall_ms, lambda: 77.0 + self.now
        try:
            for plan in self.schedule.runs:
                self._run(plan)
            self._heal()
            for attempt in range(MAX_LAST_RUNS):
                if not self._last_runs(attempt):
                    break
            self.judge.judge()
        finally:
            times.now_ms, clock.boottime = original, boottime
            self.connection.close()
        return self.judge

    def _heal(self) -> None:
        self._time += 1.0
        self.site.is_healed = True
        self.trace("THE SITE IS HEALED")

    def _last_runs(self, attempt: int) -> bool:
        """Run every batch once more, and the reversals. Returns whether something is still owed."""
        runs = [(number, False) for number in range(len(self.schedule.batches))]
        for number, reverses in [*runs, *((number, True) for number in sorted(self.schedule.undone))]:
            gap = self.chance.choice((1.0, 600.0, DAY))
            self._run(RunPlan(number, gap, self.schedule.last_settings, reverses=reverses))
        return self.judge.owed() > 0

    def _run(self, plan: RunPlan) -> None:
        self._time += plan.gap
        self._jump()
        self._copy_or_restore(plan)
        batch_id = self._reversal_id(plan.batch) if plan.reverses else self.batch_id(plan.batch)
        if batch_id is None:
            return
        settings = self._allowed(batch_id, plan.settings)
        if settings is None:
            self.trace("refused: rows are open under several business entities")
            return
        plan = replace(plan, settings=settings)
        self._process = Process(self, plan, batch_id)
        self.trace(f"RUN of {'the reversal in ' if plan.reverses else ''}batch {batch_id} with {_differences(plan)}")
        try:
            outcome = self._process.run()
        except Hung as hung:
            self.judge.expect(False, "hung", str(hung))
            raise Stuck from hung
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")
        self.judge.run_ended(self._process, outcome)
        self.trace(f"ended: {_in_words(outcome)}")
        self._process = None
        self.site.advance(self.now)

    def _allowed(self, batch_id: int, settings: RunSettings) -> RunSettings | None:
        """The options with which the command takes the batch: its user follows the hint of a refusal."""
        ledger = self._ledger()
        for entity in dict.fromkeys((settings.business_entity_id, None, "emea", "apac")):
            try:
                ledger.claims.check_entity(batch_id, entity)
            except UsageError:
                continue
            return replace(settings, business_entity_id=entity)
        return None

    def _copy_or_restore(self, plan: RunPlan) -> None:
        if plan.keeps_copy:
            self._copy = self.connection.serialize(), list(self._batch_ids)
        if plan.restores_copy:
            assert self._copy is not None
            self.trace("AN OLD COPY OF THE LEDGER IS RESTORED")
            self.connection.close()
            self.connection = _opened(self._copy[0])
            self._batch_ids = list(self._copy[1])

    def _jump(self) -> None:
        if self.schedule.wall_jumps:
            self._wall_offset = self.chance.uniform(-_MAX_JUMP_DAYS, _MAX_JUMP_DAYS) * DAY


class Stuck(Exception):
    """A process hung, so the schedule cannot go on."""


def play(schedule: Schedule, tell: Callable[[str], None] | None = None, judge: type[Judge] = Judge) -> Judge:
    """Play a schedule to its end, and judge it."""
    world = World(schedule, tell, judge)
    try:
        return world.play()
    except Stuck:
        return world.judge


def _within(now: float, windows: tuple[tuple[float, float], ...]) -> bool:
    return any(start <= now < end for start, end in windows)


def _staged(row: RowPlan, number: int) -> StagedRow:
    request = CreditRequest(
        customer_id=row.customer_id,
        reference=row.reference,
        description="a credit",
        amount=row.amount,
        currency_code=row.currency,
    )
    loaded = LoadedRow(number, (), request, (), row.customer_id, row.reference, request.money)
    return StagedRow(loaded, add_body(request))


def _differences(plan: RunPlan) -> str:
    shown: dict[str, Any] = {"crash_at": plan.crash_at, "interrupt_at": plan.interrupt_at, "gap": plan.gap}
    names = ["wait", "verify_first", "retry_failed", "concurrency", "claim_page", "rate_per_minute", "max_looks"]
    names += ["quarantine_seconds", "timeout_seconds", "business_entity_id", "silence"]
    shown |= {name: getattr(plan.settings, name) for name in names}
    return ", ".join(f"{name}={value}" for name, value in shown.items() if value is not None)


def _in_words(outcome: Issued | TieOut | BaseException | None) -> str:
    if outcome is None:
        return "died"
    if isinstance(outcome, TieOut):
        return f"reconciled: {outcome.differences}"
    if isinstance(outcome, Issued):
        return f"{outcome.requests} requests, stopped: {outcome.stopped}"
    return repr(outcome)
