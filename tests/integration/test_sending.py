"""What a run takes up from before, and what a signal after its end does: nothing."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batch_credits.errors import RunStopped
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


class Sending:
    def __init__(self) -> None:
        self.stops: list[RunStopped] = []

    def stop(self, error: RunStopped) -> None:
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
