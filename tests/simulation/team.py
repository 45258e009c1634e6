"""Workers of several hosts with one ledger and one site, each with a clock of its own: killed, stopped past their
lease, woken up, cut off from the ledger, as a seed says. Played is the product's own sending, a loop for each worker.

    python -m tests.simulation.team --seeds 2000          play them, and count
    python -m tests.simulation.team --replay 17           play one, and tell every event

A loop goes on only when it is its worker's turn, so who is stopped does nothing, and finds its timers overdue when it
wakes up. What has left a worker is on its way whether it lives or not. The ledger's own clock measures the leases. What
this believes of a site is written here, and shares nothing with the product:

1. a request arrives, and is applied, within `late` seconds after it left, which is less than the quarantine, or never;
2. a list that shows a credit shows every older one;
3. it is at most `lag` seconds behind. Where answers get lost that and `late` are within the quarantine; where only
   workers do, within twice the quarantine, or twice lease and timeout where those are longer: then a witness of before
   proves nothing yet.

Keys are ignored by half of the sites.
"""

import argparse
import asyncio
import heapq
import sqlite3
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, TypeVar
from unittest.mock import patch
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from batch_credits import ledger as ledger_package
from batch_credits.chargebee.answers import Answer
from batch_credits.errors import LedgerBusy, LedgerError
from batch_credits.ledger import Ledger, Part
from batch_credits.ledger.engines.sqlite.database import SqliteDatabase
from batch_credits.process import clock
from batch_credits.progress.observers import SilentProgress
from batch_credits.sending.context import RunContext
from batch_credits.sending.session import Sending
from batch_credits.settings import RunSettings
from tests.simulation.schedule import RowPlan
from tests.simulation.virtual_time import VirtualLoop
from tests.simulation.wire import ProcessDied
from tests.simulation.world import empty_connection, staged_batch

T = TypeVar("T")
HORIZON = 30_000.0  # seconds in which all must be settled
TROUBLE = 900.0  # for as long things go wrong
KEY_SECONDS = 1800.0
MOST_STEPS = 60_000
MANY = 5  # harms after which the end is not waited for


class TeamDatabase(SqliteDatabase):
    """What hosts share. `now_ms` is its own clock; it may be slow to say that a commit is durable."""

    is_shared = True

    def __init__(self, connection: sqlite3.Connection, world: "World", member: "Member | None") -> None:
        super().__init__(connection, Path("team"))
        self._world, self._member = world, member
        connection.create_function("lease_now_ms", 0, self.now_ms)

    def now_ms(self) -> int:
        """The time by which leases are measured."""
        world = self._world
        waited = 0.0 if world.current is None else world.current.ahead  # who asks has just waited for an answer
        return round((world.now + waited + world.ledger_is_ahead) * 1000)

    @contextmanager
    def transaction(self, *, writes: bool = True) -> Iterator[None]:
        """The real one; its end may be heard of late."""
        is_outer = not self.is_writing
        with super().transaction(writes=writes):
            yield
        if is_outer and self._member is not None:
            self._member.hears_late()

    def close(self) -> None:
        """Others have it open."""


class TeamLoop(VirtualLoop):
    """One worker's loop: time goes on only by the world."""

    def turn(self, now: float) -> None:
        """Do what is due."""
        self._now = max(self._now, now)
        self.call_soon(self.stop)
        self.run_forever()

    def pass_time(self, timeout: float | None) -> None:
        """Nothing passes within a turn."""

    def due(self) -> float | None:
        """When something is to be done, by its own clock."""
        if self._ready:
            return self._now
        while self._scheduled and self._scheduled[0].cancelled():
            heapq.heappop(self._scheduled)._scheduled = False
        return self._scheduled[0].when() if self._scheduled else None


class Site:
    """The truth."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.lag = 0.0
        self.late = 1.0
        self.ignores_keys = False
        self.times: Counter[tuple[str, str]] = Counter()
        self.credits: list[tuple[float, str, dict[str, str]]] = [(-9e6, "theirs", _fields("stranger", "theirs", 100))]
        self._keys: dict[str, tuple[float, Answer]] = {}

    def add(self, key: str, body: bytes) -> Answer:
        """A request arrives, and is applied unless its key is known."""
        now = self.world.now
        if not self.ignores_keys and key in self._keys and now - self._keys[key][0] < KEY_SECONDS:
            answer = self._keys[key][1]
            return Answer(answer.status, {"chargebee-idempotency-replayed": "true"}, answer.body)
        fields = dict(parse_qsl(body.decode("ascii")))
        credit_id = f"pc{len(self.credits)}"
        self.credits.append((now, credit_id, fields))
        self.times[fields["customer_id"], fields["reference"]] += 1
        self.world.trace(f"site: applied {fields['customer_id']} {fields['reference']} as {credit_id}")
        document = {"customer": {"id": fields["customer_id"]}, "promotional_credit": _shown(credit_id, fields)}
        answer = Answer(200, {}, orjson.dumps(document))
        self._keys[key] = now, answer
        return answer

    def get(self, target: str) -> Answer:
        """A customer, or a list."""
        parts = urlsplit(target)
        if "/customers/" in parts.path:
            name = unquote(parts.path.rsplit("/", 1)[1])
            return Answer(200, {}, orjson.dumps({"customer": {"id": name, "deleted": False}}))
        query = dict(parse_qsl(parts.query))
        seen = self.world.now - (self.lag if self.world.now < HORIZON / 2 else 0.0)
        found = [
            {"promotional_credit": _shown(credit_id, fields)}
            for created, credit_id, fields in self.credits
            if created <= seen
            and query.get("customer_id[is]") in (None, fields["customer_id"])
            and query.get("id[is]") in (None, credit_id)
            and query.get("type[is]") in (None, "increment")
        ]
        return Answer(200, {}, orjson.dumps({"list": found[:100]}))


def _fields(customer: str, reference: str, amount: int) -> dict[str, str]:
    return {"customer_id": customer, "reference": reference, "amount": str(amount), "currency_code": "USD"}


def _shown(credit_id: str, fields: dict[str, str]) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": credit_id, "type": "increment", "created_at": 1, "closing_balance": 1}
    return shown | fields | {"amount": int(fields["amount"]), "credit_type": "general"}


class Killer:
    """The dead man of one worker, who goes by the worker's own clock and minds no stop."""

    def __init__(self, member: "Member") -> None:
        self._member = member

    def arm(self, at: float) -> None:
        self._member.killed_at = at

    def disarm(self) -> None:
        self._member.killed_at = None


class Member:
    """One worker's process."""

    def __init__(self, world: "World", number: int) -> None:
        self.world, self.number = world, number
        chance = world.chance
        self._born, self._origin = world.now, chance.uniform(0, 1e6)
        self._rate = chance.choice((1.0, 1.0, 0.9999, 1.0001))
        self.loop = TeamLoop(self._origin)
        self.killed_at: float | None = None
        self.stopped_until = 0.0
        self.ahead = 0.0  # of the world, where it has just waited for the ledger
        self.is_dead = False
        with patch.object(ledger_package, "dead_man", partial(Killer, self)):
            self.ledger = Ledger(TeamDatabase(world.connection, world, self))
        self._writer_free = 0.0
        self.task = self.loop.create_task(self._live())

    # -- Its time ----------------------------------------------------------------------------------------

    def own(self, now: float) -> float:
        """What its clock says at a moment of the world."""
        return self._origin + (now - self._born) * self._rate

    def moment(self, own: float) -> float:
        """The moment at which its clock says so."""
        return self._born + (own - self._origin) / self._rate

    def boottime(self) -> float:
        """Its clock."""
        return self.own(self.world.now + self.ahead)

    def next_at(self) -> float | None:
        """When it does something next, or dies by its own hand."""
        if self.is_dead:
            return None
        due = self.loop.due()
        found = [] if due is None else [max(self.moment(due), self.stopped_until)]
        if self.killed_at is not None:
            found.append(self.moment(self.killed_at))
        return max(self.world.now, min(found)) if found else None

    def turn(self) -> None:
        """Do what is due now, in the order in which the kernel does it."""
        if self.killed_at is not None and self.boottime() >= self.killed_at - 1e-9:
            self.die("by its dead man")
        elif self.stopped_until <= self.world.now:
            self.loop.turn(self.own(self.world.now))
            if self.task.done() and not self.is_dead:
                self.die(f"having ended: {self.task.exception() or self.task.result()}")

    def stop(self, seconds: float) -> None:
        """It is stopped, and goes on later."""
        self.stopped_until = max(self.stopped_until, self.world.now + seconds)
        self.world.trace(f"{self.number} is STOPPED for {seconds:.0f} s")

    def die(self, how: str) -> None:
        """Its memory is gone; what has left it goes on."""
        if not self.is_dead:
            self.world.trace(f"{self.number} is over, {how}")
            self.is_dead = True

    def hears_late(self) -> None:
        """What it does next, it does after having waited for the ledger."""
        if self.world.has_trouble and self.world.chance.random() < self.world.slow_rate:
            self.ahead = self.world.chance.uniform(0.0, 0.6) * self.world.lease

    # -- What it does ------------------------------------------------------------------------------------

    async def _live(self) -> str:
        world = self.world
        part = world.chance.randrange(world.parts)
        while world.owed():
            part = (part + 1) % world.parts
            try:
                await self.in_thread(partial(self._claim, Part(part, world.parts)))
            except LedgerBusy:
                await asyncio.sleep(world.lease * world.chance.uniform(0.1, 0.4))
                continue
            self.world.trace(f"{self.number} holds part {part}")
            progress = _Watch(self)
            run = RunContext(self.ledger, world.record, world.run_id, world.settings, progress, world.chance.random)
            await Sending(run, self, self.in_thread).run()
            await self.in_thread(self.ledger.workers.end)
            await asyncio.sleep(world.lease * 0.1)
        return "nothing is owed"

    def _claim(self, part: Part) -> None:
        world = self.world
        self.ledger.claims.claim(
            world.batch_id,
            world.run_id,
            part=part,
            lease_seconds=world.lease,
            timeout_seconds=world.settings.timeout_seconds,
        )

    def in_thread(self, work: Callable[[], T]) -> Awaitable[T]:
        """The ledger's thread."""
        done: asyncio.Future[T] = self.loop.create_future()
        begin = max(self.loop.time(), self._writer_free)
        self._writer_free = begin + 0.005
        self.loop.call_at(self._writer_free, self._serve, work, done)
        return done

    def _serve(self, work: Callable[[], T], done: "asyncio.Future[T]") -> None:
        if self.is_dead:
            return
        world = self.world
        trouble = world.trouble_of_ledger(self)
        if trouble == "cut":
            _deliver(done, LedgerError("the ledger is out of reach"))
        elif trouble == "late":  # it has left this worker, which may be dead when it arrives
            world.at(world.now + world.chance.uniform(0.0, world.lease), partial(self._served, work, done, None))
        else:
            self._served(work, done, trouble)

    def _served(self, work: Callable[[], T], done: "asyncio.Future[T]", trouble: str | None) -> None:
        self.world.current = self
        result: Any
        try:
            result = work()
        except Exception as error:
            result = error
        self.world.judge_entries()
        if self.is_dead:
            return
        if trouble == "ambiguous":
            result = LedgerError("the connection broke, and nobody knows what became of it")
        waited, self.ahead = self.ahead, 0.0
        at = self.own(self.world.now) + waited
        self._writer_free = max(self._writer_free, at)
        self.loop.call_at(at, _deliver, done, result)

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """The way to the site. It may be stopped when it was just about to write."""
        world, chance = self.world, self.world.chance
        if method == "GET":
            await asyncio.sleep(0.1)
            return world.site.get(path)
        assert body is not None
        if world.has_trouble and chance.random() < world.stop_rate:
            self.stop(chance.choice(world.stops))
            await asyncio.sleep(0)
        if self.is_dead:
            raise ProcessDied("before it wrote")
        self._judge_life()
        answered: asyncio.Future[Answer] = self.loop.create_future()
        fault = chance.choice(world.faults) if world.has_trouble and chance.random() < 0.3 else None
        late = chance.choice((0.05, 0.05, chance.uniform(0.0, world.site.late), world.site.late))
        delay = late if world.has_trouble else 0.05
        key = headers["chargebee-idempotency-key"]
        world.trace(f"{self.number} writes {dict(parse_qsl(body.decode()))['customer_id']}: {fault}, {delay:.1f} s")
        if fault != "lost":
            world.at(world.now + delay, partial(self._arrive, key, body, answered, fault))
        try:
            async with asyncio.timeout(world.settings.timeout_seconds):
                return await answered
        except TimeoutError:
            raise TimeoutError from None  # as the transport says it

    def _judge_life(self) -> None:
        """Whoever writes does so within its lease, by the ledger's clock, but for what the clocks drift apart."""
        me = self.ledger.workers.me()
        [(until,)] = self.world.connection.execute("SELECT until FROM worker WHERE worker_id = ?", (me,))
        left = until / 1000 - self.world.ledger_is_ahead - self.world.now
        if left < -0.1:
            self.world.trace(f"{self.number} OUTLIVES its lease by {-left:.1f} s")
            self.world.harms.add("outlived")
            self.world.outlived += 1

    def _arrive(self, key: str, body: bytes, answered: "asyncio.Future[Answer]", fault: str | None) -> None:
        answer = self.world.site.add(key, body)
        if fault != "unanswered" and not self.is_dead:
            own = self.own(self.world.now) + 0.05
            self.loop.call_at(own, lambda: answered.done() or answered.set_result(answer))


def _deliver(done: "asyncio.Future[Any]", result: Any) -> None:
    if done.done():
        return
    if isinstance(result, BaseException):
        done.set_exception(result)
    else:
        done.set_result(result)


class _Watch(SilentProgress):
    def __init__(self, member: Member) -> None:
        self._member = member

    def note(self, text: str) -> None:
        self._member.world.trace(f"{self._member.number} says: {text}")


class World:
    """The ledger, the site, the workers, and what goes wrong."""

    def __init__(self, seed: int, tell: Callable[[str], None] | None = None) -> None:
        self.chance = chance = Random(seed)
        self._tell = tell
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = count()
        self.members: list[Member] = []
        self.current: Member | None = None  # whose clock is asked
        self.harms: set[str] = set()
        self._judged = 0  # entries
        self.outlived = 0
        self._steps = 0
        self.ledger_is_ahead = chance.uniform(0, 1e6)
        self.connection = empty_connection()
        self.lease, timeout = chance.choice(((60.0, 80.0), (10.0, 5.0), (30.0, 20.0)))
        quarantine = chance.choice((420.0, 120.0, 8.0))
        self.settings = RunSettings(
            rate_per_minute=0, concurrency=chance.choice((1, 3)), claim_page=chance.choice((1, 2, 100)),
            timeout_seconds=timeout, quarantine_seconds=quarantine, lease_seconds=self.lease, breaker_threshold=99,
        )  # fmt: skip
        self.wait = max(quarantine, self.lease + timeout)
        self.site = Site(self)
        self.site.ignores_keys = chance.random() < 0.5
        only_workers = chance.random() < 0.5  # are lost, and no answers
        is_slow = not only_workers and chance.random() < 0.4  # the ledger, and workers are stopped for moments
        self.faults = (None,) if only_workers else (None, "lost", "unanswered")
        self.site.late = chance.uniform(0.0, quarantine - 4.0) if not only_workers else chance.choice(
            (0.0, min(timeout - 2.0, quarantine - 4.0))
        )  # fmt: skip
        most = (2 * self.wait if only_workers else quarantine) - self.site.late - 2.0
        self.site.lag = max(0.0, chance.choice((0.0, 0.5 * most, most)))
        self.parts = chance.choice((1, 1, 2))
        self.stop_rate = chance.choice((0.0, 0.1, 0.4))
        self.slow_rate = chance.choice((0.0, 0.0, 0.3))
        lease, wait = self.lease, self.wait
        self.stops: tuple[float, ...] = (1.3 * lease, lease + wait, lease + 2.5 * wait)
        if not only_workers:
            self.stops = (*self.stops, 0.5 * lease, 0.8 * lease)
        self.late_rate = chance.choice((0.0, 0.02, 0.2))  # of what reaches the ledger late
        if is_slow:
            self.slow_rate, self.stop_rate, self.stops = 0.6, 0.5, (0.5 * lease, 0.8 * lease)
        self._cuts: list[tuple[int, float, float]] = []
        rows = [
            RowPlan(f"c{chance.randrange(4)}", f"r{number}", 100, "USD") for number in range(chance.choice((2, 4, 8)))
        ]
        self.rows = {(row.customer_id, row.reference) for row in rows}
        self._ledger = Ledger(TeamDatabase(self.connection, self, None), borrow=None)
        self.batch_id = staged_batch(self._ledger, 0, rows)
        self.record = self._ledger.batches.staged(self.batch_id)
        self.run_id = self._ledger.runs.start(self.batch_id, lease_seconds=None)
        self._ledger.workers.end()

    def trace(self, text: str) -> None:
        """Tell what happened."""
        if self._tell is not None:
            self._tell(f"{self.now:10.3f}  {text}")

    @property
    def has_trouble(self) -> bool:
        """Whether things go wrong still."""
        return self.now < TROUBLE

    def at(self, moment: float, act: Callable[[], object]) -> None:
        """Something happens by itself."""
        heapq.heappush(self._events, (moment, next(self._numbers), act))

    def owed(self) -> int:
        """How many rows are not settled."""
        asked = "SELECT count(*) FROM credit_request WHERE state IN ('pending', 'in_flight', 'in_doubt')"
        return int(self.connection.execute(asked).fetchone()[0])

    def trouble_of_ledger(self, member: Member) -> str | None:
        """Whether a worker cannot reach it, or does not learn what became of what it asked."""
        if any(number == member.number and start <= self.now < end for number, start, end in self._cuts):
            return "cut"
        if not self.has_trouble:
            return None
        return self.chance.choices((None, "ambiguous", "late"), (0.99 - self.late_rate, 0.01, self.late_rate))[0]

    def judge_entries(self) -> None:
        """Whoever has just recorded something holds customers still."""
        for entry, worker, held in self.connection.execute(
            "SELECT entry_id, worker_id, (SELECT count(*) FROM shard s WHERE s.owner = e.worker_id) FROM entry e"
            " WHERE entry_id > ? ORDER BY entry_id",
            (self._judged,),
        ).fetchall():
            self._judged = entry
            if not held:
                self.trace(f"worker {worker} RECORDS what it has lost")
                self.harms.add("recorded")

    def _join(self) -> None:
        if self.owed():
            self.current = member = Member(self, len(self.members))
            self.members.append(member)
            self.trace(f"{member.number} joins")
            if not self.has_trouble:
                return
            when = self.now + self.chance.uniform(0.0, 3 * self.lease)
            what = self.chance.choice(("kill", "stop", "stop", "cut", None))
            if what == "kill":
                self.at(when, partial(member.die, "killed"))
            elif what == "stop":
                self.at(when, partial(member.stop, self.chance.choice(self.stops)))
            elif what == "cut":
                self._cuts.append((member.number, when, when + self.chance.uniform(1.0, 3 * self.lease)))

    def play(self) -> set[str]:
        """Returns the kinds of harm that were seen."""
        for _ in range(self.chance.choice((2, 2, 3))):
            self.at(self.chance.uniform(0.0, 2.0), self._join)
        with patch.object(clock, "boottime", self._boottime):
            while self._goes_on():
                self._step()
            for member in self.members:
                member.die("at the end of the world")
                self.current = member
                member.loop.bury()
        return self._harms()

    def _goes_on(self) -> bool:
        self._steps += 1
        if max(self.site.times.values(), default=0) > 1 or self.outlived > MANY:
            return False
        if self.now >= HORIZON or self._steps > MOST_STEPS:
            return False  # what is owed then is lost
        return self.owed() > 0 or any(not member.is_dead for member in self.members)

    def _boottime(self) -> float:
        assert self.current is not None
        return self.current.boottime()

    def _step(self) -> None:
        turns = [(at, member) for member in self.members if (at := member.next_at()) is not None]
        if not turns and not self._events:
            self.now += self.lease
            self._join()
            return
        at, member = min(turns, key=lambda turn: turn[0], default=(HORIZON * 2, None))
        if self._events and self._events[0][0] <= at:
            self.now, _, act = heapq.heappop(self._events)
            act()
        else:
            assert member is not None
            self.now = max(self.now, at)
            self.current = member
            member.turn()
        living = [each for each in self.members if not each.is_dead]
        if len(living) < 2 and len(self.members) < 40 and not self._events:
            self.at(self.now + self.chance.uniform(0.1, self.lease), self._join)

    def _harms(self) -> set[str]:
        harms = self.harms
        if max(self.site.times.values(), default=0) > 1:
            harms.add("double")
        for customer, reference, state, credit_id, why in self.connection.execute(
            "SELECT customer_id, reference, state, credit_id, error FROM credit_request"
        ):
            found = [each for _, each, fields in self.site.credits if _is(fields, customer, reference)]
            if state == "credited":
                harms |= set() if [credit_id] == found or len(found) > 1 else {"lost"}
            else:
                self.trace(f"{customer} {reference} is {state}: {why}")
                # A list that is further behind than looks are patient leaves it to a person.
                if state != "review" or self.site.lag < 0.7 * self.settings.quarantine_seconds:
                    harms.add("review" if state == "review" else "lost")
        self.connection.close()
        return harms


def _is(fields: dict[str, str], customer: str, reference: str) -> bool:
    return (fields["customer_id"], fields["reference"]) == (customer, reference)


def play(seed: int, tell: Callable[[str], None] | None = None) -> set[str]:
    """Play a seed to its end. Returns the kinds of harm that were seen."""
    return World(seed, tell).play()


def main(arguments: list[str] | None = None) -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.team")
    parser.add_argument("--seeds", type=int, default=1_000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--replay", type=int, metavar="SEED")
    chosen = parser.parse_args(arguments)
    if chosen.replay is not None:
        print(sorted(play(chosen.replay, print)))
        return 0
    failed = {seed: harms for seed in range(chosen.start, chosen.start + chosen.seeds) if (harms := play(seed))}
    for seed, harms in [*failed.items()][:20]:
        print(f"seed {seed}: {', '.join(sorted(harms))}\n  python -m tests.simulation.team --replay {seed}")
    kinds = Counter(kind for each in failed.values() for kind in each)
    print(f"{chosen.seeds:,} seeds, {len(failed)} with harm: {dict(kinds)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
