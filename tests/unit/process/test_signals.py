"""Signals: what each means at its moment, and that none is lost between two moments."""

import asyncio
import os
import signal
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from batch_credits.errors import Interrupted, NotConfirmed, RunStopped
from batch_credits.process.signals import SIGNALS, Signals
from batch_credits.sending.session import _stop_on


def send(number: signal.Signals = signal.SIGTERM) -> None:
    """To this process; its handler has run when this returns."""
    os.kill(os.getpid(), number)


@pytest.fixture(autouse=True)
def nobody_else_says_what_a_terminal_means() -> Iterator[None]:
    """Whoever runs the tests may have said it: by nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


class Sending:
    """What signals do to a run."""

    def __init__(self, *, stopping: bool = False) -> None:
        self.pool = SimpleNamespace(stopping=stopping)
        self.stopped: list[RunStopped] = []

    def stop(self, error: RunStopped, grace_seconds: float | None = None) -> None:
        self.stopped.append(error)
        self.pool.stopping = True


def sending_on(signals: Signals, sending: Any) -> Any:
    return _stop_on(signals, sending)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_before_anything_is_sent_a_signal_is_a_no(number: signal.Signals) -> None:
    with Signals().taken(), pytest.raises(NotConfirmed, match="nothing was sent"):
        send(number)


def test_what_must_be_finished_is_ended_by_the_second_only() -> None:
    signals = Signals()
    with signals.taken(), signals.doing(signals.finish_first):
        send()
        with pytest.raises(Interrupted):
            send()


def test_once_sending_has_begun_no_signal_says_that_nothing_was_sent() -> None:
    signals = Signals()
    with signals.taken():
        signals.sending_begins()
        with signals.doing(lambda: None):
            send()
        with pytest.raises(Interrupted):  # the summary is on the screen, and this is the second
            send()


def test_handlers_are_given_back() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with Signals().taken():
        pass
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_terminal_that_goes_away_is_a_first_signal_and_never_a_second() -> None:
    """The shell and the system say it, one after the other."""
    signals = Signals()
    with signals.taken(), signals.doing(signals.finish_first):
        send(signal.SIGHUP)
        send(signal.SIGHUP)
        assert signals.arrived == 1
        with pytest.raises(Interrupted):
            send(signal.SIGTERM)


@pytest.mark.parametrize("theirs", [signal.SIG_IGN, lambda number, frame: None])
def test_where_somebody_has_said_what_a_terminal_that_goes_away_means_that_holds(theirs: Any) -> None:
    before = signal.signal(signal.SIGHUP, theirs)
    try:
        signals = Signals()
        with signals.taken():
            send(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) == theirs
        assert signals.arrived == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_while_rows_are_sent_the_first_drains_and_the_second_ends() -> None:
    async def main() -> None:
        signals, sending = Signals(), Sending()
        with signals.taken(), sending_on(signals, sending):
            send()
            await asyncio.sleep(0.01)
            assert len(sending.stopped) == 1
            send()
            await asyncio.sleep(5)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())


def test_a_run_that_a_failure_is_stopping_is_ended_with_a_reason() -> None:
    """Without one it would look like a cancellation from elsewhere, and end in a traceback."""
    sending = Sending(stopping=True)

    async def main() -> None:
        signals = Signals()
        with signals.taken(), sending_on(signals, sending):
            send()
            await asyncio.sleep(0.01)
            send()
            await asyncio.sleep(5)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    assert [type(error) for error in sending.stopped] == [Interrupted, Interrupted]


def test_a_signal_that_came_before_the_sending_stops_it_at_once() -> None:
    async def main() -> list[RunStopped]:
        signals, sending = Signals(), Sending()
        with signals.taken():
            with signals.doing(signals.finish_first):
                send()
            with sending_on(signals, sending):
                return sending.stopped

    assert len(asyncio.run(main())) == 1


def test_a_signal_that_comes_as_the_sending_ends_cancels_nothing_after_it() -> None:
    async def main() -> str:
        signals, sending = Signals(), Sending(stopping=True)
        with signals.taken():
            with sending_on(signals, sending):
                send()  # the loop has no time for it any more
            await asyncio.sleep(0.01)
        return "the reports are written"

    assert asyncio.run(main())
