"""The pool and its breaker against a site of the test's own, in virtual time, with nothing between but the gate."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest

from batch_credits.chargebee.answers import Answer
from batch_credits.chargebee.client import Chargebee
from batch_credits.errors import (
    AnsweredForAnother,
    DoubleCreditAlarm,
    Interrupted,
    KeyRefused,
    LedgerError,
    Outage,
    RunStopped,
    TooManyFailures,
)
from batch_credits.gate.session import Session
from batch_credits.ledger.group_commit import Journal, Rhythm
from batch_credits.model import Finding, Learned, Money, Outcome, PlannedCredit, RequestState
from batch_credits.progress.observers import Progress, SilentProgress
from batch_credits.settings import RunSettings
from batch_credits.worker_pool.pool import _PAGES_AHEAD, WorkerPool
from tests.unit.conftest import VIRTUAL_START

SETTINGS = RunSettings(
    rate_per_minute=0, concurrency=4, claim_page=5, flush_seconds=0.01, max_attempts=4, breaker_threshold=3
)


def credit(number: int, customer: str | None = None) -> PlannedCredit:
    name = customer or f"c-{number}"
    body = f"customer_id={name}&amount=100&currency_code=USD&reference=r-{number}".encode()
    return PlannedCredit(number, name, f"r-{number}", Money(100, None, "USD"), "general", body)


def error(status: int, code: str, **headers: str) -> Answer:
    return Answer(status, headers, orjson.dumps({"api_error_code": code, "message": f"{code}!", "type": "x"}))


class Site:
    """Credits after a second, unless `faults` has something else for the customer's next call."""

    def __init__(self) -> None:
        self.faults: dict[str, list[Answer | Exception]] = {}
        self.probe = Answer(200, {}, b'{"list": []}')
        self.busy: Counter[str] = Counter()
        self.at_once = self.most_at_once = 0
        self.posts: list[tuple[float, str, str]] = []
        self.headers: list[Mapping[str, str]] = []
        self.gets: list[float] = []

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        if method == "GET":
            self.gets.append(asyncio.get_running_loop().time())
            return self.probe
        assert body is not None
        fields = {name: value for name, [value] in parse_qs(body.decode()).items()}
        customer = fields["customer_id"]
        self.posts.append((asyncio.get_running_loop().time(), customer, headers["chargebee-idempotency-key"]))
        self.headers.append(headers)
        self.busy[customer] += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        assert self.busy[customer] == 1, "two calls on one customer"
        await asyncio.sleep(1)
        self.busy[customer] -= 1
        self.at_once -= 1
        waiting = self.faults.get(customer) or self.faults.get("*")
        if waiting:
            fault = waiting.pop(0)
            if isinstance(fault, Exception):
                raise fault
            return fault
        item = {**fields, "id": f"cr-{len(self.posts)}", "type": "increment", "amount": int(fields["amount"])}
        return Answer(200, {}, orjson.dumps({"promotional_credit": item}))


class Memory:
    """A ledger in memory. What is sent must have been opened before."""

    def __init__(self, credits: Sequence[PlannedCredit]) -> None:
        self.credits = list(credits)
        self.states = {one.request_id: RequestState.PENDING for one in credits}
        self.findings: list[Finding] = []
        self.fails_at: int | None = None
        self.commits = 0

    def commit(
        self, run_id: int | None, findings: Sequence[Finding], openings: Sequence[PlannedCredit], call: str = "{}"
    ) -> None:
        self.commits += 1
        if self.fails_at is not None and self.commits >= self.fails_at:
            raise LedgerError("disk full")
        for finding in findings:
            self.findings.append(finding)
            self.states[finding.request_id] = finding.state
        for one in openings:
            assert self.states[one.request_id] in (RequestState.PENDING, RequestState.IN_DOUBT)
            self.states[one.request_id] = RequestState.IN_FLIGHT

    async def page(self, after: int, limit: int) -> list[PlannedCredit]:
        return [
            one for one in self.credits if one.request_id > after and self.states[one.request_id] == "pending"
        ][:limit]


async def on_the_spot(work: Callable[[], Any]) -> Any:
    return work()


class Bench:
    def __init__(
        self, credits: Sequence[PlannedCredit], settings: RunSettings = SETTINGS, observer: Progress | None = None
    ) -> None:
        self.site = Site()
        self.memory = Memory(credits)
        progress = observer or SilentProgress()
        nothing_noted: Any = None
        session = Session(self.site, nothing_noted, "acme-test", settings, on_the_spot, progress=progress)
        self.limiter, self.chargebee = session.limiter, session.chargebee
        self.journal = Journal(
            self.memory,
            1,
            "acme-test",
            in_thread=on_the_spot,
            rhythm=Rhythm(settings.flush_seconds),
            on_failure=self.journal_failed,
        )
        self.sent_at_failure: list[int] = []
        self.held: list[PlannedCredit] = []
        self.settle: Callable[[PlannedCredit], None] = self.leave
        self.pool = WorkerPool(session, self.journal, self, settings, progress, lambda: 0.5)

    def journal_failed(self) -> None:
        self.sent_at_failure.append(len(self.site.posts))
        self.pool.stop(None)

    def hold(self, one: PlannedCredit, pool: WorkerPool) -> None:
        assert pool is self.pool
        self.held.append(one)
        self.settle(one)

    def leave(self, one: PlannedCredit) -> None:
        """Every doubt is left for the next run."""
        asyncio.get_running_loop().call_soon(self.pool.settled, one)

    async def run(self) -> None:
        await asyncio.wait_for(self.pool.run(self.memory.page), 100_000)
        await self.journal.close()

    def states(self) -> Counter[str]:
        return Counter(state.value for state in self.memory.states.values())


@pytest.fixture
def pooled(virtually: Any) -> Callable[..., Bench]:
    """Runs a pool over these credits to its end; `prepare` sets the site up, or does things meanwhile."""

    def run(
        credits: Sequence[PlannedCredit],
        prepare: Callable[[Bench], Awaitable[None]] | None = None,
        settings: RunSettings = SETTINGS,
    ) -> Bench:
        async def main() -> Bench:
            bench = Bench(credits, settings)
            running = asyncio.get_running_loop().create_task(bench.run())
            if prepare is not None:
                await prepare(bench)
            await running
            return bench

        found = virtually(main())
        assert isinstance(found, Bench)
        return found

    return run


def with_faults(**faults: Answer | Exception | list[Answer | Exception]) -> Callable[[Bench], Awaitable[None]]:
    """Faults by customer; `all` is for everybody."""

    async def prepare(bench: Bench) -> None:
        for name, fault in faults.items():
            customer = "*" if name == "all" else name.replace("_", "-")
            bench.site.faults[customer] = list(fault) if isinstance(fault, list) else [fault]

    return prepare


def test_everybody_is_credited_once(pooled: Any) -> None:
    bench = pooled([credit(number) for number in range(1, 101)])
    assert bench.states() == {"credited": 100}
    assert len({customer for _, customer, _ in bench.site.posts}) == len(bench.site.posts) == 100
    assert bench.site.most_at_once == 4


def test_nothing_to_do(pooled: Any) -> None:
    assert pooled([]).site.posts == []


def test_one_customer_never_has_two_calls_at_once(pooled: Any) -> None:
    """The site itself asserts it."""
    bench = pooled([credit(number, f"c-{number % 3}") for number in range(1, 61)])
    assert bench.states() == {"credited": 60}


def test_a_refusal_is_final_and_counted(pooled: Any) -> None:
    bench = pooled([credit(1), credit(2)], with_faults(c_1=error(404, "resource_not_found")))
    assert bench.states() == {"failed": 1, "credited": 1}
    [finding] = [f for f in bench.memory.findings if f.state is RequestState.FAILED]
    assert (finding.error_code, finding.reason, finding.open_attempts) == (
        "resource_not_found",
        "resource_not_found!",
        0,
    )
    assert bench.pool.counts.failures == 1


@pytest.mark.parametrize(
    "fault",
    [
        error(500, "internal_error"),
        error(422, "unable_to_process_request"),
        Answer(200, {}, b"{"),
        TimeoutError(),
        ConnectionResetError(),
    ],
    ids=repr,
)
def test_no_proof_goes_to_the_settler(pooled: Any, fault: Any) -> None:
    bench = pooled([credit(1), credit(2)], with_faults(c_1=fault))
    assert bench.states() == {"in_doubt": 1, "credited": 1}
    [held] = bench.held
    assert (held.customer_id, held.open_attempts) == ("c-1", 1)
    assert len(bench.site.posts) == 2  # not sent again on its own


def test_another_try_has_the_same_key_and_comes_later(pooled: Any) -> None:
    bench = pooled([credit(1)], with_faults(c_1=[error(429, "lock_timeout")] * 2))
    assert bench.states() == {"credited": 1}
    assert len({key for _, _, key in bench.site.posts}) == 1
    times = [at for at, _, _ in bench.site.posts]
    assert times[1] - times[0] >= 1.5
    assert times[2] - times[1] > times[1] - times[0]
    assert bench.pool.counts.retries == 2


def test_tries_are_bounded_and_the_row_stays_pending(pooled: Any) -> None:
    bench = pooled([credit(1), credit(2, "c-1")], with_faults(c_1=[error(429, "lock_timeout")] * 4))
    assert len(bench.site.posts) == SETTINGS.max_attempts + 1
    assert bench.memory.states == {1: RequestState.PENDING, 2: RequestState.CREDITED}


def test_throttling_slows_everybody_down(pooled: Any) -> None:
    throttle = error(429, "api_request_limit_exceeded", **{"retry-after": "50"})
    bench = pooled([credit(number) for number in range(1, 21)], with_faults(c_1=throttle))
    first = bench.site.posts[0][0]
    assert not [at for at, _, _ in bench.site.posts if first + 1.1 < at < first + 50.9]
    assert bench.states() == {"credited": 20}
    assert bench.pool.counts.throttled == 1
    assert [f.http_status for f in bench.memory.findings if f.state is RequestState.PENDING] == [429]


def test_throttling_shrinks_the_budget_and_says_so(virtually: Any) -> None:
    class Watching(SilentProgress):
        def __init__(self) -> None:
            self.notes: list[str] = []
            self.shares: list[int] = []

        def note(self, text: str) -> None:
            self.notes.append(text)

        def slowed_to(self, per_minute: int) -> None:
            self.shares.append(per_minute)

    async def main() -> tuple[Bench, Watching]:
        watching = Watching()
        bench = Bench([credit(number) for number in range(1, 21)], replace(SETTINGS, rate_per_minute=100), watching)
        bench.site.faults["c-1"] = [error(429, "api_request_limit_exceeded", **{"retry-after": "5"})]
        await bench.run()
        return bench, watching

    bench, watching = virtually(main())
    assert bench.states() == {"credited": 20}
    assert watching.shares[0] == 56
    assert watching.notes == [
        "The site's limit is used up, by others too: sending goes on more slowly, at 56 requests a minute,"
        " and slowly faster again."
    ]


def test_throttling_slows_everybody_down_also_where_an_earlier_attempt_is_open(pooled: Any) -> None:
    resent = credit(1)
    resent.open_attempts = 1  # the key was its only guard, so it may be sent again while it is in doubt
    resent.first_sent = VIRTUAL_START
    throttle = error(429, "api_request_limit_exceeded", **{"retry-after": "50"})
    bench = pooled([resent, *(credit(number) for number in range(2, 21))], with_faults(c_1=throttle))
    first = bench.site.posts[0][0]
    assert not [at for at, _, _ in bench.site.posts if first + 1.1 < at < first + 50.9]
    assert bench.states() == {"in_doubt": 1, "credited": 19}
    assert bench.pool.counts.throttled == 1


@pytest.mark.parametrize(("waited", "state"), [(1, "credited"), (-1, "in_doubt")])
def test_a_credit_whose_key_alone_guards_it_leaves_while_the_key_is_remembered_or_not_at_all(
    pooled: Any, waited: float, state: str
) -> None:
    resent = credit(1)
    resent.open_attempts = 1
    pause = 100.0
    resent.first_sent = VIRTUAL_START + pause + waited - SETTINGS.key_window_seconds

    async def prepare(bench: Bench) -> None:
        bench.limiter.pause(pause)

    bench = pooled([resent], prepare)
    assert bench.states() == {state: 1}
    assert len(bench.site.posts) == (state == "credited")
    assert [held.open_attempts for held in bench.held] == ([1] if state == "in_doubt" else [])


def test_a_busy_customer_slows_nobody_else_down(pooled: Any) -> None:
    busy = error(429, "lock_timeout", **{"retry-after": "200"})
    bench = pooled([credit(number) for number in range(1, 21)], with_faults(c_1=busy))
    first = bench.site.posts[0][0]
    assert [customer for at, customer, _ in bench.site.posts if at > first + 10] == ["c-1"]
    assert bench.states() == {"credited": 20}


# -- The breaker --------------------------------------------------------------------------------------------


def test_a_site_that_takes_nothing_is_probed_before_sending_goes_on(pooled: Any) -> None:
    async def prepare(bench: Bench) -> None:
        bench.site.faults["*"] = [error(503, "site_read_only_mode")] * 4
        bench.site.probe = error(503, "site_read_only_mode")
        await asyncio.sleep(100)
        assert len(bench.site.posts) == 4  # those under way when the first was told
        assert len(bench.site.gets) > 2
        bench.site.probe = Answer(200, {}, b'{"list": []}')

    bench = pooled([credit(number) for number in range(1, 21)], prepare)
    assert bench.states() == {"credited": 20}


def test_doubts_in_a_row_open_the_breaker(pooled: Any) -> None:
    bench = pooled([credit(number) for number in range(1, 41)], with_faults(all=[TimeoutError()] * 8))
    assert bench.site.gets
    in_doubt = bench.states()["in_doubt"]
    assert in_doubt == 8
    opened = bench.site.gets[0]
    assert len([at for at, _, _ in bench.site.posts if at < opened]) <= SETTINGS.breaker_threshold + 2 * 4


def test_an_outage_ends_the_run_and_leaves_the_rest_pending(pooled: Any) -> None:
    async def prepare(bench: Bench) -> None:
        bench.site.faults["*"] = [error(503, "site_not_ready")] * 1000
        bench.site.probe = Answer(502, {}, b"")

    bench = pooled([credit(number) for number in range(1, 21)], prepare)
    assert isinstance(bench.pool.stopped, Outage)
    assert bench.states() == {"pending": 20}


def test_throttling_without_end_is_an_outage(pooled: Any) -> None:
    async def prepare(bench: Bench) -> None:
        bench.site.faults["*"] = [error(429, "api_request_limit_exceeded", **{"retry-after": "60"})] * 1000

    bench = pooled([credit(number) for number in range(1, 101)], prepare)
    assert isinstance(bench.pool.stopped, Outage)
    assert bench.states() == {"pending": 100}


def test_a_probe_that_is_refused_stops_the_run(pooled: Any) -> None:
    async def prepare(bench: Bench) -> None:
        bench.site.faults["*"] = [error(503, "site_not_ready")]
        bench.site.probe = error(401, "api_authentication_failed")

    bench = pooled([credit(1), credit(2), credit(3)], prepare)
    assert isinstance(bench.pool.stopped, KeyRefused)
    assert "in_doubt" not in bench.states()


def test_a_bug_in_the_probe_is_no_hang(virtually: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def buggy(chargebee: Chargebee) -> bool:
        raise ZeroDivisionError("a bug")

    async def main() -> None:
        monkeypatch.setattr(Chargebee, "answers", buggy)
        bench = Bench([credit(number) for number in range(1, 9)])
        bench.site.faults["*"] = [error(503, "site_not_ready")]
        try:
            with pytest.raises(ZeroDivisionError):
                await bench.run()
        finally:
            await bench.journal.close()

    virtually(main())


# -- The end ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [error(401, "api_authentication_failed"), error(403, "request_blocked"), Answer(302, {}, b"")], ids=repr
)
def test_a_refused_caller_sends_nothing_more(pooled: Any, fault: Any) -> None:
    bench = pooled([credit(number) for number in range(1, 101)], with_faults(c_1=fault))
    assert bench.pool.stopped is not None
    assert len(bench.site.posts) <= 4
    answered = "in_doubt" if fault.status == 302 else "pending"  # a redirect is nobody's word but a stranger's
    sent = len(bench.site.posts)
    assert bench.states() == Counter({"pending": 100 - sent, "credited": sent - 1}) + Counter([answered])
    [finding] = [finding for finding in bench.memory.findings if finding.state != "credited" and finding.http_status]
    assert (finding.state, finding.http_status) == (answered, fault.status)
    assert finding.open_attempts == (answered == "in_doubt")


ANOTHERS = orjson.dumps(
    {
        "promotional_credit": {
            "id": "cr-x",
            "customer_id": "c-9",
            "type": "increment",
            "amount": 100,
            "currency_code": "USD",
            "reference": "r-1",
        }
    }
)


def test_an_answer_for_another_keeps_its_id_and_stops_the_run(pooled: Any) -> None:
    other = Answer(200, {}, ANOTHERS)
    bench = pooled([credit(number) for number in range(1, 101)], with_faults(c_1=other))
    assert isinstance(bench.pool.stopped, AnsweredForAnother)
    assert len(bench.site.posts) <= 4
    [finding] = [finding for finding in bench.memory.findings if finding.state == "review"]
    assert (finding.request_id, finding.credit_id, finding.http_status) == (1, "cr-x", 200)
    assert "cr-x" in (finding.reason or "") and "'c-9'" in (finding.reason or "")


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (error(401, "api_authentication_failed"), []),
        (Answer(401, {}, b"<html>"), [Outcome.IN_DOUBT]),
        (Answer(302, {}, b""), [Outcome.IN_DOUBT]),
        (Answer(200, {}, b"{"), [Outcome.IN_DOUBT]),
        (Answer(200, {}, ANOTHERS), [Outcome.REVIEW]),
        (error(404, "resource_not_found"), [Outcome.FAILED]),
    ],
    ids=repr,
)
def test_who_watches_is_told_what_becomes_of_the_row(virtually: Any, fault: Answer, told: list[Outcome]) -> None:
    class Watching(SilentProgress):
        def __init__(self) -> None:
            self.outcomes: list[Outcome] = []

        def settled(self, outcome: Outcome, *, was_in_doubt: bool = False) -> None:
            self.outcomes.append(outcome)

    async def main() -> list[Outcome]:
        watching = Watching()
        bench = Bench([credit(1)], observer=watching)
        bench.site.faults["c-1"] = [fault]
        await bench.run()
        return watching.outcomes

    assert virtually(main()) == told


def test_what_is_not_whole_and_names_a_credit_is_kept_in_doubt_with_it(pooled: Any) -> None:
    cut = Answer(200, {}, b'{"customer":{},"promotional_credit":{"id":"cr-x","customer_id":"c-')
    bench = pooled([credit(1)], with_faults(c_1=cut))
    assert [(one.request_id, one.credit_id) for one in bench.held] == [(1, "cr-x")]
    assert bench.memory.findings[-1].credit_id == "cr-x"


def test_a_row_that_a_person_said_is_not_credited_is_looked_at_before_it_is_sent(pooled: Any) -> None:
    said = credit(1)
    said.look_first = True
    bench = pooled([said, credit(2)])
    assert [one.request_id for one in bench.held] == [1]
    assert bench.states() == {"pending": 1, "credited": 1}


def test_the_call_is_frozen_at_the_first_attempt(pooled: Any) -> None:
    frozen = credit(1)
    frozen.call, frozen.attempts = '{"chargebee-event-email":"all-disabled"}', 1
    bench = pooled([frozen, credit(2)])
    assert [headers.get("chargebee-event-email") for headers in bench.site.headers] == ["all-disabled", None]


def test_too_many_refusals_end_the_run(pooled: Any) -> None:
    settings = RunSettings(rate_per_minute=0, concurrency=1, max_failures=2)
    refusals = with_faults(all=[error(400, "param_wrong_value")] * 50)
    bench = pooled([credit(number) for number in range(1, 51)], refusals, settings)
    assert isinstance(bench.pool.stopped, TooManyFailures)
    assert bench.states() == {"failed": 3, "pending": 47}


def test_stopping_lets_every_answer_on_its_way_come_in(pooled: Any) -> None:
    async def prepare(bench: Bench) -> None:
        await asyncio.sleep(2.5)
        assert bench.site.at_once == 4
        bench.pool.stop(Interrupted("enough"))
        bench.pool.stop(Interrupted("again"))

    bench = pooled([credit(number) for number in range(1, 101)], prepare)
    assert str(bench.pool.stopped) == "enough"
    assert bench.states() == {"credited": 12, "pending": 88}
    assert len(bench.site.posts) == 12


PERSON, OTHER_PERSON = AnsweredForAnother("not ours"), DoubleCreditAlarm("two of them")
ENOUGH, REFUSED = Interrupted("enough"), KeyRefused("no such key")


@pytest.mark.parametrize(
    ("stops", "told"),
    [
        ([None], None),
        ([None, ENOUGH], ENOUGH),
        ([ENOUGH, None], ENOUGH),
        ([ENOUGH, REFUSED], ENOUGH),
        ([ENOUGH, PERSON], PERSON),
        ([ENOUGH, PERSON, None, REFUSED], PERSON),
        ([REFUSED, OTHER_PERSON, ENOUGH], OTHER_PERSON),
        ([PERSON, OTHER_PERSON], PERSON),
    ],
    ids=repr,
)
def test_what_a_person_must_look_at_is_told_whatever_stopped_the_run_first(
    virtually: Any, stops: list[RunStopped | None], told: RunStopped | None
) -> None:
    async def main() -> RunStopped | None:
        bench = Bench([credit(1)])
        for stop in stops:
            bench.pool.stop(stop)
        await bench.run()
        assert bench.site.posts == []
        return bench.pool.stopped

    assert virtually(main()) is told


def test_an_answer_for_another_that_comes_in_after_the_interrupt_is_told(pooled: Any) -> None:
    async def prepare(bench: Bench) -> None:
        bench.site.faults["c-1"] = [Answer(200, {}, ANOTHERS)]
        await asyncio.sleep(0.5)
        bench.pool.stop(ENOUGH)

    bench = pooled([credit(number) for number in range(1, 101)], prepare)
    assert isinstance(bench.pool.stopped, AnsweredForAnother)
    assert bench.states() == {"review": 1, "credited": 3, "pending": 96}


def test_a_stop_while_rows_wait_for_another_try_does_not_wait_for_them(pooled: Any) -> None:
    async def prepare(bench: Bench) -> None:
        bench.site.faults["c-1"] = [error(429, "lock_timeout", **{"retry-after": "300"})]
        await asyncio.sleep(30)
        bench.pool.stop(None)

    bench = pooled([credit(1), credit(2)], prepare)
    assert bench.states() == {"pending": 1, "credited": 1}


def test_a_bug_in_a_worker_ends_the_run_with_the_error(virtually: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        bench = Bench([credit(number) for number in range(1, 9)])

        async def buggy(attempt: object) -> None:
            raise ZeroDivisionError("a bug")

        monkeypatch.setattr(bench.chargebee, "send_credit", buggy)
        try:
            with pytest.raises(ZeroDivisionError):
                await bench.run()
        finally:
            await bench.journal.close()

    virtually(main())


@pytest.mark.parametrize("commit", range(1, 9))
def test_after_a_failed_commit_nothing_is_sent_that_was_not_on_its_way(virtually: Any, commit: int) -> None:
    async def main() -> None:
        settings = RunSettings(rate_per_minute=0, concurrency=2, claim_page=100, flush_seconds=0.0)
        bench = Bench([credit(number) for number in range(1, 90)], settings)
        bench.memory.fails_at = commit
        with pytest.raises(LedgerError, match="disk full"):
            await bench.run()
        assert bench.sent_at_failure
        assert len(bench.site.posts) <= bench.sent_at_failure[0] + settings.concurrency

    virtually(main())


# -- What is journaled ahead, and what waits behind an open breaker -----------------------------------------


@pytest.mark.parametrize(("rate", "most"), [(0, _PAGES_AHEAD * SETTINGS.claim_page), (60, SETTINGS.claim_page)])
def test_few_rows_are_journaled_ahead_of_their_sending(pooled: Any, rate: int, most: int) -> None:
    """All of them would be in doubt if the process died."""
    ahead: list[int] = []

    async def prepare(bench: Bench) -> None:
        while len(bench.site.posts) < 100:
            in_flight = sum(state is RequestState.IN_FLIGHT for state in bench.memory.states.values())
            ahead.append(in_flight - bench.site.at_once)
            await asyncio.sleep(0.1)

    bench = pooled([credit(number) for number in range(1, 201)], prepare, replace(SETTINGS, rate_per_minute=rate))
    assert bench.states() == {"credited": 200}
    assert 0 < max(ahead) <= most


def test_without_a_limit_many_rows_share_a_commit_while_there_are_more(pooled: Any) -> None:
    """What a commit costs is the same for one page and for three."""
    opened: list[int] = []

    async def prepare(bench: Bench) -> None:
        commit = bench.memory.commit

        def counted(run_id: int | None, findings: Any, openings: Any, call: str = "{}") -> None:
            opened.append(len(openings))
            commit(run_id, findings, openings, call)

        bench.memory.commit = counted  # type: ignore[method-assign]

    settings = replace(SETTINGS, pages_at_once=3)
    bench = pooled([credit(number) for number in range(1, 202)], prepare, settings)
    assert bench.states() == {"credited": 201}
    *most, last = filter(None, opened)
    assert sum(opened) == 201
    assert min(most) >= 3 * SETTINGS.claim_page > last


def test_the_last_rows_wait_for_the_breaker_to_close(pooled: Any) -> None:
    async def prepare(bench: Bench) -> None:
        bench.site.faults["c-1"] = [error(503, "site_read_only_mode")]
        bench.site.probe = error(503, "site_read_only_mode")
        await asyncio.sleep(120)
        assert len(bench.site.posts) == 1
        bench.site.probe = Answer(200, {}, b'{"list": []}')

    bench = pooled([credit(1)], prepare)
    assert bench.states() == {"credited": 1}
    bench = pooled([credit(1), credit(2, "c-1")], prepare)
    assert bench.states() == {"credited": 2}


@pytest.mark.parametrize("customer", ["c-1", None], ids=["of the same customer", "of others"])
@pytest.mark.parametrize(("rate", "claim_page"), [(0, 1), (60, 5)], ids=["not all are read", "all are read"])
def test_rows_after_a_doubt_that_opened_the_breaker_are_sent_when_it_closes(
    pooled: Any, customer: str | None, rate: int, claim_page: int
) -> None:
    settings = replace(SETTINGS, breaker_threshold=1, concurrency=1, claim_page=claim_page, rate_per_minute=rate)
    rows = [credit(1), *(credit(number, customer) for number in range(2, 10))]
    bench = pooled(rows, with_faults(c_1=TimeoutError()), settings)
    assert bench.states() == {"in_doubt": 1, "credited": 8}
    assert len(bench.site.gets) == 1


def test_doubts_that_are_not_in_a_row_open_no_breaker(pooled: Any) -> None:
    """Any proof begins the count anew, also that a row is refused."""
    settings = replace(SETTINGS, concurrency=1, breaker_threshold=2)
    refused = error(404, "resource_not_found")
    lost = {f"c_{number}": TimeoutError() for number in (1, 3, 5, 7)}
    bench = pooled([credit(number) for number in range(1, 9)], with_faults(**lost, c_2=refused, c_6=refused), settings)
    assert bench.site.gets == []
    assert bench.states() == {"in_doubt": 4, "failed": 2, "credited": 2}
    bench = pooled([credit(number) for number in range(1, 9)], with_faults(all=[TimeoutError()] * 2), settings)
    assert len(bench.site.gets) == 1


def test_a_finding_has_all_that_the_answer_said(pooled: Any) -> None:
    document = {"api_error_code": "param_wrong_value", "message": "amount : no", "type": "x", "param": "amount"}
    refused = Answer(400, {}, orjson.dumps(document))
    bench = pooled([credit(1)], with_faults(c_1=refused))
    [finding] = bench.memory.findings
    assert (finding.state, finding.http_status) == ("failed", 400)
    assert (finding.error_code, finding.error_param, finding.reason) == ("param_wrong_value", "amount", "amount : no")

    bench = pooled([credit(1)], with_faults(c_1=[error(429, "lock_timeout")] * SETTINGS.max_attempts))
    finding = bench.memory.findings[-1]
    assert (finding.state, finding.http_status) == ("pending", 429)
    assert (finding.error_code, finding.reason) == ("lock_timeout", "lock_timeout!")

    bench = pooled([credit(1)], with_faults(c_1=error(503, "site_not_ready")))
    finding = bench.memory.findings[0]
    assert (finding.state, finding.http_status) == ("pending", 503)
    assert (finding.error_code, finding.reason) == ("site_not_ready", "site_not_ready!")

    bench = pooled([credit(1)], with_faults(c_1=error(500, "internal_error")))
    finding = bench.memory.findings[-1]
    assert (finding.state, finding.http_status, finding.error_code) == ("in_doubt", 500, "internal_error")
    assert finding.reason


@pytest.mark.parametrize("open_attempts", [0, 1])
def test_what_the_settler_releases_is_sent_again_and_frees_its_customer(virtually: Any, open_attempts: int) -> None:
    async def main() -> Bench:
        bench = Bench([credit(1), credit(2, "c-1"), credit(3)])
        bench.site.faults["c-1"] = [TimeoutError()]

        def release(one: PlannedCredit) -> None:
            one.open_attempts = open_attempts
            absent = Finding.about(one, RequestState.PENDING, Learned("absent"), open_attempts=0)
            bench.journal.record(one, absent)
            asyncio.get_running_loop().call_later(30, bench.pool.release, one)

        bench.settle = release
        await bench.run()
        return bench

    bench = virtually(main())
    assert bench.states() == {"credited": 3}
    assert [customer for _, customer, _ in sorted(bench.site.posts)].count("c-1") == 3
    assert [one.request_id for one in bench.held] == [1]
    assert bench.pool.counts.retries == 1
    assert bench.pool.journaled() == 0


def test_what_is_released_too_often_waits_for_the_next_run(virtually: Any) -> None:
    async def main() -> Bench:
        bench = Bench([credit(1), credit(2, "c-1")], replace(SETTINGS, breaker_threshold=99))
        bench.site.faults["c-1"] = [TimeoutError()] * SETTINGS.max_attempts

        def release(one: PlannedCredit) -> None:
            one.open_attempts = 0
            absent = Finding.about(one, RequestState.PENDING, Learned("absent"), open_attempts=0)
            bench.journal.record(one, absent)
            asyncio.get_running_loop().call_later(1, bench.pool.release, one)

        bench.settle = release
        await bench.run()
        return bench

    bench = virtually(main())
    assert bench.memory.states == {1: RequestState.PENDING, 2: RequestState.CREDITED}
    assert len(bench.held) == SETTINGS.max_attempts
    assert bench.pool.journaled() == 0


def test_what_is_not_answered_when_the_run_ends_at_once_is_in_doubt(virtually: Any) -> None:
    """The last line of progress said that it is pending, and the summary below it, in doubt."""

    class Watching(SilentProgress):
        def __init__(self) -> None:
            self.outcomes: Counter[Outcome] = Counter()

        def settled(self, outcome: Outcome, *, was_in_doubt: bool = False) -> None:
            self.outcomes[outcome] += 1

    async def main() -> tuple[Bench, Watching]:
        watching = Watching()
        bench = Bench([credit(number) for number in range(1, 4)], observer=watching)
        running = asyncio.create_task(bench.run())
        await asyncio.sleep(0.5)
        bench.pool.stop(None)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await bench.journal.close()
        return bench, watching

    bench, watching = virtually(main())
    assert bench.states() == {"in_flight": 3}
    assert watching.outcomes == {Outcome.IN_DOUBT: 3}
