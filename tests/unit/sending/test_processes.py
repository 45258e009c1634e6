"""What the processes of a run are told, and what is made of what they tell."""

import asyncio
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from batch_credits.errors import Interrupted, KeyRefused, LedgerError, ShardDied, TooManyFailures
from batch_credits.model import Outcome
from batch_credits.process.signals import Signals
from batch_credits.progress.observers import SilentProgress
from batch_credits.sending.processes import SIZE_BYTES, STOP, ShardOrders, Shards
from batch_credits.sending.session import Issued
from batch_credits.settings import RunSettings, SiteSettings

ENDED = {"error": None, "requests": 5, "throttled": 1, "retries": 2, "failures": 3, "stopped": None}


class Pipe:
    """A process's input."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, content: bytes) -> None:
        self.written += content

    def is_closing(self) -> bool:
        return False

    @property
    def orders(self) -> ShardOrders:
        size = int.from_bytes(self.written[:SIZE_BYTES], "big")
        orders = pickle.loads(self.written[SIZE_BYTES : SIZE_BYTES + size])
        assert isinstance(orders, ShardOrders)
        return orders

    @property
    def after_orders(self) -> bytes:
        return self.written[SIZE_BYTES + int.from_bytes(self.written[:SIZE_BYTES], "big") :]


class Process:
    """A shard that says what a test lets it say."""

    def __init__(self) -> None:
        self.stdin, self.stdout = Pipe(), asyncio.StreamReader()
        self.returncode: int | None = None

    def says(self, **told: object) -> None:
        self.stdout.feed_data(orjson.dumps(told) + b"\n")

    def ends(self, code: int = 0, **ended: object) -> None:
        if not code:
            self.says(ended={**ENDED, **ended})
        self.returncode = code
        self.stdout.feed_eof()

    async def wait(self) -> int:
        assert self.returncode is not None
        return self.returncode


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


def told(story: Story, *, count: int = 2, watching: Watching | None = None, **chosen: Any) -> tuple[Issued, list[Pipe]]:
    """How it went, and what was written to each process, when this happens while they send."""

    async def main() -> tuple[Issued, list[Pipe]]:
        processes = [Process() for _ in range(count)]
        signals = Signals()
        signals.sending_begins()
        known: Any = processes
        settings = RunSettings(rate_per_minute=0, processes=count, **chosen)
        site = SiteSettings("acme-test", "http://127.0.0.1:1", "key")
        shards = Shards(known, watching or SilentProgress())
        issuing = asyncio.create_task(shards.issue(ShardOrders(Path("l"), "ab" * 32, 7, site, settings, 0), signals))
        await asyncio.sleep(0)
        await story(processes, signals)
        return await issuing, [process.stdin for process in processes]

    return asyncio.run(asyncio.wait_for(main(), 20))


def end_all(*endings: dict[str, Any]) -> Story:
    async def story(processes: Sequence[Process], signals: Signals) -> None:
        for number, process in enumerate(processes):
            process.ends(**(endings[number] if number < len(endings) else {}))

    return story


@pytest.mark.parametrize(
    ("concurrency", "shares"), [(10, [4, 3, 3]), (3, [1, 1, 1]), (11, [4, 4, 3]), (300, [100] * 3)]
)
def test_the_concurrency_is_shared_and_not_given_to_each(concurrency: int, shares: list[int]) -> None:
    _, pipes = told(end_all(), count=3, concurrency=concurrency, max_failures=9)
    assert [pipe.orders.settings.concurrency for pipe in pipes] == shares
    assert [pipe.orders.shard for pipe in pipes] == [0, 1, 2]
    assert {pipe.orders.settings.max_failures for pipe in pipes} == {None}, "the bound is one for all, counted here"
    assert {(pipe.orders.run_id, pipe.orders.batch_key, pipe.orders.settings.processes) for pipe in pipes} == {
        (7, "ab" * 32, 3)
    }
    assert {pipe.after_orders for pipe in pipes} == {b""}


def test_what_each_did_is_added_up() -> None:
    issued, _ = told(end_all({}, {"requests": 10, "retries": 0, "failures": 20, "throttled": 7}))
    assert (issued.requests, issued.stopped) == (15, None)
    assert (issued.counts.throttled, issued.counts.retries, issued.counts.failures) == (8, 2, 23)


def test_a_signal_is_passed_on_once_to_each_and_the_second_once_more() -> None:
    """Told twice a shard ends at once, and what was on its way is left in doubt."""
    seen: list[list[bytes]] = []

    async def story(processes: list[Process], signals: Signals) -> None:
        for _ in range(2):
            signals.arrive()
            await asyncio.sleep(0.01)
            seen.append([process.stdin.after_orders for process in processes])
        for process in processes:
            process.ends(stopped=["Interrupted", "interrupted", ""])

    issued, _ = told(story)
    assert seen == [[STOP] * 2, [STOP * 2] * 2]
    assert isinstance(issued.stopped, Interrupted)


def test_a_signal_from_before_is_passed_on_with_the_orders() -> None:
    async def main() -> None:
        process, signals = Process(), Signals()
        signals.sending_begins()
        signals.arrive()
        process.ends()  # it was done already, so nothing else stops it
        known: Any = [process]
        site = SiteSettings("acme-test", "http://127.0.0.1:1", "key")
        orders = ShardOrders(Path("l"), "ab" * 32, 7, site, RunSettings(processes=1), 0)
        running: Any = process
        running.returncode = None
        waiting = asyncio.create_task(Shards(known, SilentProgress()).issue(orders, signals))
        issued = await waiting
        assert process.stdin.after_orders == STOP
        assert isinstance(issued.stopped, Interrupted)

    asyncio.run(asyncio.wait_for(main(), 20))


def test_what_stops_one_stops_the_others_and_a_signal_after_it_is_their_first() -> None:
    seen: list[bytes] = []

    async def story(processes: list[Process], signals: Signals) -> None:
        first, second = processes
        first.ends(stopped=["KeyRefused", "no such key", "look at it"])
        await asyncio.sleep(0.01)
        seen.append(second.stdin.after_orders)
        signals.arrive()
        await asyncio.sleep(0.01)
        seen.append(second.stdin.after_orders)
        signals.arrive()
        await asyncio.sleep(0.01)
        seen.append(second.stdin.after_orders)
        second.ends(stopped=["Interrupted", "interrupted", ""])

    issued, [ended, _] = told(story)
    assert seen == [STOP, STOP, STOP * 2], "it is draining already"
    assert ended.after_orders == b"", "it is gone"
    assert isinstance(issued.stopped, KeyRefused)
    assert (issued.stopped.message, issued.stopped.hint) == ("no such key", "look at it")


def test_what_stopped_it_is_said_before_the_signal_that_came_first() -> None:
    async def story(processes: list[Process], signals: Signals) -> None:
        signals.arrive()
        await asyncio.sleep(0.01)
        processes[0].ends(stopped=["Interrupted", "interrupted", ""])
        processes[1].ends(stopped=["KeyRefused", "no such key", ""])

    issued, _ = told(story)
    assert isinstance(issued.stopped, KeyRefused)


@pytest.mark.parametrize(("bound", "is_beyond"), [(4, True), (5, False), (None, False), (0, True)])
def test_refusals_are_counted_over_all(bound: int | None, is_beyond: bool) -> None:
    watching = Watching()

    async def story(processes: list[Process], signals: Signals) -> None:
        processes[0].says(settled=[["failed", False, 3], ["credited", True, 2]])
        processes[1].says(settled=[["failed", True, 2], ["in_doubt", False, 9]])
        await asyncio.sleep(0.01)
        for process in processes:
            process.ends()

    issued, pipes = told(story, watching=watching, max_failures=bound)
    assert isinstance(issued.stopped, TooManyFailures) is is_beyond
    assert {pipe.after_orders for pipe in pipes} == {STOP if is_beyond else b""}
    assert sorted(watching.outcomes) == sorted(
        [(Outcome.FAILED, False)] * 3 + [(Outcome.CREDITED, True)] * 2 + [(Outcome.FAILED, True)] * 2
        + [(Outcome.IN_DOUBT, False)] * 9
    )  # fmt: skip


def test_what_each_has_to_say_is_said_once() -> None:
    watching = Watching()

    async def story(processes: list[Process], signals: Signals) -> None:
        for process in processes:
            process.says(notes=["slower now"], throttled=2)
            process.says(notes=["slower now", "paused"])
            process.ends()

    told(story, watching=watching)
    assert (watching.notes, watching.throttles) == (["slower now", "paused"], 4)


@pytest.mark.parametrize("words", [b"", b'{"ended": {"err'], ids=["silent", "in the middle of a word"])
def test_one_that_died_stops_the_others(words: bytes) -> None:
    seen: list[bytes] = []

    async def story(processes: list[Process], signals: Signals) -> None:
        processes[0].stdout.feed_data(words)
        processes[0].ends(-9)
        await asyncio.sleep(0.01)
        seen.append(processes[1].stdin.after_orders)
        processes[1].ends()

    issued, _ = told(story)
    assert seen == [STOP]
    assert isinstance(issued.stopped, ShardDied) and "(code -9)" in issued.stopped.message
    assert issued.requests == 5, "what is known of the other"


def test_a_ledger_that_failed_one_fails_the_run_and_stops_the_others() -> None:
    seen: list[bytes] = []

    async def story(processes: list[Process], signals: Signals) -> None:
        processes[1].ends(error=["disk full", "mend it"])
        await asyncio.sleep(0.01)
        seen.append(processes[0].stdin.after_orders)
        processes[0].ends()

    with pytest.raises(LedgerError, match="disk full") as failed:
        told(story)
    assert failed.value.hint == "mend it"
    assert seen == [STOP]
