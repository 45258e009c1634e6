"""The worker pool: claims what is owed, journals each attempt, sends it, and carries out what the answer means.

One dispatcher decides what may go: never two calls on one customer, never more in the journal than the site's
limits let go soon. N workers take journaled attempts and send them. A credit in doubt keeps its customer's
place and is handed to the settler, which gives it back or settles it.

A row's way:  read (pending) -> journaled (in flight) -> sent -> settled | waiting for another try | in doubt
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, assert_never

from batch_credits.chargebee import Chargebee
from batch_credits.errors import RunStopped, TooManyFailures, weightier
from batch_credits.gate import RateLimiter
from batch_credits.ledger import Journal
from batch_credits.model import OpenAttempt, Outcome, PlannedCredit, RequestState
from batch_credits.progress.observers import Progress
from batch_credits.protocol import (
    AnswerStep,
    HoldInDoubt,
    KeepAndStop,
    NoAnswer,
    NotSent,
    SendAgain,
    SettleCredited,
    SettleFailed,
    StopRun,
    Throttled,
    Unavailable,
    Verdict,
    after_answer,
)
from batch_credits.settings import RunSettings
from batch_credits.worker_pool.breaker import Breaker
from batch_credits.worker_pool.retry import backoff_seconds, may_try_again, throttle_seconds

ReadPage = Callable[[int, int], Coroutine[Any, Any, list[PlannedCredit]]]
_PAGES_AHEAD = 6  # journaled and not yet sent at most, where there is no limit: a sync of 5 ms shall not be felt
_MAX_WAITING = 10_000  # rows kept in memory because their customer is busy; reading goes on below it


@dataclass(slots=True)
class Counts:
    """What a run counts beside outcomes."""

    throttled: int = 0
    retries: int = 0
    failures: int = 0


class WorkerPool:
    """Sends one batch. Build it in a running event loop, `run` it once."""

    def __init__(
        self,
        *,
        chargebee: Chargebee,
        journal: Journal,
        limiter: RateLimiter,
        settings: RunSettings,
        read_page: ReadPage,
        hold: Callable[[PlannedCredit], None],
        observer: Progress,
        chance: Callable[[], float],
    ) -> None:
        self._chargebee = chargebee
        self._journal = journal
        self._limiter = limiter
        self._settings = settings
        self._read_page = read_page
        self._hold = hold
        self._observer = observer
        self._chance = chance
        self._loop = asyncio.get_running_loop()
        self._ready: deque[PlannedCredit] = deque()  # their customers are theirs already
        self._candidates: deque[PlannedCredit] = deque()  # read, not yet looked at
        # Customers with a call under way or a credit in doubt, and their others, which wait.
        self._customers: dict[str, deque[PlannedCredit]] = {}
        self._waiting = 0
        self._claimed: asyncio.Queue[OpenAttempt] = asyncio.Queue()
        self._outstanding = 0  # credits in our hands: journaled, under way, waiting for a try, or in doubt
        self._held = 0  # of these, in the settler's hands
        self._from_before: set[int] = set()  # in doubt since another run; not to be read as pending once settled
        self._last_read = 0
        self._reading: asyncio.Task[list[PlannedCredit]] | None = None
        self._all_read = False
        self._changed = asyncio.Event()
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._first_try: dict[int, float] = {}
        self.counts = Counts()
        self.stopped: RunStopped | None = None
        self.stopping = False
        self.breaker = Breaker(settings, self._probe, self.stop, observer.note, chance)
        # Both hold the dispatcher back, so both must wake it.
        limiter.on_share, limiter.on_shrink = observer.slowed_to, self._say_slower
        limiter.on_free = self.breaker.on_closed = self._changed.set
        journal.on_failure = lambda: self.stop(None)  # what is journaled and waits for a worker stays here, too

    async def run(self) -> None:
        """Send until nothing is owed, or `stop` is called; then every answer on its way has been recorded.

        Raises:
            LedgerError: the journal failed; nothing was sent after that.
        """
        workers = [self._loop.create_task(self._work()) for _ in range(self._settings.concurrency)]
        dispatcher = self._loop.create_task(self._dispatch())
        try:
            done, _ = await asyncio.wait([dispatcher, *workers], return_when=asyncio.FIRST_COMPLETED)
            if self.breaker.failure is not None:
                raise self.breaker.failure
            for task in done:
                task.result()  # workers never end by themselves: this is an error of theirs, or the dispatcher's end
        finally:
            self.breaker.cancel()
            for timer in self._timers.values():
                timer.cancel()
            tasks: list[asyncio.Task[Any]] = [dispatcher, *workers]
            if self._reading is not None:
                tasks.append(self._reading)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self.stopping:
                self._give_back_unsent()

    def _give_back_unsent(self) -> None:
        """Ended before every answer was in: what waited for a worker was never sent, so it is no more in doubt."""
        while not self._claimed.empty():
            self._not_sent(self._claimed.get_nowait().credit)

    def stop(self, error: RunStopped | None) -> None:
        """Send nothing more; let what is on its way be answered and recorded. `error` says why, if something is."""
        self.stopped = weightier(self.stopped, error)
        self.stopping = True
        self.breaker.cancel()
        self._limiter.close()
        self._changed.set()

    def journaled(self) -> int:
        """How many attempts are on disk, or about to be, and not answered."""
        return self._outstanding - self._held - len(self._timers)

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
        self._changed.set()

    def settled(self, credit: PlannedCredit) -> None:
        """The settler is done with this credit: settled, or left for the next run or a person."""
        self._held -= 1
        self._let_go(credit)
        self._changed.set()

    # -- Dispatching ---------------------------------------------------------------------------------------

    async def _dispatch(self) -> None:
        while True:
            self._changed.clear()
            page = [] if self.stopping else await self._next_page(self._room())
            if page:
                self._outstanding += len(page)
                for attempt in await self._journal.open_attempts(page):
                    self._claimed.put_nowait(attempt)
                continue
            if self._is_done():
                return
            await self._changed.wait()

    def _is_done(self) -> bool:
        if self.stopping:
            return self.journaled() == 0
        return self._all_read and not self._ready and not self._candidates and self._outstanding == 0

    def _room(self) -> int:
        """How many attempts to journal now: enough to keep the workers busy, few enough to leave little in doubt."""
        if not self.breaker.closed.is_set():
            return 0
        free = self._limiter.free_slots()
        queued, page = self._claimed.qsize(), self._settings.claim_page
        ahead = max(page, self._settings.concurrency)
        if free is not None:
            return min(page, ahead - queued, free - queued - self._limiter.waiting())
        room = _PAGES_AHEAD * page - queued
        return room if room >= page else 0  # no small commits, and the workers never wait for the disk

    async def _next_page(self, room: int) -> list[PlannedCredit]:
        page: list[PlannedCredit] = []
        while len(page) < room:
            if self._ready:
                page.append(self._ready.popleft())
            elif self._is_looking_enough():
                break
            elif self._candidates:
                self._consider(self._candidates.popleft(), page)
            elif self._all_read or self._waiting >= _MAX_WAITING:
                break
            else:
                await self._read_more()
        return page

    def _is_looking_enough(self) -> bool:
        return self._settings.verify_first and self._held >= self._settings.concurrency

    async def _read_more(self) -> None:
        """Take a page of rows, and let the next one be read meanwhile."""
        # One page more than a claim, so that rows of busy customers don't make the page small.
        limit = 2 * self._settings.claim_page
        credits = await (self._reading or self._read_page(self._last_read, limit))
        self._reading = None
        self._candidates.extend(credit for credit in credits if credit.request_id not in self._from_before)
        if len(credits) < limit:
            self._all_read = True
        else:
            self._last_read = credits[-1].request_id
            self._reading = self._loop.create_task(self._read_page(self._last_read, limit))

    def _consider(self, credit: PlannedCredit, page: list[PlannedCredit] | deque[PlannedCredit]) -> None:
        """Let a row go if its customer is free; else it waits its turn."""
        waiting = self._customers.get(credit.customer_id)
        if waiting is not None:
            waiting.append(credit)
            self._waiting += 1
            return
        self._customers[credit.customer_id] = deque()
        self._start(credit, page)

    def _start(self, credit: PlannedCredit, page: list[PlannedCredit] | deque[PlannedCredit]) -> None:
        """Claim it, or have it looked at first: a credit in doubt, or its first send in a run if so wanted."""
        # Attempts of other runs prove nothing here: an old copy of the ledger may not know how they ended.
        must_look = credit.state is RequestState.IN_DOUBT or (
            credit.sends == 0 and (credit.look_first or self._settings.verify_first)
        )
        if must_look:
            self._outstanding += 1
            self._held += 1
            self._hold(credit)
        else:
            page.append(credit)

    def _let_go(self, credit: PlannedCredit) -> None:
        """The credit is out of our hands: its customer's next may go. The caller wakes the dispatcher."""
        self._outstanding -= 1
        self._first_try.pop(credit.request_id, None)
        waiting = self._customers[credit.customer_id]
        if waiting:
            self._waiting -= 1
            self._start(waiting.popleft(), self._ready)
        else:
            del self._customers[credit.customer_id]

    # -- Sending -------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            attempt = await self._claimed.get()
            credit = attempt.credit
            if not self.breaker.closed.is_set():
                await self.breaker.closed.wait()
            if self.stopping:
                self._not_sent(credit)
                continue
            credit.sends += 1
            verdict = await self._chargebee.send_credit(attempt)
            credit.last_sent = self._loop.time()
            # No await from here to the record.
            self._carry_out(credit, after_answer(credit, verdict))

    def _not_sent(self, credit: PlannedCredit) -> None:
        self._carry_out(credit, after_answer(credit, NotSent("the run stopped before it was sent")))

    def _carry_out(self, credit: PlannedCredit, step: AnswerStep) -> None:
        self._journal.record(credit, step.finding(credit))
        match step:
            case SettleCredited():
                self.breaker.proof()
                self._observer.settled(Outcome.CREDITED)
                self._let_go(credit)
            case SettleFailed():
                self.breaker.proof()
                self._observer.settled(Outcome.FAILED)
                self._count_failure()
                self._let_go(credit)
            case SendAgain(verdict):
                self._try_again(credit, verdict)
            case HoldInDoubt(verdict, reason):
                self._hold_in_doubt(credit, verdict, reason)
            case StopRun(error, open_attempts):
                if open_attempts:
                    self._observer.settled(Outcome.IN_DOUBT)
                self.stop(error)
                self._let_go(credit)
            case KeepAndStop(error=error):
                self._observer.settled(Outcome.REVIEW)
                self.stop(error)
                self._let_go(credit)
            case _:
                assert_never(step)
        self._changed.set()

    def _hold_in_doubt(self, credit: PlannedCredit, verdict: Verdict, reason: str) -> None:
        """Have others wait where it concerns them, and leave the credit to the settler."""
        match verdict:
            case NoAnswer():
                self.breaker.trouble(reason)
            case Throttled(replayed=False) | Unavailable(replayed=False) | NotSent():
                self._pause_for(verdict, max(1, credit.sends))
            case _:
                pass  # a refusal, or an old answer replayed: they say nothing about the site as it is now
        self._observer.settled(Outcome.IN_DOUBT)
        self._held += 1
        self._hold(credit)

    def _count_failure(self) -> None:
        self.counts.failures += 1
        bound = self._settings.max_failures
        if bound is not None and self.counts.failures > bound:
            self.stop(TooManyFailures.beyond(bound))

    def _try_again(self, credit: PlannedCredit, verdict: Throttled | Unavailable | NotSent) -> None:
        now = self._loop.time()
        tries = max(1, credit.sends)
        wait = self._pause_for(verdict, tries)
        first = self._first_try.setdefault(credit.request_id, now)
        if self.stopping or not may_try_again(self._settings, credit.sends, now - first):
            self._let_go(credit)
            return
        self.counts.retries += 1
        self._timers[credit.request_id] = self._loop.call_later(wait, self._retry, credit)

    def _retry(self, credit: PlannedCredit) -> None:
        del self._timers[credit.request_id]
        self._outstanding -= 1
        self._ready.append(credit)
        self._changed.set()

    def _pause_for(self, verdict: Throttled | Unavailable | NotSent, tries: int) -> float:
        """Make others wait too, where it concerns them. Returns how long this row waits."""
        match verdict:
            case Throttled(retry_after_seconds=after, one_customer=one_customer):
                self.counts.throttled += 1
                self._observer.throttled()
                wait = throttle_seconds(self._settings, after, tries, self._chance())
                if not one_customer:
                    self._limiter.throttled(wait)
                    self.breaker.waited()
                return wait
            case Unavailable(message=message, retry_after_seconds=after):
                self.breaker.open(message, after)
                return backoff_seconds(self._settings, tries, self._chance())
            case NotSent(reason):
                if not self.stopping:
                    self.breaker.trouble(reason)
                return backoff_seconds(self._settings, tries, self._chance())
            case _:
                assert_never(verdict)

    def _say_slower(self, per_minute: int) -> None:
        self._observer.note(
            "The site's limit is used up, by others too: sending goes on more slowly, at"
            f" {per_minute:,} requests a minute, and slowly faster again."
        )

    async def _probe(self) -> bool:
        return await self._chargebee.answers()
