"""The journal's front: what is permitted is on disk, many share a commit, and one that fails ends everything."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import pytest

from batch_credits.errors import LedgerError
from batch_credits.ledger.group_commit import Journal, Rhythm
from batch_credits.model import Finding, Learned, Money, PlannedCredit, RequestState, idempotency_key


def credit(number: int = 1) -> PlannedCredit:
    return PlannedCredit(number, f"c-{number}", "q3", Money(100, None, "USD"), "general", b"body")


class Disk:
    """A ledger that commits when it is let, and fails when it is told to."""

    def __init__(self) -> None:
        self.commits: list[tuple[list[Finding], list[PlannedCredit]]] = []
        self.calls: list[str] = []
        self.error: BaseException | None = None

    def commit(
        self, run_id: int | None, findings: Sequence[Finding], openings: Sequence[PlannedCredit], call: str = "{}"
    ) -> None:
        if self.error is not None:
            raise self.error
        self.commits.append((list(findings), list(openings)))
        self.calls.append(call)


class Thread:
    """Runs the work when `go` is set: a commit that takes as long as the test wants."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.go.set()
        self.started = asyncio.Event()

    def __call__(self, work: Callable[[], Any]) -> Awaitable[Any]:
        return self._run(work)

    async def _run(self, work: Callable[[], Any]) -> Any:
        self.started.set()
        await self.go.wait()
        return work()


class Bench:
    def __init__(self) -> None:
        self.disk = Disk()
        self.thread = Thread()
        self.failures: list[bool] = []
        self.journal = Journal(
            self.disk,
            1,
            "acme-test",
            in_thread=self.thread,
            rhythm=Rhythm(0.0),
            call='{"of":"this run"}',
            on_failure=lambda: self.failures.append(True),
        )

    def spawn(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        return asyncio.get_running_loop().create_task(work)

    def record(self, credit: PlannedCredit, state: RequestState, reason: str | None = None) -> None:
        self.journal.record(credit, Finding.about(credit, state, Learned(reason=reason)))

    def hold(self) -> None:
        self.thread.go.clear()
        self.thread.started.clear()


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def bench_run(scenario: Callable[[Bench], Awaitable[None]]) -> None:
    async def main() -> None:
        await asyncio.wait_for(scenario(Bench()), 5)

    asyncio.run(main())


def test_an_attempt_is_permitted_once_it_is_durable() -> None:
    async def scenario(bench: Bench) -> None:
        bench.hold()
        one = credit()
        opening = bench.spawn(bench.journal.open_attempts([one]))
        await bench.thread.started.wait()
        await turns()
        assert not opening.done()
        assert one.open_attempts == 0

        bench.thread.go.set()
        [attempt] = await opening
        assert attempt.credit is one
        assert attempt.idempotency_key == idempotency_key("acme-test", one)
        assert (one.open_attempts, one.attempts, one.state) == (1, 1, RequestState.IN_FLIGHT)
        assert bench.disk.commits == [([], [one])]
        await bench.journal.close()

    bench_run(scenario)


def test_the_calls_of_the_run_are_frozen_with_the_attempt_for_what_was_not_sent_yet() -> None:
    async def scenario(bench: Bench) -> None:
        bench.hold()
        new, old, listed = credit(1), credit(2), credit(3)
        old.call = listed.call = '{"of":"the first run"}'
        old.attempts = 1  # the other was only to be looked for there
        opening = bench.spawn(bench.journal.open_attempts([new, old, listed]))
        await bench.thread.started.wait()
        assert new.call is None  # it is frozen on disk first
        bench.thread.go.set()
        await opening
        assert (new.call, old.call) == ('{"of":"this run"}', '{"of":"the first run"}')
        assert listed.call == new.call
        await bench.journal.close()
        assert bench.disk.calls == ['{"of":"this run"}']

    bench_run(scenario)


def test_many_attempts_and_answers_share_few_commits() -> None:
    async def scenario(bench: Bench) -> None:
        bench.hold()
        first = bench.spawn(bench.journal.open_attempts([credit(0)]))
        await bench.thread.started.wait()
        others = [bench.spawn(bench.journal.open_attempts([credit(n)])) for n in range(1, 100)]
        await turns()
        for number in range(200, 300):
            bench.record(credit(number), RequestState.FAILED)
        bench.thread.go.set()
        await asyncio.gather(first, *others)
        await bench.journal.close()
        assert bench.journal.commits == 2
        assert [(len(findings), len(openings)) for findings, openings in bench.disk.commits] == [(0, 1), (100, 99)]

    bench_run(scenario)


def test_answers_keep_their_order_and_lose_none() -> None:
    async def scenario(bench: Bench) -> None:
        for number in range(50):
            bench.record(credit(number), RequestState.CREDITED)
            if number % 7 == 0:
                await turns(3)
        await bench.journal.close()
        ids = [finding.request_id for findings, _ in bench.disk.commits for finding in findings]
        assert ids == list(range(50))

    bench_run(scenario)


def test_an_answer_alone_is_committed_without_being_asked_for() -> None:
    async def scenario(bench: Bench) -> None:
        bench.record(credit(), RequestState.FAILED, reason="no")
        while not bench.disk.commits:
            await asyncio.sleep(0)
        [([finding], [])] = bench.disk.commits
        assert (finding.request_id, finding.state, finding.reason) == (1, RequestState.FAILED, "no")
        await bench.journal.close()

    bench_run(scenario)


def test_a_finding_holds_what_was_known_when_it_was_recorded() -> None:
    async def scenario(bench: Bench) -> None:
        one = credit()
        one.open_attempts = 2
        bench.record(one, RequestState.IN_DOUBT)
        one.open_attempts = 9
        await bench.journal.close()
        assert bench.disk.commits[0][0][0].open_attempts == 2

    bench_run(scenario)


def test_flush_waits_for_the_commit_under_way() -> None:
    async def scenario(bench: Bench) -> None:
        bench.hold()
        bench.record(credit(), RequestState.FAILED)
        await bench.thread.started.wait()
        flushing = bench.spawn(bench.journal.flush())
        await turns()
        assert not flushing.done()
        bench.thread.go.set()
        await flushing
        assert len(bench.disk.commits) == 1
        await bench.journal.close()

    bench_run(scenario)


def test_flush_waits_for_what_came_during_a_commit_too() -> None:
    async def scenario(bench: Bench) -> None:
        bench.hold()
        bench.record(credit(1), RequestState.FAILED)
        await bench.thread.started.wait()
        bench.record(credit(2), RequestState.FAILED)
        flushing = bench.spawn(bench.journal.flush())
        await turns()
        bench.thread.go.set()
        await flushing
        assert len(bench.disk.commits) == 2
        await bench.journal.close()

    bench_run(scenario)


def test_flush_with_nothing_to_do_returns() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.journal.flush()
        await bench.journal.close()
        assert bench.disk.commits == []

    bench_run(scenario)


# -- A commit that fails ------------------------------------------------------------------------------------


def test_a_failed_commit_permits_nothing() -> None:
    async def scenario(bench: Bench) -> None:
        bench.disk.error = LedgerError("disk full")
        one = credit()
        with pytest.raises(LedgerError, match="disk full"):
            await bench.journal.open_attempts([one])
        assert (one.open_attempts, one.state) == (0, RequestState.PENDING)
        with pytest.raises(LedgerError):
            await bench.journal.close()

    bench_run(scenario)


def test_after_a_failed_commit_nothing_is_ever_permitted_again() -> None:
    async def scenario(bench: Bench) -> None:
        bench.disk.error = LedgerError("disk full")
        bench.record(credit(), RequestState.FAILED)
        await turns()
        bench.disk.error = None  # the disk has room again, but what was recorded is lost
        with pytest.raises(LedgerError, match="disk full"):
            await bench.journal.open_attempts([credit(2)])
        with pytest.raises(LedgerError, match="disk full"):
            await bench.journal.flush()
        assert bench.disk.commits == []
        with pytest.raises(LedgerError, match="disk full"):
            await bench.journal.close()

    bench_run(scenario)


def test_who_waits_for_the_commit_after_the_failed_one_is_told_too() -> None:
    async def scenario(bench: Bench) -> None:
        bench.hold()
        bench.disk.error = LedgerError("disk full")
        bench.record(credit(1), RequestState.FAILED)
        await bench.thread.started.wait()
        waiting = [bench.spawn(bench.journal.open_attempts([credit(n)])) for n in (2, 3)]
        waiting.append(bench.spawn(bench.journal.flush()))
        await turns()
        bench.thread.go.set()
        for result in await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 2):
            assert isinstance(result, LedgerError)
        with pytest.raises(LedgerError):
            await bench.journal.close()

    bench_run(scenario)


def test_close_says_that_the_last_answers_are_not_on_disk() -> None:
    async def scenario(bench: Bench) -> None:
        bench.disk.error = LedgerError("disk full")
        bench.record(credit(), RequestState.CREDITED)
        await turns()
        with pytest.raises(LedgerError, match="disk full"):
            await bench.journal.close()

    bench_run(scenario)


def test_a_failure_is_told_at_once_to_who_wants_to_know() -> None:
    async def scenario(bench: Bench) -> None:
        bench.disk.error = LedgerError("disk full")
        bench.record(credit(), RequestState.FAILED)
        await turns()
        assert bench.failures == [True]
        with pytest.raises(LedgerError):
            await bench.journal.close()

    bench_run(scenario)


def test_a_bug_in_the_ledger_ends_the_journal_like_a_full_disk() -> None:
    async def scenario(bench: Bench) -> None:
        bench.disk.error = ZeroDivisionError("a bug")
        with pytest.raises(ZeroDivisionError):
            await bench.journal.open_attempts([credit()])
        with pytest.raises(ZeroDivisionError):
            await bench.journal.open_attempts([credit(2)])
        with pytest.raises(ZeroDivisionError):
            await bench.journal.close()

    bench_run(scenario)


# -- The end ------------------------------------------------------------------------------------------------


def test_close_makes_everything_durable_and_leaves_nothing_running() -> None:
    async def scenario(bench: Bench) -> None:
        before = asyncio.all_tasks()
        bench.record(credit(), RequestState.FAILED)
        await bench.journal.close()
        assert len(bench.disk.commits) == 1
        assert len(asyncio.all_tasks()) == len(before) - 1  # the writer has gone

    bench_run(scenario)


def test_a_caller_that_is_cancelled_takes_no_commit_with_it() -> None:
    async def scenario(bench: Bench) -> None:
        bench.hold()
        impatient = bench.spawn(bench.journal.open_attempts([credit(1)]))
        patient = bench.spawn(bench.journal.open_attempts([credit(2)]))
        await bench.thread.started.wait()
        impatient.cancel()
        await turns()
        bench.thread.go.set()
        [attempt] = await patient
        assert attempt.credit.request_id == 2
        await bench.journal.close()

    bench_run(scenario)


def test_a_close_that_is_cancelled_in_the_middle_of_a_commit_ends_the_writer() -> None:
    async def scenario(bench: Bench) -> None:
        bench.hold()
        bench.record(credit(), RequestState.FAILED)
        await bench.thread.started.wait()
        closing = bench.spawn(bench.journal.close())
        await turns()
        closing.cancel()
        assert isinstance((await asyncio.gather(closing, return_exceptions=True))[0], asyncio.CancelledError)
        assert bench.disk.commits == []
        with pytest.raises(asyncio.CancelledError):
            await bench.journal.open_attempts([credit(2)])

    bench_run(scenario)


def test_an_idle_journal_keeps_what_was_claimed_by_commits_of_nothing() -> None:
    async def main() -> None:
        disk = Disk()
        journal = Journal(disk, 1, "acme-test", in_thread=Thread(), rhythm=Rhythm(0.0, keep=0.001))
        while len(disk.commits) < 3:
            await asyncio.sleep(0.001)
        assert disk.commits[:3] == [([], [])] * 3
        assert journal.commits == 0, "of them nobody needs to know"
        await journal.close()

    asyncio.run(asyncio.wait_for(main(), 20))
