"""Workers on one ledger and one site, in virtual time: the real gate and the real desk, and everything else made up.

Each worker has an event loop and a clock of its own; it may be stopped for a while or for good, cut off from the
ledger, told to drain, or die. Requests on their way go on without it. The judge counts what arrives at the site.
"""

import asyncio
import heapq
import random
import sqlite3
from asyncio import base_events
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from batch_credits.chargebee.client import GateClosed
from batch_credits.errors import LedgerError
from batch_credits.gate.session import Session
from batch_credits.ledger import Budget, Workers, store
from batch_credits.ledger.engines.sqlite.database import SqliteDatabase
from batch_credits.process import clock
from batch_credits.settings import RunSettings

T = TypeVar("T")
SITE = "acme-test"
WINDOW = 60.0  # as the site counts
MOST_STEPS = 200_000


class Judge:
    """Counts arrivals as the site does, and knows nothing of slots."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._recent: deque[float] = deque()
        self.arrivals = 0
        self.violations: list[tuple[str, str]] = []

    def arrived(self, now: float) -> None:
        """One more request."""
        self.arrivals += 1
        while self._recent and self._recent[0] <= now - WINDOW + 1e-6:
            self._recent.popleft()
        self._recent.append(now)
        if len(self._recent) > self._limit:
            self.find("over", f"{len(self._recent)} arrivals in a minute at {now:.3f}, of {self._limit}")

    def lately(self, now: float) -> int:
        """How many arrived within the last window."""
        return sum(at > now - WINDOW for at in self._recent)

    def find(self, kind: str, what: str) -> None:
        """A promise is broken."""
        self.violations.append((kind, what))


@dataclass
class Fate:
    """How a worker lives. Times are seconds since its start."""

    starts: float
    sends: bool
    budget: int
    lasts: float
    end: str  # "drain", "haste", "crash", or "stop" or "cut": for ever; "never": nothing happens to it
    pauses: list[tuple[float, float]]  # it is stopped at, for
    cuts: list[tuple[float, float]]  # and from the ledger
    asks_first: bool = False  # a session that only asks before the one that sends


@dataclass
class Story:
    """All that chance decides before the first step."""

    limit: int
    timeout: float
    lease: float
    ledger_seconds: float
    late: float  # how many requests, or answers, take long
    lost: float
    fates: list[Fate]


def draw(seed: int) -> Story:
    """What happens in this seed."""
    chance = random.Random(f"budget {seed}")
    limit = chance.choice((1, 1, 2, 2, 3, 4, 6, 10, 24))
    timeout, lease = chance.choice((2.0, 15.0, 30.0)), chance.choice((6.0, 15.0, 40.0))
    differ = chance.random() < 0.15
    fates = []
    for _number in range(chance.randint(2, 4)):
        lasts = chance.choice((5.0, 30.0, 90.0, 150.0)) * chance.uniform(0.3, 1.0)
        pauses, cuts = [], []
        if chance.random() < 0.35:
            about = chance.choice((lease, lease + timeout, lease + timeout + WINDOW, lease + timeout + 2 * WINDOW))
            pauses.append((chance.uniform(0, lasts), about * chance.uniform(0.3, 1.3)))
        if chance.random() < 0.35:
            cuts.append((chance.uniform(0, lasts), lease * chance.uniform(0.1, 3)))
        end = chance.choice(("drain", "haste", "crash", "stop", "cut", "cut"))
        if end == "cut":
            cuts.append((lasts, 1e9))
        asks_first = chance.random() < 0.25
        if asks_first and chance.random() < 0.5:  # and cannot give back what it had for that
            cuts.append((lasts / 3, lease * chance.uniform(0.1, 0.5)))
        fates.append(
            Fate(
                starts=chance.choice((0.0, 1.0, 20.0, 70.0)) * chance.uniform(0.5, 1.5),
                sends=chance.random() < 0.7,
                budget=chance.randint(1, limit) if differ else limit,
                lasts=lasts,
                end=end,
                pauses=pauses,
                cuts=cuts,
                asks_first=asks_first,
            )
        )
    return Story(
        limit,
        timeout,
        lease,
        ledger_seconds=chance.choice((0.0, 0.01, 0.3)),
        late=chance.choice((0.0, 0.03, 0.1, 0.4)),
        lost=chance.choice((0.0, 0.1)),
        fates=fates,
    )


class _NoSelector:
    def select(self, _timeout: float | None) -> list[Any]:
        return []

    def close(self) -> None:
        """Nothing to close."""


class _Loop(base_events.BaseEventLoop):
    """A worker's loop: the world says when it goes one step on."""

    def __init__(self, world: "World", ahead: float) -> None:
        super().__init__()
        self._world, self._ahead = world, ahead
        self._selector = _NoSelector()
        self._clock_resolution = 1e-7

    def time(self) -> float:
        return self._world.now + self._ahead

    def due(self) -> float | None:
        """When it has something to do, by the world's time."""
        if self._ready:
            return self._world.now
        return self._scheduled[0].when() - self._ahead if self._scheduled else None

    def step(self) -> None:
        asyncio._set_running_loop(self)
        try:
            self._run_once()
        finally:
            asyncio._set_running_loop(None)

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody waits."""


class World:
    """The time, the site, the ledger, and who lives."""

    def __init__(self, story: Story, seed: int, trace: Callable[[str], None] | None = None) -> None:
        self.story = story
        self.chance = random.Random(f"budget world {seed}")
        self.now = 1000.0
        self.judge = Judge(story.limit)
        self._trace = trace
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._counted = 0
        self.workers: list[Worker] = []
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        store.prepare(self.connection, "simulated", created=True)

    def at(self, when: float, what: Callable[[], object]) -> None:
        """Something happens, whoever lives then."""
        self._counted += 1
        heapq.heappush(self._events, (max(when, self.now), self._counted, what))

    def trace(self, text: str) -> None:
        """Tell an event."""
        if self._trace is not None:
            self._trace(f"{self.now - 1000.0:9.3f} {text}")

    def start(self, fate: Fate) -> "Worker":
        """A worker begins."""
        worker = Worker(self, len(self.workers) + 1, fate)
        self.workers.append(worker)
        return worker

    def run_until(self, end: float) -> None:
        """Let time pass."""
        for _step in range(MOST_STEPS):
            worker, when = None, self._events[0][0] if self._events else end
            for each in self.workers:
                if each.is_running and (due := each.loop.due()) is not None and due < when:
                    worker, when = each, due
            if when >= end:
                self.now = end
                return
            self.now = max(self.now, when)
            if worker is not None:
                worker.loop.step()
            else:
                heapq.heappop(self._events)[2]()
        self.judge.find("hung", "too many steps")

    def close(self) -> None:
        """Bury all."""
        for worker in self.workers:
            worker.bury()
        self.connection.close()


class Worker:
    """A process: the real session, over a ledger that takes its time and a site that does too."""

    has_dead_man = True
    lease_from_the_answer = False

    def __init__(self, world: World, number: int, fate: Fate) -> None:
        self.world, self.number, self.fate = world, number, fate
        story = world.story
        self.loop = _Loop(world, world.chance.choice((0.0, 512.25, 65536.5)))
        self.loop.set_exception_handler(lambda _loop, _context: None)
        self.is_dead = self.is_stopped = False
        self.sent = 0
        self.began = world.now
        self.ended_at: float | None = None
        self.session: Session | None = None
        self._deadline = float("inf")
        self._armed: float | None = None  # by the work that was done last, until its answer is here
        self._ledger_free = world.now
        self._is_told = asyncio.Event()
        self.desks = Workers(database := SqliteDatabase(world.connection, Path("simulated")), self)
        self.desks._lease_ms = round(story.lease * 1000)
        self.budget = Budget(database, self.desks)
        self._settings = RunSettings(
            rate_per_minute=fate.budget,
            share=1.0,
            timeout_seconds=story.timeout,
            lease_seconds=story.lease,
            concurrency=min(50, 2 * fate.budget),
            even_pacing=world.chance.random() < 0.2,
        )
        for at, seconds in fate.pauses:
            world.at(world.now + at, partial(self._stop, seconds))
        if fate.end in ("cut", "never"):
            pass
        elif fate.end in ("crash", "stop"):
            world.at(world.now + fate.lasts, self.die if fate.end == "crash" else partial(self._stop, 1e9))
        else:
            world.at(world.now + fate.lasts, partial(self.loop.call_soon, self._is_told.set))
        self._main = self.loop.create_task(self._live())
        self.say(f"begins: {fate}")

    def say(self, text: str) -> None:
        """Tell what it does."""
        self.world.trace(f"worker {self.number}: {text}")

    @property
    def is_running(self) -> bool:
        """Whether it may do anything now."""
        return not (self.is_dead or self.is_stopped)

    def die(self, why: str = "dies") -> None:
        """It is over; what it has on its way goes on."""
        if not self.is_dead:
            self.say(why)
            self.is_dead, self.ended_at = True, self.world.now

    def _stop(self, seconds: float) -> None:
        if self.is_dead or self.is_stopped:
            return
        self.say(f"is stopped for {seconds:.1f} s")
        self.is_stopped = True
        self.world.at(self.world.now + seconds, self._wake)

    def _wake(self) -> None:
        if not self.is_dead:
            self.say("goes on")
            self.is_stopped = False

    def arm(self, at: float) -> None:
        """As the product's dead man, whom the product's desk of lives gives his orders."""
        self._armed = at

    def disarm(self) -> None:
        """As the product's dead man."""
        self._armed = float("inf")

    def _follow_orders(self, deadline: float) -> None:
        self._deadline = deadline
        if self.has_dead_man and deadline < float("inf"):
            self.world.at(deadline, lambda: self._fire(deadline))

    def _fire(self, deadline: float) -> None:
        if self._deadline == deadline:
            self.die("is killed at the end of its lease")

    # -- The ledger -----------------------------------------------------------------------------------------------

    def _is_cut_off(self, soon: float = 0.0) -> bool:
        since = self.world.now - self.began
        return any(at - soon <= since < at + seconds for at, seconds in self.fate.cuts)

    def in_thread(self, work: Callable[[], T]) -> Awaitable[T]:
        """One piece of work after another; of some nobody learns what came of them."""
        done: asyncio.Future[T] = self.loop.create_future()
        asked, chance = self.world.now, self.world.chance
        slow = self.world.story.ledger_seconds
        begins = max(asked, self._ledger_free) + chance.random() * slow
        is_late = chance.random() < (0.5 if self._is_cut_off(soon=10.0) else 0.02) and self.fate.end != "never"
        replies = begins + chance.random() * slow + (chance.random() * self.world.story.lease if is_late else 0.0)
        self._ledger_free = replies

        def execute() -> None:
            if self.is_dead and chance.random() < 0.5:
                return  # it had not been sent
            result: Any = None
            error: Exception | None = None
            if self._is_cut_off():
                error = LedgerError("cut off")
            else:
                try:
                    result = work()
                except LedgerError as failed:
                    error = failed
            armed, self._armed = self._armed, None
            self.world.at(replies, lambda: self._reply(lambda: reply(result, error, armed)))

        def reply(result: Any, error: Exception | None, armed: float | None) -> None:
            if error is None and self._is_cut_off() and chance.random() < 0.5:
                error = LedgerError("the answer is lost")
            if error is None and armed is not None:
                late = replies - begins if self.lease_from_the_answer else 0.0
                self._follow_orders(armed + late)
            if done.done():
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)

        self.world.at(begins, execute)
        return done

    def _reply(self, what: Callable[[], None]) -> None:
        if not self.is_dead:
            self.loop.call_soon(what)

    # -- What it does ---------------------------------------------------------------------------------------------

    async def _live(self) -> None:
        if self.fate.asks_first:
            await self._session(only_asks=True, lasts=self.fate.lasts / 3)
            while self._is_cut_off():  # or a person thinks
                await asyncio.sleep(1.0)
        await self._session(only_asks=not self.fate.sends, lasts=None)
        try:
            await self.in_thread(self.desks.end)
        except LedgerError:
            self.say("could not say that it ends")
        self.die("ends")

    async def _session(self, *, only_asks: bool, lasts: float | None) -> None:
        desk: Any = self.budget
        transport: Any = None
        journaled = None if only_asks else (lambda: 0)
        self.session = session = Session(transport, desk, SITE, self._settings, self.in_thread, journaled)
        try:
            await session.begin()
        except LedgerError:
            self.say("could not begin")
            return
        places = self._settings.concurrency if not only_asks else 2
        calls = [self.loop.create_task(self._call_again("GET" if only_asks else "POST")) for _ in range(places)]
        try:
            await asyncio.wait_for(self._is_told.wait(), lasts)
        except TimeoutError:
            pass
        self.say("drains")
        session.limiter.close()
        if self.fate.end == "haste" and lasts is None:
            await session.end()
            self.die("ends in haste")
            return
        await asyncio.gather(*calls)
        await session.end()

    async def _call_again(self, method: Any) -> None:
        assert self.session is not None
        limiter = self.session.limiter
        while True:
            try:
                await limiter.enter(method)
            except GateClosed:
                return
            self.sent += 1
            try:
                await asyncio.wait_for(self._call(), self.world.story.timeout)
            except TimeoutError:
                pass
            finally:
                limiter.leave(method)

    def _takes(self) -> float:
        """Seconds on the way, less than the timeout; often next to nothing."""
        story, chance = self.world.story, self.world.chance
        is_late = story.late if not self._is_cut_off() else max(0.9, story.late)  # where there is no way, there is none
        if chance.random() >= is_late:
            return chance.random() * 0.2
        return story.timeout * (chance.random() if chance.random() < 0.5 else 1.0 - 0.1 * chance.random())

    async def _call(self) -> None:
        await asyncio.sleep(self._takes() if self.world.chance.random() < 0.2 else 0.0)  # to connect
        world, answered = self.world, self.loop.create_future()
        is_lost, is_given_up = world.chance.random() < world.story.lost, False
        there, back = self._takes(), self._takes()

        def arrive() -> None:
            if is_given_up:
                return  # the connection was broken off before
            world.judge.arrived(world.now)
            world.trace(f"site: a request of worker {self.number} arrives")
            if world.chance.random() >= world.story.lost:
                world.at(world.now + back, lambda: self._reply(answer))

        def answer() -> None:
            if not answered.done():
                answered.set_result(None)

        if not is_lost:
            if there < 0.02:
                arrive()
            else:
                world.at(world.now + there, arrive)
        try:
            await answered
        except asyncio.CancelledError:
            is_given_up = True
            raise

    def bury(self) -> None:
        """End what still runs."""
        self.is_dead = True
        for task in asyncio.all_tasks(self.loop):
            task._log_destroy_pending = False
            task.get_coro().close()
        self.loop.close()


def play(seed: int, trace: Callable[[str], None] | None = None) -> Judge:
    """Play a seed: the story, and then who is left alone must have the whole limit."""
    story = draw(seed)
    world = World(story, seed, trace)
    world.trace(str(story)[:200])
    with patch.object(clock, "boottime", lambda: world.now):
        try:
            for fate in story.fates:
                world.at(1000.0 + fate.starts, partial(world.start, fate))
            over = max(fate.starts + fate.lasts for fate in story.fates)
            world.run_until(1000.0 + over)
            _leave_one(world, over)
        finally:
            world.close()
    return world.judge


def _leave_one(world: World, over: float) -> None:
    """After the last end, the lease, the timeout and a window there is one sender, who has it all."""
    story = world.story
    heir = world.start(Fate(0.0, True, story.limit, 1e9, "never", [], []))
    slack = 5.0 + 2 * story.timeout + 10 * story.ledger_seconds
    world.run_until(world.now + slack + story.lease)
    for worker in world.workers[:-1]:
        if world.chance.random() < 0.5:
            worker.die("dies, as all but the last")
        else:
            worker.fate.cuts.append((world.now - worker.began, 1e9))
            worker.say("is cut off, as all but the last")
    world.run_until(world.now + story.lease + story.timeout + WINDOW + slack)
    assert heir.session is not None
    budget: Any = heir.session._slots
    if heir.is_dead or budget._uses < story.limit - (story.limit >= 20):
        world.judge.find("lost", f"of {story.limit} slots the last sender has {budget._uses}")
    world.run_until(world.now + WINDOW + 3 * story.timeout)
    if not heir.sent:
        world.judge.find("lost", "the last sender sent nothing")
