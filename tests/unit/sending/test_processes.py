"""What the processes of a run are told, and what is made of what they say in the ledger."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from batch_credits.errors import Interrupted, KeyRefused, LedgerError, RunStopped, ShardDied, TooManyFailures
from batch_credits.ledger import Worker
from batch_credits.model import Money, Outcome
from batch_credits.process.signals import Signals
from batch_credits.progress.observers import SilentProgress
from batch_credits.progress.waiting import Waiting
from batch_credits.sending import processes as module
from batch_credits.sending.issued import Issued
from batch_credits.sending.processes import LEDGER_FAILED, STOP, STOP_AT_ONCE, Processes, share_of
from batch_credits.sending.told import MAX_NOTES, Ended, Teller, Told
from batch_credits.settings import RunSettings
from batch_credits.worker_pool.counts import Counts

COUNTS = Counts(throttled=1, retries=2, failures=3)


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.001)


class Process:
    """One that says what a test lets it say."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.heard: list[int] = []
        self.is_there = True  # in the ledger
        self.is_killed = False
        self.teller = Teller()
        self.ended: Ended | None = None
        self._over = asyncio.Event()

    def send_signal(self, number: int) -> None:
        assert self.is_there and not self.is_killed, "it would die of it"
        self.heard.append(number)

    def kill(self) -> None:
        self.is_killed = True
        self.heard.append(signal.SIGKILL)
        self.dies(-9)

    def ends(self, why: RunStopped | None = None, failure: LedgerError | None = None, **issued: Any) -> None:
        self.ended = Ended(Issued(issued.get("counts", COUNTS), issued.get("requests", 5), why), failure)
        self.dies(0)

    def dies(self, code: int) -> None:
        self.returncode = code
        self._over.set()

    async def wait(self) -> int:
        await self._over.wait()
        assert self.returncode is not None
        return self.returncode


class Book:
    """The ledger, as far as the processes say something in it."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self.processes = processes

    def of_run(self, run_id: int) -> list[Worker]:
        assert run_id == 7
        return [
            Worker(process.pid, process.pid, process.ended is not None, process.teller.said(process.ended))
            for process in self.processes
            if process.is_there
        ]


class Watching(SilentProgress):
    def __init__(self) -> None:
        self.outcomes: list[tuple[Outcome, bool]] = []
        self.notes: list[str] = []
        self.throttles = 0

    def settled(self, outcome: Outcome, *, was_in_doubt: bool = False) -> None:
        self.outcomes.append((outcome, was_in_doubt))

    def note(self, text: str) -> None:
        self.notes.append(text)

    def throttled(self) -> None:
        self.throttles += 1


Story = Callable[[list[Process], Signals], Any]


def told(
    story: Story, *, count: int = 2, watching: Watching | None = None, max_failures: int | None = None
) -> tuple[Issued, list[list[int]]]:
    """How it went, and what each process heard, when this happens while they send."""

    async def main() -> tuple[Issued, list[list[int]]]:
        processes = [Process(100 + number) for number in range(count)]
        signals = Signals()
        signals.sending_begins()
        progress = watching or SilentProgress()
        issuing = asyncio.create_task(
            Processes(Book(processes), 7, processes, progress, max_failures).issue(signals)
        )
        await asyncio.sleep(0)
        await story(processes, signals)
        return await issuing, [process.heard for process in processes]

    return asyncio.run(asyncio.wait_for(main(), 20))


def end_all(*endings: dict[str, Any]) -> Story:
    async def story(processes: Sequence[Process], signals: Signals) -> None:
        for number, process in enumerate(processes):
            process.ends(**(endings[number] if number < len(endings) else {}))

    return story


async def a_while() -> None:
    await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("concurrency", "shares"), [(10, [4, 3, 3]), (3, [1, 1, 1]), (11, [4, 4, 3]), (300, [100] * 3)]
)
def test_the_concurrency_is_shared_and_not_given_to_each(concurrency: int, shares: list[int]) -> None:
    settings = RunSettings(rate_per_minute=0, processes=3, concurrency=concurrency, max_failures=9, silence=("email",))
    own = [share_of(settings, number) for number in range(3)]
    assert [each.concurrency for each in own] == shares
    assert {each.max_failures for each in own} == {None}, "the bound is one for all, counted by the run's own process"
    assert {(each.processes, each.silence) for each in own} == {(3, ("email",))}


def test_what_each_did_is_added_up() -> None:
    issued, heard = told(end_all({}, {"requests": 10, "counts": Counts(throttled=7, retries=0, failures=20)}))
    assert (issued.requests, issued.stopped) == (15, None)
    assert (issued.counts.throttled, issued.counts.retries, issued.counts.failures) == (8, 2, 23)
    assert heard == [[], []]


def test_a_signal_is_passed_on_once_to_each_and_the_second_once_more() -> None:
    """Told twice a process ends at once, and what was on its way is left in doubt."""
    seen: list[list[list[int]]] = []

    async def story(processes: list[Process], signals: Signals) -> None:
        for _ in range(2):
            signals.arrive()
            await a_while()
            seen.append([[*process.heard] for process in processes])
        for process in processes:
            process.ends(Interrupted("interrupted"))

    issued, _ = told(story)
    assert seen == [[[STOP]] * 2, [[STOP, STOP_AT_ONCE]] * 2]
    assert isinstance(issued.stopped, Interrupted)


def test_a_signal_from_before_is_passed_on_when_they_are_there() -> None:
    """Before it is in the ledger a process hears nothing, and would die of a signal."""
    seen: list[list[list[int]]] = []

    async def story(processes: list[Process], signals: Signals) -> None:
        processes[1].is_there = False
        signals.arrive()
        await a_while()
        seen.append([[*process.heard] for process in processes])
        processes[1].is_there = True
        await a_while()
        seen.append([[*process.heard] for process in processes])
        for process in processes:
            process.ends()

    issued, _ = told(story)
    assert seen == [[[STOP], []], [[STOP], [STOP]]]
    assert isinstance(issued.stopped, Interrupted)


def test_what_stops_one_stops_the_others_and_a_signal_after_it_is_their_first() -> None:
    seen: list[list[int]] = []

    async def story(processes: list[Process], signals: Signals) -> None:
        first, second = processes
        first.ends(KeyRefused("no such key", hint="look at it"))
        for _ in range(3):
            await a_while()
            seen.append([*second.heard])
            signals.arrive()
        await a_while()
        second.ends(Interrupted("interrupted"))

    issued, [ended, last] = told(story)
    assert seen == [[STOP], [STOP], [STOP, STOP_AT_ONCE]], "it is draining already"
    assert last == [STOP, STOP_AT_ONCE], "more than at once is nothing"
    assert ended == [], "it is gone"
    assert isinstance(issued.stopped, KeyRefused)
    assert (issued.stopped.message, issued.stopped.hint) == ("no such key", "look at it")


def test_what_stopped_it_is_said_before_the_signal_that_came_first() -> None:
    async def story(processes: list[Process], signals: Signals) -> None:
        signals.arrive()
        await a_while()
        processes[0].ends(Interrupted("interrupted"))
        processes[1].ends(KeyRefused("no such key"))

    issued, _ = told(story)
    assert isinstance(issued.stopped, KeyRefused)


@pytest.mark.parametrize(("bound", "is_beyond"), [(4, True), (5, False), (None, False), (0, True)])
def test_refusals_are_counted_over_all(bound: int | None, is_beyond: bool) -> None:
    watching = Watching()

    async def story(processes: list[Process], signals: Signals) -> None:
        first, second = (process.teller for process in processes)
        for teller, outcome, was_in_doubt, rows in (
            (first, Outcome.FAILED, False, 2), (first, Outcome.CREDITED, True, 2),
            (second, Outcome.FAILED, True, 2), (second, Outcome.IN_DOUBT, False, 9), (first, Outcome.FAILED, False, 1),
        ):  # fmt: skip
            for _ in range(rows):
                teller.settled(outcome, was_in_doubt=was_in_doubt)
            await a_while()
        for process in processes:
            process.ends()

    issued, heard = told(story, watching=watching, max_failures=bound)
    assert isinstance(issued.stopped, TooManyFailures) is is_beyond
    assert heard == [[STOP] if is_beyond else []] * 2
    assert sorted(watching.outcomes) == sorted(
        [(Outcome.FAILED, False)] * 3 + [(Outcome.CREDITED, True)] * 2 + [(Outcome.FAILED, True)] * 2
        + [(Outcome.IN_DOUBT, False)] * 9
    )  # fmt: skip


def test_what_each_has_to_say_is_said_once() -> None:
    watching = Watching()

    async def story(processes: list[Process], signals: Signals) -> None:
        for process in processes:
            process.teller.note("slower now")
            process.teller.throttled()
            await a_while()
            process.teller.throttled()
            process.teller.note("slower now")
            process.teller.note("paused")
            process.ends()

    told(story, watching=watching)
    assert (watching.notes, watching.throttles) == (["slower now", "paused"], 4)


def test_one_that_died_stops_the_others() -> None:
    seen: list[list[int]] = []

    async def story(processes: list[Process], signals: Signals) -> None:
        processes[0].teller.settled(Outcome.CREDITED)
        processes[0].dies(-9)
        await a_while()
        seen.append([*processes[1].heard])
        processes[1].ends()

    issued, _ = told(story)
    assert seen == [[STOP]]
    assert isinstance(issued.stopped, ShardDied) and "(code -9)" in issued.stopped.message
    assert issued.requests == 5, "what is known of the other"


@pytest.mark.parametrize("can_say_so", [True, False])
def test_a_ledger_that_failed_one_fails_the_run_and_stops_the_others(can_say_so: bool) -> None:
    seen: list[list[int]] = []

    async def story(processes: list[Process], signals: Signals) -> None:
        if can_say_so:
            processes[1].ends(failure=LedgerError("disk full", hint="mend it"))
        else:
            processes[1].dies(LEDGER_FAILED)
        await a_while()
        seen.append([*processes[0].heard])
        processes[0].ends(Interrupted("interrupted"))

    with pytest.raises(LedgerError, match="disk full" if can_say_so else "could not use the ledger") as failed:
        told(story)
    assert "mend" in failed.value.hint.lower()
    assert seen == [[STOP]]


def test_a_run_that_comes_to_no_end_lets_answers_come_in_and_ends_who_has_not_begun() -> None:
    async def main() -> list[list[int]]:
        made: list[Process] = []

        async def spawn(number: int) -> module.Process:
            made.append(Process(100 + number))
            return made[-1]

        def spawned(number: int) -> "asyncio.Future[module.Process]":
            return asyncio.ensure_future(spawn(number))

        settings = RunSettings(rate_per_minute=0, processes=2)
        with pytest.raises(LedgerError, match="the report's"):
            async with Processes.started(Book(made), 7, settings, SilentProgress(), spawned) as processes:
                made[1].is_there = False
                processes._look()
                asyncio.get_running_loop().call_later(0.02, made[0].ends)
                raise LedgerError("the report's")
        return [process.heard for process in made]

    assert asyncio.run(asyncio.wait_for(main(), 20)) == [[STOP], [signal.SIGKILL]]


# -- What is told -------------------------------------------------------------------------------------------


def test_what_is_told_is_read_as_it_was_meant() -> None:
    teller = Teller()
    for outcome in (Outcome.CREDITED, Outcome.CREDITED, Outcome.IN_DOUBT):
        teller.settled(outcome)
    teller.settled(Outcome.CREDITED, was_in_doubt=True)
    teller.throttled()
    teller.note("paused")
    ended = Ended(Issued(COUNTS, 9, KeyRefused("no", hint="look")), None)
    read = Told.read(teller.said(ended))
    assert read.settled == {
        (Outcome.CREDITED, False): 2, (Outcome.IN_DOUBT, False): 1, (Outcome.CREDITED, True): 1
    }  # fmt: skip
    assert (read.throttled, read.notes) == (1, ("paused",))
    assert read.ended is not None and (read.ended.issued.counts, read.ended.issued.requests) == (COUNTS, 9)
    assert repr(read.ended.issued.stopped) == repr(KeyRefused("no")) and read.ended.failure is None
    assert Told.read("{}") == Told()


def test_money_and_waits_are_told_and_only_what_is_new_is_passed_on() -> None:
    now = 50.0
    teller = Teller(lambda: now)
    for money in (Money(100, None, "USD"), Money(5, None, "USD"), Money(None, "0.5", "EUR")):
        teller.credited(money)
    before = Told.read(teller.said())
    assert [*before.credited_since(Told())] == [Money(105, None, "USD"), Money(None, "0.5", "EUR")]
    teller.credited(Money(None, "0.25", "EUR"))
    assert [*Told.read(teller.said()).credited_since(before)] == [Money(None, "0.25", "EUR")]
    assert before.waiting(now) is None
    teller.waits(Waiting("the next look", 3.7, is_the_last=False))
    said = teller.said()
    now += 0.4
    teller.waits(Waiting("the next look", 3.3, is_the_last=False))
    assert teller.said() == said, "what is counted down is not written anew"
    assert Told.read(said).waiting(52.0) == Waiting("the next look", 2.0, is_the_last=False)
    assert Told.read(said).waiting(90.0) == Waiting("the next look", 0.0, is_the_last=False)
    teller.waits(Waiting("the answers to 3 requests"))
    assert Told.read(teller.said()).waiting(52.0) == Waiting("the answers to 3 requests")
    assert Told.read(teller.said(Ended(Issued(COUNTS, 1, None)))).waiting(52.0) is None


def test_a_doubt_is_told_before_it_is_settled() -> None:
    teller = Teller()
    teller.settled(Outcome.CREDITED, was_in_doubt=True)
    teller.settled(Outcome.IN_DOUBT)
    teller.settled(Outcome.CREDITED)
    now = Told.read(teller.said())
    assert [was_in_doubt for _, was_in_doubt, _ in now.since(Told())] == [False, False, True]
    assert now.since(now) == []


def test_notes_are_bounded() -> None:
    teller = Teller()
    for number in range(MAX_NOTES + 5):
        teller.note(f"note {number}")
    assert len(Told.read(teller.said()).notes) == MAX_NOTES


def test_where_one_cannot_be_started_the_others_let_their_answers_come_in() -> None:
    """The system has no process left, or no file: that is a run that stopped, with reports, and no error."""

    async def main() -> None:
        first = Process(100)

        async def spawned(number: int) -> Process:
            if number:
                raise OSError(11, "Resource temporarily unavailable")
            return first

        def spawn(number: int) -> "asyncio.Future[Any]":
            return asyncio.ensure_future(spawned(number))

        settings = RunSettings(processes=3, concurrency=3, rate_per_minute=0)
        signals = Signals()
        signals.sending_begins()
        async with Processes.started(Book([first]), 7, settings, SilentProgress(), spawn) as processes:
            issuing = asyncio.create_task(processes.issue(signals))
            await a_while()
            assert first.heard == [STOP]
            first.ends(Interrupted("interrupted"))
            issued = await issuing
        assert isinstance(issued.stopped, ShardDied)
        assert "Resource temporarily unavailable" in issued.stopped.message
        assert issued.requests == 5

    asyncio.run(asyncio.wait_for(main(), 20))


def test_where_none_can_be_started_nothing_was_sent() -> None:
    async def main() -> None:
        def spawn(number: int) -> "asyncio.Future[Any]":
            raise OSError(11, "Resource temporarily unavailable")

        settings = RunSettings(processes=2, concurrency=2, rate_per_minute=0)
        signals = Signals()
        signals.sending_begins()
        async with Processes.started(Book([]), 7, settings, SilentProgress(), spawn) as processes:
            issued = await processes.issue(signals)
        assert isinstance(issued.stopped, ShardDied)
        assert (issued.requests, issued.counts) == (0, Counts())

    asyncio.run(asyncio.wait_for(main(), 20))
