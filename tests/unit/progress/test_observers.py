import io
import json
from datetime import UTC, datetime

import pytest

from batch_credits.model import CallKind, ControlTotal, Money, Outcome
from batch_credits.progress.observers import (
    JsonProgress,
    LineProgress,
    Progress,
    SilentProgress,
)
from batch_credits.progress.pace import BatchMoney
from batch_credits.progress.waiting import Waiting


class Clock:
    """Time that moves when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def settle(progress: Progress, clock: Clock, rows: int, seconds: float, outcome: Outcome = Outcome.CREDITED) -> None:
    for _ in range(rows):
        clock.now += seconds / rows
        progress.settled(outcome)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_lines_are_sober_and_seldom(clock: Clock) -> None:
    stream = io.StringIO()
    progress = LineProgress(stream, budget_per_minute=120, clock=clock)
    progress.start(300, 0)
    settle(progress, clock, 59, 29.5)
    progress.settled(Outcome.FAILED)
    progress.settled(Outcome.IN_DOUBT)
    progress.throttled()
    settle(progress, clock, 30, 15)
    progress.close()
    assert stream.getvalue().splitlines() == [
        "0/300 rows, 0 %; this run: 0 credited, 0 failed, 0 in doubt; 0 s passed, about 3 min left",
        "20/300 rows, 6 %; this run: 20 credited, 0 failed, 0 in doubt; 10 s passed, about 3 min left",
        "40/300 rows, 13 %; this run: 40 credited, 0 failed, 0 in doubt; 20 s passed, about 3 min left",
        "61/300 rows, 20 %; this run: 60 credited, 1 failed, 1 in doubt, 1 throttled; 30 s passed, about 2 min left",
        "81/300 rows, 27 %; this run: 80 credited, 1 failed, 1 in doubt, 1 throttled; 40 s passed, about 2 min left",
        "90/300 rows, 30 %; this run: 89 credited, 1 failed, 1 in doubt, 1 throttled; took 44 s",
    ]


def test_who_is_slowed_by_others_sees_it_until_it_is_over(clock: Clock) -> None:
    lines, events = io.StringIO(), io.StringIO()
    for progress in (
        LineProgress(lines, budget_per_minute=120, clock=clock),
        JsonProgress(events, budget_per_minute=120, clock=clock),
    ):
        progress.start(300, 0)
        for slowed_to in (84, 120):
            progress.slowed_to(slowed_to)
            settle(progress, clock, 20, 10)
        progress.close()
    _, slowed, full, _ = lines.getvalue().splitlines()
    assert ", slowed to 84 a minute; " in slowed
    assert "slowed" not in full
    assert [json.loads(event).get("slowed_to_per_minute") for event in events.getvalue().splitlines()] == [
        None, 84, None, None,
    ]  # fmt: skip


def test_what_is_shown_follows_time_while_no_row_is_settled(clock: Clock) -> None:
    stream = io.StringIO()
    progress = LineProgress(stream, clock=clock)
    progress.start(10, 0)
    progress.settled(Outcome.CREDITED)
    progress.tick()
    assert len(stream.getvalue().splitlines()) == 1
    clock.now += 10
    progress.tick()
    assert stream.getvalue().splitlines()[1].startswith("1/10 rows, 10 %; this run: 1 credited")


def test_a_row_leaves_doubt_and_is_done_then(clock: Clock) -> None:
    stream = io.StringIO()
    progress = LineProgress(stream, clock=clock)
    progress.start(10, 4, in_doubt=1)
    progress.settled(Outcome.IN_DOUBT)
    progress.settled(Outcome.CREDITED, was_in_doubt=True)
    progress.settled(Outcome.REVIEW, was_in_doubt=True)
    progress.settled(Outcome.PENDING, was_in_doubt=True)
    progress.settled(Outcome.ALREADY_CREDITED)
    progress.close()
    assert stream.getvalue().splitlines() == [
        "4/10 rows, 40 %; this run: 0 credited, 0 failed, 1 in doubt; 0 s passed",
        "7/10 rows, 70 %; this run: 1 credited, 0 failed, 0 in doubt, 1 already credited, 1 to review; took 0 s",
    ]


def test_nobody_knows_how_long_doubt_lasts(clock: Clock) -> None:
    stream = io.StringIO()
    progress = LineProgress(stream, budget_per_minute=120, clock=clock)
    progress.start(3, 0)
    progress.settled(Outcome.CREDITED)
    progress.settled(Outcome.IN_DOUBT)
    clock.now += 10
    progress.tick()
    progress.settled(Outcome.IN_DOUBT)
    clock.now += 10
    progress.tick()
    assert [line.rpartition("; ")[2] for line in stream.getvalue().splitlines()] == [
        "0 s passed, about 5 s left", "10 s passed, about 20 s left", "20 s passed",
    ]  # fmt: skip


def test_the_time_left_follows_the_slower_of_pace_and_limit(clock: Clock) -> None:
    stream = io.StringIO()
    progress = LineProgress(stream, budget_per_minute=120, clock=clock, line_seconds=60)
    progress.start(1000, 0)
    settle(progress, clock, 100, 1)  # a burst says nothing: the limit allows 120 a minute
    settle(progress, clock, 1, 59.5)
    settle(progress, clock, 1, 60)  # all but standing still
    settle(progress, clock, 10, 61)
    lines = stream.getvalue().splitlines()
    left = [line.rpartition(", ")[2] for line in lines]
    assert left == ["about 9 min left", "about 9 min left", "about 14 h 58 min left", "about 1 h 31 min left"]


def test_json_is_an_event_a_line(clock: Clock) -> None:
    stream = io.StringIO()
    noon = datetime(2026, 10, 1, 12, tzinfo=UTC)
    progress = JsonProgress(stream, budget_per_minute=120, clock=clock, utc_now=lambda: noon)
    progress.start(300, 0)
    settle(progress, clock, 20, 10)
    progress.note("Zoë waits\n30 s")
    progress.close()
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [event["event"] for event in events] == ["progress_started", "progress", "note", "progress_ended"]
    assert {event["at"] for event in events} == {"2026-10-01T12:00:00.000+00:00"}
    assert events[1] | {"total": 300, "done": 20, "credited": 20, "in_doubt": 0, "seconds_left": 140} == events[1]
    assert events[1] | {"percent": 6, "done_before": 0, "seconds_passed": 10, "waits_for": None} == events[1]
    assert events[2]["text"] == "Zoë waits\n30 s"
    assert events[3]["seconds"] == 10


def test_silence_is_silent() -> None:
    progress = SilentProgress()
    progress.start(1, 0)
    progress.settled(Outcome.CREDITED)
    progress.throttled()
    progress.note("x")
    progress.close()


def test_a_reversal_shows_what_it_deducts(clock: Clock) -> None:
    lines, events = io.StringIO(), io.StringIO()
    for progress in (
        LineProgress(lines, kind=CallKind.DEDUCT, clock=clock),
        JsonProgress(events, kind=CallKind.DEDUCT, clock=clock),
    ):
        progress.start(2, 0)
        progress.settled(Outcome.CREDITED)
        progress.settled(Outcome.ALREADY_CREDITED)
        progress.close()
    last = lines.getvalue().splitlines()[-1]
    assert last == "2/2 rows, 100 %; this run: 1 deducted, 0 failed, 0 in doubt, 1 already deducted; took 0 s"
    ended = json.loads(events.getvalue().splitlines()[-1])
    assert (ended["deducted"], ended["already_deducted"]) == (1, 1)
    assert not any("credited" in name for name in ended)


def test_what_is_waited_for_and_the_money_are_said_to_people_and_programs(clock: Clock) -> None:
    lines, events = io.StringIO(), io.StringIO()
    money = BatchMoney({"USD": ControlTotal(3, 300)}, {"USD": ControlTotal(1, 100)})
    for progress in (LineProgress(lines, clock=clock), JsonProgress(events, clock=clock)):
        progress.start(3, 1, 0, money)
        progress.credited(Money(50, None, "USD"))
        progress.settled(Outcome.CREDITED)
        progress.waits(Waiting("the next look whether the site answers", 33.4, is_the_last=False))
        clock.now += 10
        progress.tick()
        progress.close()
    _, said, last = lines.getvalue().splitlines()
    assert said == (
        "2/3 rows, 66 %, 1.50 of 3.00 USD; this run: 1 credited, 0 failed, 0 in doubt; 10 s passed; "
        "waits: the next look whether the site answers: 24 s"
    )
    assert "waits" not in last
    _, event, _ = map(json.loads, events.getvalue().splitlines())
    assert event | {
        "asked_totals": {"USD": {"amount": 300}},
        "credited_totals": {"USD": {"amount": 150}},
        "done_before": 1,
        "seconds_left": None,
        "waits_for": "the next look whether the site answers",
        "waits_seconds": 23,
    } == event
