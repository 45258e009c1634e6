"""A clock that interrupts the main thread, and that handlers of signals may set."""

import signal
import threading
import time
from collections.abc import Iterator

import pytest

from batch_credits.errors import DeadlineNear, Interrupted, NotConfirmed
from batch_credits.process import signals as module
from batch_credits.process.alarm import ALARM, Alarm
from batch_credits.process.signals import Deadline, Signals


@pytest.fixture
def rung() -> Iterator[threading.Event]:
    event = threading.Event()
    before = signal.signal(ALARM, lambda number, frame: event.set())
    yield event
    signal.signal(ALARM, before)


def waits_for(seconds: float, done: threading.Event) -> bool:
    end = time.monotonic() + seconds
    while not done.is_set() and time.monotonic() < end:
        time.sleep(0.01)
    return done.is_set()


def test_it_rings_once_at_the_time_that_was_set_last(rung: threading.Event) -> None:
    alarm = Alarm()
    alarm.set(3600)
    alarm.set(0.01)
    assert waits_for(10, rung)
    rung.clear()
    assert not waits_for(0.1, rung)
    alarm.set(0.01)
    assert waits_for(10, rung)
    alarm.close()


def test_after_its_end_it_is_silent(rung: threading.Event) -> None:
    threads = threading.active_count()
    alarm = Alarm()
    alarm.set(0.05)
    alarm.close()
    assert threading.active_count() == threads
    assert not waits_for(0.1, rung)


def at(seconds: float) -> Deadline:
    return Deadline("06:00", time.time() + seconds)


def sleep_until(done: threading.Event) -> None:
    waits_for(10, done)


def test_a_deadline_at_the_question_is_a_no() -> None:
    with Signals(deadline=at(0.01)).taken(), pytest.raises(NotConfirmed, match="near: nothing was sent"):
        time.sleep(10)


def test_a_deadline_while_rows_are_sent_is_the_first_signal_and_says_why() -> None:
    signals, told = Signals(deadline=at(0.3), grace_seconds=0.05), threading.Event()  # on a busy machine, too
    with signals.taken():
        signals.sending_begins()
        with signals.doing(told.set):
            sleep_until(told)
            assert isinstance(signals.why, DeadlineNear) and "(06:00)" in signals.why.message
            time.sleep(0.2)
            assert signals.arrived == 1, "all answers come in before it: there is nothing to cut short"


def test_a_signal_before_the_deadline_stays_the_reason() -> None:
    signals = Signals(deadline=at(0.3))
    with signals.taken(), signals.doing(lambda: None):
        signal.raise_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert (signals.arrived, type(signals.why)) == (1, Interrupted)


def test_the_clock_may_be_put_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SLEEP_SECONDS", 0.02)
    signals, told = Signals(deadline=at(3600)), threading.Event()
    with signals.taken(), signals.doing(told.set):
        assert not waits_for(0.1, told)
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 3600)
        assert waits_for(10, told)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_after_the_grace_it_ends_at_once_as_by_the_second_signal(number: signal.Signals) -> None:
    signals, times, twice = Signals(grace_seconds=0.02), [], threading.Event()

    def act() -> None:
        times.append(signals.arrived)
        if signals.arrived > 1:
            twice.set()

    with signals.taken(), signals.doing(act):
        signal.raise_signal(number)
        sleep_until(twice)
        time.sleep(0.1)
    assert times == [1, 2]


def test_reports_that_are_being_written_come_to_their_end() -> None:
    signals = Signals(grace_seconds=0.02)
    with signals.taken():
        signals.sending_begins()
        signal.raise_signal(signal.SIGTERM)
        time.sleep(0.2)
        assert signals.arrived == 1
        with pytest.raises(Interrupted):
            signal.raise_signal(signal.SIGTERM)


def test_without_either_nothing_is_taken() -> None:
    before, threads = signal.getsignal(ALARM), threading.active_count()
    with Signals().taken():
        assert (signal.getsignal(ALARM), threading.active_count()) == (before, threads)
    with Signals(grace_seconds=1).taken():
        assert signal.getsignal(ALARM) != before
    assert (signal.getsignal(ALARM), threading.active_count()) == (before, threads)
