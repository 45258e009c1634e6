"""What a run takes up from before, and what a signal after its end does: nothing."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from batch_credits.chargebee.answers import Answer
from batch_credits.errors import Outage, RunStopped
from batch_credits.ledger import Ledger
from batch_credits.process.signals import Signals
from batch_credits.sending.session import _stop_on
from tests.integration.test_pilot import FAST, Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        yield Bench(ledger)


@pytest.mark.parametrize("count", [4, 5, 6, 10, 11])
def test_every_doubt_from_before_is_taken_up_however_many_pages_they_are(bench: Bench, count: int) -> None:
    """One that is not would stay in doubt, and so would its customer's other rows wait for nothing."""
    batch = bench.plan(count)
    run = bench.ledger.runs.start(batch)
    bench.ledger.claims.commit(run, [], bench.ledger.claims.first_owed(batch, count))
    bench.site.credits += [
        {"customer_id": f"c-{number}", "reference": "q3", "amount": 100 + number, "currency_code": "USD",
         "credit_type": "general", "id": f"cr-{number}", "type": "increment"}
        for number in range(2, count + 2)
    ]  # fmt: skip
    assert bench.run(replace(FAST, pilot=0, early_look_seconds=(0.0,))).stopped is None
    assert bench.counts() == {"credited": count}
    assert len(bench.site.credits) == count


QUICK = replace(
    FAST, pilot=0, first_answer_seconds=0.2, max_outage_seconds=0.6, backoff_seconds=0.01, max_backoff_seconds=0.02,
    early_look_seconds=(0.0,),
)  # fmt: skip
NO_NAME = aiohttp.ClientConnectorDNSError(
    ConnectionKey("acme.chargebee.com", 443, True, True, None, None, None), socket.gaierror(-2, "unknown")
)


def answers_of(bench: Bench, answer: Answer | Exception, *, after: int = 0) -> None:
    """The site credits so many; then, and to every question, it gives this answer."""
    usual, sent = bench.site.send, 0

    async def send(method: str, path: str, headers: Any, body: bytes | None) -> Answer:
        nonlocal sent
        if method == "POST" and (sent := sent + 1) <= after:
            return await usual(method, path, headers, body)
        await asyncio.sleep(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    bench.site.send = send  # type: ignore[method-assign]


def test_a_site_that_is_not_there_ends_the_run_soon_with_nothing_sent(bench: Bench) -> None:
    bench.plan(12)
    answers_of(bench, NO_NAME)
    stopped = bench.run(QUICK).stopped
    assert isinstance(stopped, Outage)
    assert stopped.message == "Chargebee has not answered once in 0 s: the name acme.chargebee.com cannot be resolved."
    assert "--site" in stopped.hint
    assert bench.counts() == {"pending": 12}
    assert f"Stopping: {stopped.message}" in bench.notes.notes


def test_what_something_else_answered_at_once_stays_in_doubt(bench: Bench) -> None:
    """A page that says 404 may hide a credit, so those that were sent are not believed to be unpaid."""
    bench.plan(40)
    answers_of(bench, Answer(404, {}, b"<html>not found</html>"))
    stopped = bench.run(QUICK).stopped
    assert isinstance(stopped, Outage)
    assert "HTTP 404 without a readable answer" in stopped.message
    counts = bench.counts()
    assert counts["in_doubt"] >= 1 and sum(counts.values()) == 40 and counts.keys() == {"in_doubt", "pending"}


def test_a_site_that_has_answered_is_waited_for_as_before(bench: Bench) -> None:
    bench.plan(12)
    answers_of(bench, NO_NAME, after=1)
    stopped = bench.run(QUICK).stopped
    assert isinstance(stopped, Outage)
    assert "did not come back within" in stopped.message
    assert bench.counts() == {"credited": 1, "pending": 11}


def test_a_site_in_maintenance_has_answered(bench: Bench) -> None:
    bench.plan(3)
    own = b'{"api_error_code": "site_read_only_mode", "message": "maintenance", "type": "x"}'
    answers_of(bench, Answer(503, {}, own))
    stopped = bench.run(QUICK).stopped
    assert isinstance(stopped, Outage)
    assert "did not come back within" in stopped.message
    assert bench.counts() == {"pending": 3}


class Sending:
    def __init__(self) -> None:
        self.stops: list[RunStopped] = []

    def stop(self, error: RunStopped, grace_seconds: float | None = None) -> None:
        self.stops.append(error)


def test_a_signal_that_comes_as_the_sending_ends_stops_nothing_of_what_follows() -> None:
    """The reports are written next: cancelled, they would be missing."""

    async def main() -> None:
        sending: Any = Sending()
        signals = Signals()
        signals.sending_begins()
        with _stop_on(signals, sending):
            signals.arrive()
            signals.arrive()
        await asyncio.sleep(0.01)
        assert sending.stops == []

    asyncio.run(main())


def test_the_first_signal_stops_and_the_second_ends_at_once() -> None:
    async def main() -> None:
        sending: Any = Sending()
        signals = Signals()
        signals.sending_begins()
        signals.arrive()
        with _stop_on(signals, sending):
            assert len(sending.stops) == 1
            await asyncio.sleep(0.01)
            signals.arrive()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.sleep(1)
        assert len(sending.stops) == 2

    asyncio.run(main())
