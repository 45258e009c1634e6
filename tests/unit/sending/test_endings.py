"""How a run in several processes ended, of what each of them says."""

import asyncio

import pytest

from batch_credits.errors import (
    AnsweredForAnother,
    DoubleCreditAlarm,
    Interrupted,
    KeyRefused,
    LedgerError,
    Outage,
    RunStopped,
)
from batch_credits.ledger import Worker
from batch_credits.progress.observers import SilentProgress
from batch_credits.sending.issued import Issued
from batch_credits.sending.processes import Processes
from batch_credits.sending.told import Ended, Teller
from batch_credits.worker_pool.counts import Counts

PERSON, OTHER_PERSON = AnsweredForAnother("not ours", hint="look"), DoubleCreditAlarm("two of them")
ENOUGH, REFUSED, OUTAGE = Interrupted("interrupted"), KeyRefused("no such key"), Outage("it is away")


class Process:
    """One that has said all, and ended."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode = 0

    def send_signal(self, signal: int) -> None:
        raise AssertionError("it is gone")

    def kill(self) -> None:
        raise AssertionError("it is gone")

    async def wait(self) -> int:
        return 0


class Book:
    def __init__(self, endings: tuple[Ended, ...]) -> None:
        self.endings = endings

    def of_run(self, run_id: int) -> list[Worker]:
        return [Worker(pid, pid, True, Teller().said(ended)) for pid, ended in enumerate(self.endings)]


def ending(why: RunStopped | None = None, failure: LedgerError | None = None) -> Ended:
    return Ended(Issued(Counts(throttled=1, retries=2, failures=3), 10, why), failure)


def joined(*endings: Ended, told: RunStopped | None = None) -> Issued:
    """How it went, where the run itself was `told` to stop before. They end in this order."""

    async def main() -> Issued:
        found = [Process(pid) for pid in range(len(endings))]
        processes = Processes(Book(endings), 7, found, SilentProgress())
        if told is not None:
            processes._stop(told)
        processes._look()
        for process in found:
            processes._follow(process, 0)
        return processes._joined()

    return asyncio.run(main())


def test_what_they_counted_is_added_up() -> None:
    assert joined(ending(), ending()) == Issued(Counts(throttled=2, retries=4, failures=6), 20, None)


def test_where_nobody_said_anything_nothing_is_counted() -> None:
    assert joined() == Issued(Counts(), 0, None)


@pytest.mark.parametrize(
    ("told", "ends", "why"),
    [
        (None, [ENOUGH, None], ENOUGH),
        (None, [ENOUGH, REFUSED], REFUSED),  # which stopped the other
        (ENOUGH, [OUTAGE, ENOUGH], OUTAGE),
        (None, [REFUSED, OUTAGE], REFUSED),
        (None, [REFUSED, PERSON], PERSON),
        (ENOUGH, [ENOUGH, PERSON], PERSON),
        (ENOUGH, [REFUSED, OTHER_PERSON, PERSON], OTHER_PERSON),
    ],
    ids=repr,
)
def test_what_a_person_must_look_at_is_told_whatever_stopped_the_others(
    told: RunStopped | None, ends: list[RunStopped | None], why: RunStopped
) -> None:
    found = joined(*map(ending, ends), told=told).stopped
    assert found is not None
    assert (type(found), found.message, found.hint) == (type(why), why.message, why.hint)


def test_a_ledger_that_failed_in_one_of_them_ends_the_run() -> None:
    with pytest.raises(LedgerError, match="disk full"):
        joined(ending(PERSON), ending(failure=LedgerError("disk full")))
