"""The newest reading: it counts what a progress is told, and passes all of it on."""

import inspect
from typing import Any

from batch_credits.metrics.meter import STALLED_SECONDS, Meter, Metered
from batch_credits.metrics.reading import Traffic, Whose
from batch_credits.model import CallKind, ControlTotal, Money, Outcome, RequestState
from batch_credits.progress.observers import Progress, SilentProgress
from batch_credits.progress.pace import BatchMoney
from batch_credits.progress.waiting import Waiting

WHOSE = Whose("acme-test", "run")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Heard:
    """Remembers every call."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: self.calls.append((name, args, kwargs))


def test_whatever_is_told_is_passed_on() -> None:
    heard = Heard()
    metered = Metered(heard, Meter(WHOSE), CallKind.ADD)
    waiting = Waiting("the limit", 3.0)
    calls: dict[str, tuple[Any, ...]] = {
        "start": (10, 2, 1, BatchMoney()), "settled": (Outcome.CREDITED,), "credited": (Money(5, None, "USD"),),
        "throttled": (), "sent": (7, 1), "slowed_to": (90,), "waits": (waiting, lambda n: 0.0), "tick": (),
        "note": ("text",), "step_aside": (), "close": (),
    }  # fmt: skip
    every = {name for name, _ in inspect.getmembers(Progress, inspect.isfunction) if not name.startswith("_")}
    assert every == calls.keys()
    for name, arguments in calls.items():
        getattr(metered, name)(*arguments)
    assert [(name, args) for name, args, _ in heard.calls] == [*calls.items()]


def test_rows_money_and_requests_are_counted() -> None:
    meter = Meter(WHOSE)
    progress = meter.watching(SilentProgress())
    money = BatchMoney({"USD": ControlTotal(3, 300)}, {"USD": ControlTotal(1, 100)}, {}, {Outcome.ALREADY_CREDITED: 1})
    progress.start(5, 1, 0, money)
    assert meter.reading.traffic is None, "nobody has said"
    progress.credited(Money(150, None, "USD"))
    progress.credited(Money(7, None, None))
    progress.settled(Outcome.CREDITED)
    progress.settled(Outcome.IN_DOUBT)
    progress.throttled()
    progress.sent(4, 1)
    assert meter.reading.rows is not None and meter.reading.rows["credited"] == 0, "what was read is whole"
    progress.tick()
    reading = meter.reading
    assert reading.rows == {
        "credited": 1, "already_credited": 1, "failed": 0, "rejected": 0, "in_doubt": 1, "review": 0, "pending": 2
    }  # fmt: skip
    assert (reading.asked, reading.paid) == ({"USD": 300}, {"USD": 250, "site currency": 7})
    assert reading.traffic == Traffic(4, 1, 1)
    progress.start(2, 0)
    assert meter.reading.rows is not None and meter.reading.rows["pending"] == 2, "another batch begins anew"


def test_of_a_reversal_the_rows_are_deducted() -> None:
    meter = Meter(WHOSE)
    progress = meter.watching(SilentProgress(), CallKind.DEDUCT)
    progress.start(1, 0)
    assert meter.reading.rows is not None and {"deducted", "already_deducted"} < meter.reading.rows.keys()


def test_what_nobody_asked_for_costs_nothing() -> None:
    shown = SilentProgress()
    assert Meter(WHOSE, is_on=False).watching(shown) is shown


def test_success_is_0_and_a_finish_is_0_or_1() -> None:
    expected = {0: (50.0, 50.0), 1: (7.0, 50.0), 2: (7.0, 8.0), 3: (7.0, 8.0), 4: (7.0, 8.0), 5: (7.0, 8.0)}
    for code, (succeeded, finished) in expected.items():
        meter = Meter(WHOSE, now=lambda: 50.0)
        meter.earlier(7.0, 8.0, "")
        meter.ended(code)
        reading = meter.reading
        assert (reading.exit_code, reading.succeeded_at, reading.finished_at) == (code, succeeded, finished)
        assert reading.ended_at == 50.0


def test_a_run_without_a_site_is_about_that_of_the_run_before() -> None:
    meter = Meter(Whose("", "run"))
    meter.earlier(None, None, "acme-test")
    assert meter.reading.whose.site == "acme-test"
    meter.earlier(None, None, "other")
    assert meter.reading.whose.site == "acme-test"


def test_what_does_not_beat_while_it_should_is_stalled() -> None:
    clock = Clock()
    meter = Meter(WHOSE, clock=clock)
    progress = meter.watching(SilentProgress())
    clock.now += 10 * STALLED_SECONDS
    assert not meter.is_stalled, "a large file is read"
    progress.start(1, 0)
    clock.now += STALLED_SECONDS
    assert not meter.is_stalled
    clock.now += 1
    assert meter.is_stalled
    progress.tick()
    assert not meter.is_stalled
    progress.step_aside()
    clock.now += 10 * STALLED_SECONDS
    assert not meter.is_stalled, "a person thinks"
    progress.tick()
    progress.close()
    clock.now += 10 * STALLED_SECONDS
    assert not meter.is_stalled, "reports are written"


def test_a_worker_says_what_it_settled() -> None:
    meter = Meter(Whose("acme-test", "work"))
    meter.worked({Outcome.CREDITED: 2, Outcome.FAILED: 0}, Traffic(3, 0, 1))
    assert (meter.reading.rows, meter.reading.traffic) == ({"credited": 2, "failed": 0}, Traffic(3, 0, 1))
    meter.owes({RequestState.REVIEW: 1})
    assert meter.reading.open_requests == {"pending": 0, "on_their_way": 0, "in_doubt": 0, "review": 1}
