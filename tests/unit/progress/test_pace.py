"""What is left of a run, in time: never less than the limit and what is waited for allow."""

import pytest

from batch_credits.model import CallKind, ControlTotal, Money, Outcome
from batch_credits.progress.pace import BatchMoney, RunTally, no_limit
from batch_credits.progress.waiting import Waiting
from batch_credits.progress.words import batch_in_words, waiting_in_words
from tests.unit.progress.test_observers import Clock, clock

__all__ = ["clock"]  # a fixture


def tally_of(clock: Clock, total: int, done: int = 0, in_doubt: int = 0, *, budget: int = 120) -> RunTally:
    tally = RunTally(budget, clock, CallKind.ADD)
    tally.start(total, done, in_doubt, BatchMoney())
    return tally


@pytest.mark.parametrize(
    ("waiting", "limit_seconds", "left"),
    [
        (None, 0.0, 15.0),  # 30 rows at 120 a minute
        (None, 58.0, 58.0),
        (Waiting("a minute's requests", 40.0), 0.0, 40.0),
        (Waiting("a minute's requests", 3.0), 0.0, 15.0),
        (Waiting("the site", 3.0, is_the_last=False), 58.0, None),
        (Waiting("answers"), 58.0, None),
    ],
)
def test_the_time_left_is_never_less_than_what_is_waited_for(
    clock: Clock, waiting: Waiting | None, limit_seconds: float, left: float | None
) -> None:
    tally = tally_of(clock, 30)
    tally.wait(waiting, lambda requests: limit_seconds if requests == 30 else 1e9)
    assert tally.seconds_left(tally.pace()) == left


def test_a_wait_that_is_counted_down_needs_no_news(clock: Clock) -> None:
    tally = tally_of(clock, 30)
    tally.wait(Waiting("the last minute's 120 requests are used", 58.0), no_limit)
    clock.now += 11.4
    assert waiting_in_words(tally) == "the last minute's 120 requests are used: 47 s"
    clock.now += 100
    assert waiting_in_words(tally).endswith(": 0 s")


def test_rows_in_doubt_need_no_request_of_the_limit(clock: Clock) -> None:
    asked: list[int] = []
    tally = tally_of(clock, 10, in_doubt=3)
    tally.wait(None, lambda requests: float(asked.append(requests) or 0.0))
    tally.seconds_left(0.0)
    assert asked == [7]


def test_the_batch_and_its_money_are_those_of_all_runs(clock: Clock) -> None:
    tally = RunTally(0, clock, CallKind.ADD)
    asked = {"USD": ControlTotal(3, 308_625), "JPY": ControlTotal(1, 500), "": ControlTotal(1, 7)}
    tally.start(6, 2, 0, BatchMoney(asked, {"USD": ControlTotal(1, 100_000)}))
    for money in (Money(23_450, None, "USD"), Money(500, None, "JPY")):
        tally.credit(money)
        tally.settle(Outcome.CREDITED, was_in_doubt=False)
    assert batch_in_words(tally) == [
        "4/6 rows", "66 %", "0 of 7 minor units (site currency)", "500 of 500 JPY", "1,234.50 of 3,086.25 USD",
    ]  # fmt: skip


def test_every_row_of_the_batch_has_one_outcome_from_the_first_event_on(clock: Clock) -> None:
    tally = RunTally(0, clock, CallKind.ADD)
    before = {Outcome.CREDITED: 3, Outcome.ALREADY_CREDITED: 1, Outcome.REJECTED: 2, Outcome.REVIEW: 1}
    tally.start(12, 7, 2, BatchMoney(settled=before))
    counted = {**before, Outcome.FAILED: 0, Outcome.IN_DOUBT: 2, Outcome.PENDING: 3}
    assert tally.outcomes == counted
    for outcome, was_in_doubt in (
        (Outcome.CREDITED, True), (Outcome.IN_DOUBT, False), (Outcome.FAILED, False), (Outcome.PENDING, True)
    ):  # fmt: skip
        tally.settle(outcome, was_in_doubt)
        assert sum(tally.outcomes.values()) == 12
    assert tally.outcomes == {**before, Outcome.CREDITED: 4, Outcome.FAILED: 1, Outcome.IN_DOUBT: 1, Outcome.PENDING: 2}


def test_many_currencies_are_counted(clock: Clock) -> None:
    tally = RunTally(0, clock, CallKind.ADD)
    tally.start(0, 0, 0, BatchMoney({code: ControlTotal(1, 100) for code in ("AUD", "CHF", "EUR", "GBP", "USD")}))
    assert batch_in_words(tally)[2:] == [
        "0.00 of 1.00 AUD", "0.00 of 1.00 CHF", "0.00 of 1.00 EUR", "2 more currencies",
    ]  # fmt: skip


def test_amounts_in_decimal_have_a_sum_of_their_own(clock: Clock) -> None:
    tally = RunTally(0, clock, CallKind.ADD)
    both = ControlTotal(1, 100)
    both.add(Money(None, "0.125", "USD"))
    tally.start(2, 0, 0, BatchMoney({"USD": both}))
    tally.credit(Money(None, "0.1", "USD"))
    assert batch_in_words(tally)[2:] == ["0.00 of 1.00 USD", "0.1 of 0.125 USD"]


def test_all_is_done_only_when_all_is_done(clock: Clock) -> None:
    assert tally_of(clock, 1000, 999).percent == 99
    assert tally_of(clock, 1000, 1000).percent == tally_of(clock, 0).percent == 100
