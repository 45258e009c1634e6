"""Every interleaving of a small scope: two workers, one customer, two rows, and a site that ignores keys.

    python -m tests.simulation.scopes

A state is what ledger, workers, wire and site are; a step is what one of them does next: lease, journal, send, apply,
answer, crash, stop, take-over, end in order, look. Who is stopped simply does nothing for as long as it likes. The
decisions are the product's own: `after_answer` and `after_look`, and what `Workers` says of a fence and of a take-over,
asked of a real ledger for each situation once. Assumed is of the site what the simulations assume: what a lost worker
sent is applied before the wait for it is over, or never; a list shows credits in their order, and all of them once the
second wait is.
"""

import argparse
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from unittest.mock import patch

from batch_credits.errors import LeaseLost, LedgerBusy
from batch_credits.ledger import Ledger
from batch_credits.ledger.engines.sqlite.database import SqliteDatabase
from batch_credits.model import Money, PlannedCredit, RequestState
from batch_credits.process import clock
from batch_credits.protocol import (
    Credited,
    DoubtFacts,
    FoundNothing,
    FoundOne,
    HoldInDoubt,
    LookAgain,
    NoAnswer,
    ReleaseAbsent,
    SettleCredited,
    Witness,
    after_answer,
    after_look,
)
from tests.simulation.schedule import RowPlan
from tests.simulation.world import empty_connection, staged_batch

ROWS = (0, 1)


@dataclass(frozen=True)
class Rules:
    """What the workers keep to; a mutant breaks one."""

    fence: bool = True
    dead_man: bool = True
    quarantine: bool = True
    young_witness: bool = True
    ledgers_clock: bool = True


@dataclass(frozen=True)
class Worker:
    """What one believes. `rows`: owed, journaled, sent, doubt, own (doubt of its own), or nothing, in its memory."""

    lives: bool = True
    epoch: int = 0  # that it claimed; 0: none
    rows: tuple[str, ...] = ("", "")
    waited: int = 0  # since its take-over: 1 the wait for a lost worker is over, 2 a second one is
    commit: int = -1  # a row whose journaling has left it, and has not arrived


@dataclass(frozen=True)
class State:
    """All that is. `wire`: (row, worker) of requests on their way; `applied`: rows, in their order at the site."""

    workers: tuple[Worker, Worker] = (Worker(), Worker())
    ledger: tuple[str, ...] = ("pending", "pending")
    owner: int = -1
    epoch: int = 0
    is_over: bool = False  # the owner's lease
    is_lost: bool = False  # some owner before was, and there is doubt since
    wire: tuple[tuple[int, int], ...] = ()
    applied: tuple[int, ...] = ()
    shown: int = 0
    answers: tuple[tuple[int, int], ...] = ()  # on their way back
    recorded: bool = False  # by one that had lost its customers


class _Shared(SqliteDatabase):
    is_shared = True


@cache
def fence_holds(*, is_mine: bool, is_over: bool) -> bool:
    """What the product's fence says to a worker whose shards are its own or not, and whose lease is over or not."""
    first, second, batch, now = _two_workers()
    with patch.object(clock, "boottime", lambda: now[0]), ExitStack() as stack:
        stack.callback(first.workers._db._connection.close)
        first.claims.claim(batch, lease_seconds=10.0)
        if not is_mine:
            now[0] += 10.0
            second.claims.claim(batch, lease_seconds=10.0)
            now[0] -= 10.0
        now[0] += 10.0 if is_over else 1.0
        try:
            first.claims.commit(None, [], [])
        except LeaseLost:
            return False
        return True


@cache
def may_take(*, is_owned: bool, is_over: bool) -> bool:
    """What the product's claim says where another worker holds the shards."""
    first, second, batch, now = _two_workers()
    with patch.object(clock, "boottime", lambda: now[0]), ExitStack() as stack:
        stack.callback(first.workers._db._connection.close)
        if is_owned:
            first.claims.claim(batch, lease_seconds=10.0)
        now[0] += 10.0 if is_over else 1.0
        try:
            second.claims.claim(batch, lease_seconds=10.0)
        except LedgerBusy:
            return False
        return True


def _two_workers() -> tuple[Ledger, Ledger, int, list[float]]:
    connection, now = empty_connection(), [1_000.0]
    with patch("batch_credits.ledger.dead_man", lambda: None):
        first, second = (Ledger(_Shared(connection, Path("scope"))) for _ in range(2))
    with patch.object(clock, "boottime", lambda: now[0]):
        batch = staged_batch(first, 0, [RowPlan("c", "r", 100, "USD")])
        first.workers.end()
    return first, second, batch, now


def _credit(row: int, state: RequestState) -> PlannedCredit:
    return PlannedCredit(row, "c", f"r{row}", Money(100, None, "USD"), "general", b"", open_attempts=1, state=state)


def steps(state: State, rules: Rules) -> Iterator[tuple[str, State]]:
    """Everything that may happen next."""
    yield from _of_the_world(state, rules)
    for number, worker in enumerate(state.workers):
        if worker.commit >= 0:  # also of one that is dead
            yield f"{number}'s commit arrives", _journaled(state, rules, number)
        if worker.lives:
            yield f"{number} crashes", _with(state, number, lives=False)
            if worker.commit < 0:
                yield from _of_a_worker(state, rules, number)


def _of_the_world(state: State, rules: Rules) -> Iterator[tuple[str, State]]:
    if state.owner >= 0 and not state.is_over:
        over = replace(state, is_over=True)
        yield "the lease is over", _with(over, state.owner, lives=False) if rules.dead_man else over
    for request in sorted(set(state.wire)):
        left = list(state.wire)
        left.remove(request)
        landed = replace(state, wire=tuple(left))
        answered = (*landed.answers, request)
        yield f"applied {request}", replace(landed, applied=(*state.applied, request[0]), answers=answered)
        yield f"lost {request}", landed
    if state.shown < len(state.applied):
        yield "the list shows one more", replace(state, shown=state.shown + 1)


def _of_a_worker(state: State, rules: Rules, number: int) -> Iterator[tuple[str, State]]:
    worker = state.workers[number]
    if not worker.epoch:
        is_over = state.is_over or not rules.ledgers_clock  # by its own clock it may be whenever it likes
        if may_take(is_owned=state.owner >= 0, is_over=is_over):
            yield f"{number} claims", _claimed(state, rules, number)
        return
    if not {"journaled", "sent"} & set(worker.rows):
        yield f"{number} ends in order", replace(_with(state, number, lives=False), owner=-1, is_over=False)
    is_quiet = all(sender == number for _, sender in state.wire)
    # What a process left that ended in order is listed within the quarantine; what a lost one did, within both waits.
    if worker.waited == 0 and is_quiet and (state.is_lost or state.shown == len(state.applied)):
        yield f"{number} has waited", _with(state, number, waited=1)
    if worker.waited == 1 and state.shown == len(state.applied):
        yield f"{number} has waited twice", _with(state, number, waited=2)
    for row in ROWS:
        known = worker.rows[row]
        if known == "owed" and not {"journaled", "sent", "doubt", "own"} & set(worker.rows):
            yield f"{number} journals {row}", _with(state, number, commit=row)
        elif known == "journaled":
            wire = tuple(sorted((*state.wire, (row, number))))
            yield f"{number} sends {row}", _knows(replace(state, wire=wire), number, row, "sent")
        elif known == "sent":
            if (row, number) in state.answers:
                step = after_answer(_credit(row, RequestState.IN_FLIGHT), Credited(f"pc{row}"))
                assert isinstance(step, SettleCredited)
                yield f"{number} is answered {row}", _recorded(state, rules, number, row, "credited", "")
            held = after_answer(_credit(row, RequestState.IN_FLIGHT), NoAnswer("no answer"))
            assert isinstance(held, HoldInDoubt)
            yield f"{number} gets no answer {row}", _recorded(state, rules, number, row, "in_doubt", "own")
        elif known in ("doubt", "own"):
            yield from _looked(state, rules, number, row)


def _looked(state: State, rules: Rules, number: int, row: int) -> Iterator[tuple[str, State]]:
    worker, shown = state.workers[number], state.applied[: state.shown]
    is_own = worker.rows[row] == "own"
    if is_own:  # today's rule: what was sent is applied and listed within the quarantine, or never
        is_over, witness = (row, number) not in state.wire and state.shown == len(state.applied), Witness.SHOWN
    else:
        is_over = worker.waited >= 1 or not rules.quarantine
        # Of one customer nothing else is sent while this is in doubt: so whatever witnesses was sent before.
        is_young = not (state.is_lost and rules.young_witness) or worker.waited >= 2
        witness = Witness.SHOWN if is_young else Witness.TOO_OLD
    look = FoundOne(Credited(f"pc{row}")) if row in shown else FoundNothing()
    step = after_look(_credit(row, RequestState.IN_DOUBT), look, witness, DoubtFacts(is_over, False, 1))
    match step:
        case SettleCredited():
            yield f"{number} finds {row}", _recorded(state, rules, number, row, "credited", "")
        case ReleaseAbsent():
            yield f"{number} finds {row} absent", _recorded(state, rules, number, row, "pending", "owed")
        case LookAgain():
            pass
        case _:
            raise AssertionError(step)


def _claimed(state: State, rules: Rules, number: int) -> State:
    in_doubt = tuple("in_doubt" if each == "in_flight" else each for each in state.ledger)
    is_lost = (state.is_lost or state.owner >= 0) and "in_doubt" in in_doubt
    taken = replace(
        state, ledger=in_doubt, owner=number, epoch=state.epoch + 1, is_over=False, is_lost=is_lost
    )
    memory = {"pending": "owed", "in_doubt": "doubt"}
    rows = tuple(memory.get(each, "") for each in in_doubt)
    return _with(taken, number, epoch=taken.epoch, rows=rows)


def _may_record(state: State, rules: Rules, number: int) -> bool:
    is_mine = state.owner == number and state.epoch == state.workers[number].epoch
    return not rules.fence or fence_holds(is_mine=is_mine, is_over=state.is_over and is_mine)


def _journaled(state: State, rules: Rules, number: int) -> State:
    row = state.workers[number].commit
    arrived = _with(state, number, commit=-1)
    if not _may_record(state, rules, number) or state.ledger[row] not in ("pending", "in_doubt"):
        return _with(arrived, number, lives=False)
    return _knows(_written(arrived, number, row, "in_flight"), number, row, "journaled")


def _recorded(state: State, rules: Rules, number: int, row: int, what: str, known: str) -> State:
    if not _may_record(state, rules, number):
        return _with(state, number, lives=False)
    return _knows(_written(state, number, row, what), number, row, known)


def _written(state: State, number: int, row: int, what: str) -> State:
    ledger = tuple(what if each == row else was for each, was in enumerate(state.ledger))
    return replace(state, ledger=ledger, recorded=state.recorded or state.owner != number)


def _with(state: State, number: int, **changed: object) -> State:
    workers = list(state.workers)
    workers[number] = replace(workers[number], **changed)  # type: ignore[arg-type]
    if not workers[number].lives:  # its memory is gone, but for what has left it
        workers[number] = Worker(lives=False, epoch=workers[number].epoch, commit=workers[number].commit)
    return replace(state, workers=(workers[0], workers[1]))


def _knows(state: State, number: int, row: int, known: str) -> State:
    rows = tuple(known if each == row else was for each, was in enumerate(state.workers[number].rows))
    return _with(state, number, rows=rows) if state.workers[number].lives else state


def harm_of(state: State) -> str | None:
    """What must never be."""
    if len(set(state.applied)) < len(state.applied):
        return "double"
    if any(each == "credited" and row not in state.applied for row, each in enumerate(state.ledger)):
        return "lost"
    return "recorded" if state.recorded else None


def search(
    rules: Rules = Rules(), *, most: int = 5_000_000, told: Callable[[str], None] | None = None
) -> tuple[int, str | None]:
    """Walk every state, or as many as `most`. Returns how many there were, and the first harm with the way to it."""
    begin = State()
    came: dict[State, tuple[State, str] | None] = {begin: None}
    waiting = deque([begin])
    while waiting and len(came) < most:
        state = waiting.popleft()
        for what, following in steps(state, rules):
            if following in came:
                continue
            came[following] = state, what
            if (harm := harm_of(following)) is not None:
                return len(came), f"{harm}: {', '.join(_way(came, following))}"
            waiting.append(following)
            if told is not None and len(came) % 100_000 == 0:
                told(f"{len(came):,} states")
    return len(came), None


def _way(came: dict[State, tuple[State, str] | None], state: State) -> list[str]:
    way = []
    while (step := came[state]) is not None:
        state, what = step
        way.append(what)
    return way[::-1]


MUTANTS = {
    "no fence": Rules(fence=False),
    "no dead man, as where the lease is counted from the answer": Rules(dead_man=False),
    "no quarantine for what a lost worker left": Rules(quarantine=False, young_witness=False),
    "a witness of before the lost worker's end": Rules(young_witness=False),
    "a lease by the worker's clock": Rules(ledgers_clock=False),
}


def main(arguments: list[str] | None = None) -> int:
    """Search, with every mutant and without."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.scopes")
    parser.parse_args(arguments)
    began = time.monotonic()
    states, harm = search(told=print)
    print(f"{states:,} states in {time.monotonic() - began:.0f} s; harm: {harm}")
    for name, rules in MUTANTS.items():
        seen, found = search(rules)
        print(f"{name}: {seen:,} states; {found}")
    return 1 if harm else 0


if __name__ == "__main__":
    sys.exit(main())
