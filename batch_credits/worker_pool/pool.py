"""The worker pool: takes what is owed, journals each attempt, sends it, and carries out what the answer means.

One dispatcher decides what may go: never two calls on one customer, never more in the journal than the site's
limits let go soon. N workers take journaled attempts and send them. A credit in doubt keeps its customer's
place and is handed to the settler, which gives it back or settles it.

A row's way:  read (pending) -> journaled (in flight) -> sent -> settled | waiting for another try | in doubt

`pages` has what comes next, `turns` whose turn it is, `carry_out` what an answer does to everybody else.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, assert_never

from batch_credits.errors import RunStopped, weightier
from batch_credits.gate.session import Session
from batch_credits.ledger.group_commit import Journal
from batch_credits.model import OpenAttempt, PlannedCredit, RequestState
from batch_credits.progress.observers import Progress
from batch_credits.progress.waiting import Waiting
from batch_credits.protocol import NotSent, Verdict, after_answer
from batch_credits.settings import RunSettings
from batch_credits.worker_pool.breaker import Breaker
from batch_credits.worker_pool.carry_out import Consequences, HaveItLookedAt, LetGo, TryLater
from batch_credits.worker_pool.counts import Counts
from batch_credits.worker_pool.pages import Owed, ReadPage
from batch_credits.worker_pool.retry import may_try_again
from batch_credits.worker_pool.turns import Turns

_PAGES_AHEAD = 6  # journaled and not yet sent at most, where there is no limit: a sync of 5 ms shall not be felt


class Settler(Protocol):
    """Who settles doubt."""

    def hold(self, credit: PlannedCredit, pool: "WorkerPool") -> None:
        """Settle this credit's doubt, and give it back to the pool."""


class WorkerPool:
    """Sends what a batch owes. Build it in a running event loop, and `run` it; again, once nothing is left of before.

    `chance` gives random numbers in [0, 1).
    """

    def __init__(
        self,
        session: Session,
        journal: Journal,
        settler: Settler,
        settings: RunSettings,
        progress: Progress,
        chance: Callable[[], float],
    ) -> None:
        self._chargebee, self._limiter = session.chargebee, session.limiter
        self._journal = journal
        self._settler = settler
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._news = session.limiter.freed  # for the dispatcher: the limiter's, and whatever else concerns it
        self._breaker = Breaker(settings, self._chargebee.answers, self.stop, progress.note, chance, self._news)
        self._consequences = Consequences(journal, self._limiter, self._breaker, settings, progress, chance)
        self._turns = Turns()
        self._ready: deque[PlannedCredit] = deque()  # their customers' places are theirs already
        self._claimed: asyncio.Queue[OpenAttempt] = asyncio.Queue()
        self._outstanding = 0  # credits in our hands: journaled, under way, waiting for a try, or in doubt
        self._held = 0  # of these, in the settler's hands
        self._from_before: set[int] = set()  # in doubt since another run; not to be read as pending once settled
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._first_try: dict[int, float] = {}
        self.stopped: RunStopped | None = None
        self.stopping = False

    @property
    def counts(self) -> Counts:
        """What was counted so far."""
        return self._consequences.counts

    async def run(self, read_page: ReadPage) -> None:
        """Send until nothing of these pages is owed, or `stop` is called; then every answer on its way is recorded.

        Raises:
            LedgerError: the journal failed; nothing was sent after that.
        """
        self._breaker.begin()
        # One page more than a claim, so that rows of busy customers don't make the page small.
        owed = Owed(read_page, 2 * self._settings.claim_page, self._from_before)
        workers = [self._loop.create_task(self._work()) for _ in range(self._settings.concurrency)]
        dispatcher = self._loop.create_task(self._dispatch(owed))
        try:
            done, _ = await asyncio.wait([dispatcher, *workers], return_when=asyncio.FIRST_COMPLETED)
            if self._breaker.failure is not None:
                raise self._breaker.failure
            for task in done:
                task.result()  # workers never end by themselves: this is an error of theirs, or the dispatcher's end
        finally:
            self._breaker.cancel()
            for timer in self._timers.values():
                timer.cancel()
            tasks: list[asyncio.Task[Any]] = [dispatcher, *workers]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, owed.close(), return_exceptions=True)
            if self.stopping:
                self._give_back_unsent()

    def _give_back_unsent(self) -> None:
        """Ended before every answer was in: what waited for a worker was never sent, so it is no more in doubt."""
        while not self._claimed.empty():
            self._follow(self._claimed.get_nowait().credit, _STOPPED)

    def stop(self, error: RunStopped | None) -> None:
        """Send nothing more; let what is on its way be answered and recorded. `error` says why, if something is."""
        self.stopped = weightier(self.stopped, error)
        self.stopping = True
        self._breaker.cancel()
        self._limiter.close()
        self._news.set()

    def journaled(self) -> int:
        """How many attempts are on disk, or about to be, and not answered."""
        return self._outstanding - self._held - len(self._timers)

    def waiting(self) -> Waiting | None:
        """What keeps everything from being sent now, if something does; doubt is the settler's to tell of."""
        if (paused := self._breaker.waiting()) is not None:
            return paused
        if (seconds := self._limiter.paused_seconds()) > 0:
            return Waiting("Chargebee told us to wait", seconds)
        used, until = self._limiter.used_up()
        if used and not self._limiter.calls("POST") and not self.doubts_left():
            return Waiting(f"the last minute's {used:,} requests are used", until)
        if self._outstanding == len(self._timers) > 0:
            count, due = len(self._timers), min(timer.when() for timer in self._timers.values())
            what = "the next try of 1 row" if count == 1 else f"the next tries of {count:,} rows"
            return Waiting(what, max(0.0, due - self._loop.time()))
        return None

    def doubts_left(self) -> int:
        """How many credits are in doubt, if nothing else is in our hands; else 0."""
        return self._held if self._held == self._outstanding and not self._ready else 0

    # -- What the settler gives back -----------------------------------------------------------------------

    def take_held(self, credit: PlannedCredit) -> None:
        """A credit in doubt from before this run begins: it keeps its customer's place, and is held."""
        self._from_before.add(credit.request_id)
        self._consider(credit, self._ready)

    def release(self, credit: PlannedCredit) -> None:
        """The settler found that this credit may be sent (again)."""
        self._held -= 1
        if may_try_again(self._settings, credit.sends, 0.0):
            self._outstanding -= 1
            self._ready.append(credit)
        else:
            self._let_go(credit)
        self._news.set()

    def settled(self, credit: PlannedCredit) -> None:
        """The settler is done with this credit: settled, or left for the next run or a person."""
        self._held -= 1
        self._let_go(credit)
        self._news.set()

    # -- Dispatching ---------------------------------------------------------------------------------------

    async def _dispatch(self, owed: Owed) -> None:
        while True:
            self._news.clear()
            page = [] if self.stopping else await self._next_page(owed, self._room())
            if page:
                self._outstanding += len(page)
                for attempt in await self._journal.open_attempts(page):
                    self._claimed.put_nowait(attempt)
                continue
            if self._is_done(owed):
                return
            await self._news.wait()

    def _is_done(self, owed: Owed) -> bool:
        if self.stopping:
            return self.journaled() == 0
        return owed.is_all_taken and not self._ready and self._outstanding == 0

    def _room(self) -> int:
        """How many attempts to journal now: enough to keep the workers busy, few enough to leave little in doubt."""
        if not self._breaker.closed.is_set():
            return 0
        free = self._limiter.free_slots()
        queued, page = self._claimed.qsize(), self._settings.claim_page
        ahead = max(page, self._settings.concurrency)
        if free is not None:
            return min(page, ahead - queued, free - queued - self._limiter.waiting())
        room = _PAGES_AHEAD * page - queued
        # No small commits, and the workers never wait for the disk.
        return room if room >= self._settings.pages_at_once * page else 0

    async def _next_page(self, owed: Owed, room: int) -> list[PlannedCredit]:
        page: list[PlannedCredit] = []
        while len(page) < room:
            if self._ready:
                page.append(self._ready.popleft())
            elif self._is_looking_enough():
                break
            elif (credit := owed.take()) is not None:
                self._consider(credit, page)
            elif owed.is_all_read or self._turns.are_full:
                break
            else:
                await owed.read_more()
        return page

    def _is_looking_enough(self) -> bool:
        return self._settings.verify_first and self._held >= self._settings.concurrency

    def _consider(self, credit: PlannedCredit, page: list[PlannedCredit] | deque[PlannedCredit]) -> None:
        """Let a row go if its customer is free; else it waits its turn."""
        if self._turns.begins(credit):
            self._start(credit, page)

    def _start(self, credit: PlannedCredit, page: list[PlannedCredit] | deque[PlannedCredit]) -> None:
        """Claim it, or have it looked at first: a credit in doubt, or its first send in a run if so wanted."""
        # Attempts of other runs prove nothing here: an old copy of the ledger may not know how they ended.
        must_look = credit.state is RequestState.IN_DOUBT or (
            credit.sends == 0 and (credit.look_first or self._settings.verify_first)
        )
        if must_look:
            self._outstanding += 1
            self._have_looked_at(credit)
        else:
            page.append(credit)

    def _have_looked_at(self, credit: PlannedCredit) -> None:
        self._held += 1
        self._settler.hold(credit, self)

    def _let_go(self, credit: PlannedCredit) -> None:
        """The credit is out of our hands: its customer's next may go. The caller wakes the dispatcher."""
        self._outstanding -= 1
        self._first_try.pop(credit.request_id, None)
        following = self._turns.next_after(credit)
        if following is not None:
            self._start(following, self._ready)

    # -- Sending -------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            attempt = await self._claimed.get() if self._claimed.empty() else self._claimed.get_nowait()
            credit = attempt.credit
            try:
                if not self._breaker.closed.is_set():
                    await self._breaker.closed.wait()
                if self.stopping:
                    self._follow(credit, _STOPPED)
                    continue
                self.counts.retries += credit.sends > 0
                credit.sends += 1
                verdict = await self._chargebee.send_credit(attempt)
            except asyncio.CancelledError:
                self._consequences.unanswered()
                raise
            credit.last_sent = self._loop.time()
            # No await from here to the record.
            self._follow(credit, verdict)

    def _follow(self, credit: PlannedCredit, verdict: Verdict) -> None:
        what_next = self._consequences.carry_out(credit, after_answer(credit, verdict))
        match what_next:
            case LetGo():
                if what_next.stop is not None:
                    self.stop(what_next.stop)
                self._let_go(credit)
            case TryLater(seconds):
                self._try_later(credit, seconds)
            case HaveItLookedAt():
                self._have_looked_at(credit)
            case _:
                assert_never(what_next)
        self._news.set()

    def _try_later(self, credit: PlannedCredit, seconds: float) -> None:
        now = self._loop.time()
        first = self._first_try.setdefault(credit.request_id, now)
        if self.stopping or not may_try_again(self._settings, credit.sends, now - first):
            self._let_go(credit)
            return
        self._timers[credit.request_id] = self._loop.call_later(seconds, self._retry, credit)

    def _retry(self, credit: PlannedCredit) -> None:
        del self._timers[credit.request_id]
        self._outstanding -= 1
        self._ready.append(credit)
        self._news.set()


_STOPPED = NotSent("the run stopped before it was sent")
