"""What each step of an answer does to everybody else, and what it leaves to be done with the credit."""

from typing import Any

import pytest

from batch_credits.errors import KeyRefused, TooManyFailures
from batch_credits.model import Finding, Money, Outcome, PlannedCredit, RequestState
from batch_credits.progress.observers import SilentProgress
from batch_credits.protocol import (
    AnswerStep,
    Credited,
    HoldInDoubt,
    KeepAndStop,
    NoAnswer,
    NotSent,
    Refused,
    SendAgain,
    SettleCredited,
    SettleFailed,
    StopRun,
    Throttled,
    Unavailable,
)
from batch_credits.settings import RunSettings
from batch_credits.worker_pool.carry_out import Consequences, HaveItLookedAt, LetGo, Next, TryLater

STOP = KeyRefused("no such key")
REFUSED = Refused("param_wrong_value", "wrong", 400)
WAIT, BUSY = Throttled("limit", "wait", 7.0), Throttled("lock_timeout", "busy", 7.0, one_customer=True)
AWAY, LOST = Unavailable("site_not_ready", "not yet", 9.0), NoAnswer("cut off")


class Told(SilentProgress):
    """Everybody around: the journal, the limiter, the breaker and the screen, and what each was told, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def record(self, credit: PlannedCredit, finding: Finding) -> None:
        self.told.append(("recorded", finding.state))

    def settled(self, outcome: Outcome, *, was_in_doubt: bool = False) -> None:
        self.told.append(("shown", outcome))

    def throttled(self, seconds: float | None = None) -> None:
        if seconds is not None:
            self.told.append(("everybody waits", seconds))

    def proof(self) -> None:
        self.told.append(("the site is well",))

    def trouble(self, reason: str) -> None:
        self.told.append(("trouble", reason))

    def waited(self) -> None:
        self.told.append(("waited",))

    def open(self, reason: str, retry_after: float | None) -> None:
        self.told.append(("paused", reason, retry_after))


PENDING, IN_DOUBT = ("recorded", RequestState.PENDING), ("recorded", RequestState.IN_DOUBT)
SHOWN_IN_DOUBT = ("shown", Outcome.IN_DOUBT)


@pytest.mark.parametrize(
    ("step", "told", "what_next"),
    [
        (SettleCredited(Credited("cr-1", None, 200)),
         [("recorded", RequestState.CREDITED), ("the site is well",), ("shown", Outcome.CREDITED)], LetGo()),
        (SettleFailed(REFUSED),
         [("recorded", RequestState.FAILED), ("the site is well",), ("shown", Outcome.FAILED)], LetGo()),
        (SendAgain(WAIT), [PENDING, ("everybody waits", 7.0), ("waited",)], TryLater(7.0)),
        (SendAgain(BUSY), [PENDING], TryLater(7.0)),
        (SendAgain(AWAY), [PENDING, ("paused", "not yet", 9.0)], TryLater(1.5)),
        (SendAgain(NotSent("no route")), [PENDING, ("trouble", "no route")], TryLater(1.5)),
        (HoldInDoubt(LOST, "cut off", 1, key_spoiled=False), [IN_DOUBT, ("trouble", "cut off"), SHOWN_IN_DOUBT],
         HaveItLookedAt()),
        (HoldInDoubt(WAIT, "wait", 1, key_spoiled=False),
         [IN_DOUBT, ("everybody waits", 7.0), ("waited",), SHOWN_IN_DOUBT], HaveItLookedAt()),
        (HoldInDoubt(REFUSED, "wrong", 1, key_spoiled=False), [IN_DOUBT, SHOWN_IN_DOUBT], HaveItLookedAt()),
        (HoldInDoubt(Throttled("limit", "wait", 7.0, replayed=True), "replayed", 0, key_spoiled=True),
         [IN_DOUBT, SHOWN_IN_DOUBT], HaveItLookedAt()),
        (StopRun(STOP, 0, 401), [PENDING], LetGo(STOP)),
        (StopRun(STOP, 2, 401), [IN_DOUBT, SHOWN_IN_DOUBT], LetGo(STOP)),
        (KeepAndStop("cr-9", "another's", STOP, 200),
         [("recorded", RequestState.REVIEW), ("shown", Outcome.REVIEW)], LetGo(STOP)),
    ],
    ids=repr,
)  # fmt: skip
def test_who_is_told_what(step: AnswerStep, told: list[tuple[Any, ...]], what_next: Next) -> None:
    around, credit = everybody(), a_credit(sends=2)
    assert consequences(around).carry_out(credit, step) == what_next
    assert around.told == told


@pytest.mark.parametrize("replayed", [False, True])
def test_a_refusal_beside_an_open_attempt_is_remembered_as_what_its_key_may_stand_for(replayed: bool) -> None:
    credit = a_credit(sends=2)
    refusal = Throttled("limit", "wait", 7.0, replayed=replayed)
    consequences(everybody()).carry_out(credit, HoldInDoubt(refusal, "wait", 1, key_spoiled=replayed))
    assert credit.is_refused_anew is not replayed
    credit.follow(Finding.about(credit, RequestState.PENDING, open_attempts=0))
    assert not credit.is_refused_anew


def test_refusals_beyond_the_bound_stop_the_run() -> None:
    bounded = consequences(everybody(), max_failures=1)
    assert bounded.carry_out(a_credit(), SettleFailed(REFUSED)) == LetGo()
    last = bounded.carry_out(a_credit(), SettleFailed(REFUSED))
    assert isinstance(last, LetGo) and isinstance(last.stop, TooManyFailures)
    assert bounded.counts.failures == 2


def everybody() -> Any:
    return Told()


def a_credit(sends: int = 1) -> PlannedCredit:
    return PlannedCredit(
        1, "c-1", "q3", Money(100, None, "USD"), "general", b"", open_attempts=1, sends=sends
    )


def consequences(around: Any, **chosen: Any) -> Consequences:
    return Consequences(around, around, around, RunSettings(**chosen), around, lambda: 0.5)
