"""One process: the product's own Sending on a loop of its own, which may die at any operation.

A death takes the process's memory and its uncommitted transaction. What it does afterwards (tasks must still
be unwound) has no effect: its ledger and its wire refuse.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

from batch_credits.chargebee.client import Chargebee
from batch_credits.errors import Interrupted
from batch_credits.gate.limiter import RateLimiter
from batch_credits.jobs.reconcile import settle_and_tie_out
from batch_credits.ledger import Claims, Ledger, Runs
from batch_credits.ledger.database import Database
from batch_credits.ledger.engines.sqlite.database import SqliteDatabase
from batch_credits.model import Finding, PlannedCredit
from batch_credits.progress.observers import SilentProgress
from batch_credits.reconciler.tie_out import TieOut
from batch_credits.sending.context import RunContext
from batch_credits.sending.issued import Issued
from batch_credits.sending.session import Sending
from batch_credits.settings import RunSettings
from tests.simulation.schedule import RunPlan
from tests.simulation.virtual_time import Hung, VirtualLoop
from tests.simulation.wire import ProcessDied, Wire

if TYPE_CHECKING:
    from tests.simulation.world import World

T = TypeVar("T")
SITE = "acme-test"


class MortalRuns(Runs):
    """The real desk; its process may die before a run's start or right after it."""

    process: "Process"

    def start(self, batch_id: int, **chosen: Any) -> int:
        self.process.point("before the run's start")
        run_id = super().start(batch_id, **chosen)
        self.process.point("after the run's start")
        return run_id


class MortalClaims(Claims):
    """The real desk; its process may die before a commit or right after it."""

    process: "Process"

    def commit(
        self, run_id: int | None, findings: Sequence[Finding], openings: Sequence[PlannedCredit], call: str = "{}"
    ) -> None:
        if not (findings or openings):  # it only keeps what it has claimed
            super().commit(run_id, findings, openings, call)
            return
        self.process.point("before a commit")
        super().commit(run_id, findings, openings, call)
        if self.process.world.tracing:
            self.process.world.trace(_commit_in_words(findings, openings))
        self.process.point("after a commit")


class _Watch(SilentProgress):
    def __init__(self, trace: Callable[[str], None]) -> None:
        self._trace = trace

    def note(self, text: str) -> None:
        self._trace(f"says: {text}")


class Process:
    """From the start of a run to its end or death."""

    def __init__(self, world: "World", plan: RunPlan, batch_id: int) -> None:
        self.world = world
        self.plan = plan
        self.settings: RunSettings = plan.settings
        self.batch_id = batch_id
        origin = world.chance.choice((0.5, 1000.0, 5_000_000.0))
        self._origin, self.born = origin, world.now
        self.loop = VirtualLoop(origin)
        self._death: asyncio.Future[None] = self.loop.create_future()
        self._operations = 0
        self._writer_free = origin
        self.is_dead = False
        self.slept = 0.0
        self.wire = Wire(self)
        self.ledger = self._mortal_ledger(SqliteDatabase(world.connection, Path("simulated")))

    def _mortal_ledger(self, database: Database) -> Ledger:
        ledger = Ledger(database)
        ledger.workers.end_all()  # as whoever opens the ledger's file does: no process lives beside it
        ledger.claims = claims = MortalClaims(database, ledger.workers)
        ledger.runs = runs = MortalRuns(database, claims, ledger.totals, ledger.chain)
        claims.process = runs.process = self
        return ledger

    @property
    def now(self) -> float:
        """The world's time, as long as this process lives."""
        return self.born + self.loop.time() - self._origin + self.slept

    def point(self, name: str, *, later: bool = False) -> None:
        """One more operation; death may come here, or (`later`) a moment after. The dead go no further.

        Raises:
            ProcessDied: it is over.
        """
        if self.is_dead:
            raise ProcessDied(name)
        self._operations += 1
        if self._operations == self.plan.crash_at:
            delay = self.plan.crash_delay
            if later or delay:
                self.loop.call_later(delay if delay else self.world.chance.uniform(0, 0.05), self._die, name)
            else:
                self._die(name)
                raise ProcessDied(name)

    def _die(self, name: str) -> None:
        if not self.is_dead:
            self.world.trace(f"DIES {name}")
            self.is_dead = True
            if not self._death.done():
                self._death.set_result(None)

    def in_thread(self, work: Callable[[], T]) -> Awaitable[T]:
        """The ledger's thread: one piece of work after another, done also if nobody waits for it any more."""
        done: asyncio.Future[T] = self.loop.create_future()
        begin = max(self.loop.time(), self._writer_free)
        self._writer_free = begin + self.world.schedule.commit_seconds

        def finish() -> None:
            if self.is_dead:
                return
            try:
                result = work()
            except Exception as error:
                if not done.done():
                    done.set_exception(error)
            else:
                if not done.done():
                    done.set_result(result)

        self.loop.call_at(self._writer_free, finish)
        return done

    def run(self) -> Issued | TieOut | BaseException | None:
        """Live. Returns how the sending or the asking ended, the exception that ended it, or None for a death."""
        try:
            main = self._reconcile() if self.plan.reconciles else self._main(self._started())
        except ProcessDied:
            self.loop.close()
            return None
        for at, seconds in self.plan.sleeps:
            self.loop.call_later(at, self._sleep, seconds)
        try:
            task = self.loop.run_while(main, self._death)
        except Hung:
            self.is_dead = True
            self.loop.bury()
            raise
        outcome: Issued | TieOut | BaseException | None = None
        if not self.is_dead:
            outcome = asyncio.CancelledError() if task.cancelled() else task.exception() or task.result()
        ended = self.now
        self.is_dead = True
        self.loop.bury()
        self.world.now_at(ended)
        return outcome

    def _started(self) -> int:
        return self.ledger.runs.start(self.batch_id, retry_failed=self.settings.retry_failed)

    def _sleep(self, seconds: float) -> None:
        """The machine sleeps: its monotonic clock stands still, and the world goes on."""
        self.world.trace(f"THE MACHINE SLEEPS for {seconds:.0f} s")
        self.slept += seconds

    async def _reconcile(self) -> TieOut:
        self.ledger.claims.claim(self.batch_id)
        limiter = RateLimiter.within(self.settings)
        chargebee = Chargebee(self.wire, limiter, self.settings)
        batch = self.world.batch_record(self.batch_id)
        asking: Any = SimpleNamespace(chargebee=chargebee, in_thread=self.in_thread, limiter=limiter)
        return await settle_and_tie_out(
            self.ledger, batch, asking, self.settings, _Watch(self.world.trace), whole=True
        )

    async def _main(self, run_id: int) -> Issued:
        run = RunContext(
            self.ledger,
            self.world.batch_record(self.batch_id),
            run_id,
            self.settings,
            _Watch(self.world.trace),
            self.world.chance.random,
        )
        sending = Sending(run, self.wire, self.in_thread)
        self._schedule_interrupts(sending)
        try:
            issued = await sending.run()
        except asyncio.CancelledError:
            if sending.pool.stopped is None:
                raise
            issued = sending.issued()
        self.ledger.runs.end(run_id, requests=issued.requests, throttled=0, retries=0, stopped=None)
        return issued

    def _schedule_interrupts(self, sending: Sending) -> None:
        at = self.plan.interrupt_at
        if at is None:
            return
        main = asyncio.current_task(self.loop)
        assert main is not None
        self.loop.call_later(at, sending.stop, Interrupted("interrupted"))
        if self.plan.interrupt_twice:
            self.loop.call_later(at * 1.5, main.cancel)


def _commit_in_words(findings: Sequence[Finding], openings: Sequence[PlannedCredit]) -> str:
    learned: list[Any] = [f"{f.request_id}={f.state.value}({f.open_attempts} open: {f.reason})" for f in findings]
    opened = [f"{c.request_id}" for c in openings]
    return f"COMMIT learned [{', '.join(learned)}] opened [{', '.join(opened)}]"
