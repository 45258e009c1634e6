"""A fault plan: its text, its bounds, and that a seed replays it whatever the order."""

from collections import Counter

import pytest

from batch_credits.sandbox.faults import READ_FAULTS, WRITE_FAULTS
from batch_credits.sandbox.plan import NO_FAULTS, FaultPlan
from tests.each import each


def test_a_plan_reads_its_text_and_gives_it_back() -> None:
    plan = FaultPlan.parse(" lost_before=0.05, error_after=.1,list_error=1,hang_seconds=2,latency_ms=20 ")

    assert plan.probabilities == (("lost_before", 0.05), ("error_after", 0.1), ("list_error", 1.0))
    assert (plan.hang_seconds, plan.latency_ms, plan.list_lag_seconds) == (2, 20, 0)
    assert FaultPlan.parse(str(plan)) == plan


@pytest.mark.parametrize("text", ["", " ", ","])
def test_no_text_means_no_faults(text: str) -> None:
    assert FaultPlan.parse(text) == NO_FAULTS
    assert str(NO_FAULTS) == ""


@each(
    "text, says",
    [
        ("lost=0.1", "lost_before, lost_after, error_before"),
        ("lost=0.1", "hang_seconds"),
        ("html", "html=NUMBER"),
        ("html=", "html=NUMBER"),
        ("html=one", "html=NUMBER"),
        ("html=1e-3", "html=NUMBER"),
        ("html=1_0", "html=NUMBER"),
        ("html=-0.1", "html=NUMBER"),
        ("html=\uff11", "html=NUMBER"),
        ("html=1.5", "between 0 and 1"),
        ("html=0.6,late=0.6", "write faults add up to 1.2"),
        ("html=0.6,proxy_403_after=0.3,refused_401=0.3", "write faults add up to 1.2"),
        ("repeat_late=0.6,repeat_refusal=0.6", "repeat faults add up to 1.2"),
        ("cut_length=0", "cut_length must be a whole number from 1 up"),
        ("cut_length=2.5", "cut_length must be a whole number from 1 up"),
        ("clock_offset_seconds=--1", "clock_offset_seconds=NUMBER"),
        ("latency_ms=-1", "latency_ms=NUMBER"),
        ("list_lost=0.6,list_error=0.6", "read faults add up to 1.2"),
        ("html=0.1,html=0.1", "more than once"),
        ("hang_seconds=1,hang_seconds=2", "more than once"),
    ],
)
def test_a_wrong_plan_is_refused_with_a_sentence(text: str, says: str) -> None:
    with pytest.raises(ValueError) as caught:
        FaultPlan.parse(text)

    assert says in str(caught.value)


@pytest.mark.parametrize("number", [-1.0, float("inf"), float("nan")])
def test_a_plan_has_finite_times(number: float) -> None:
    with pytest.raises(ValueError, match="hang_seconds"):
        FaultPlan(hang_seconds=number)


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_a_clock_may_be_slow_but_not_endlessly_so(number: float) -> None:
    with pytest.raises(ValueError, match="clock_offset_seconds"):
        FaultPlan(clock_offset_seconds=number)
    plan = FaultPlan.parse("clock_offset_seconds=-3600")
    assert plan.clock_offset_seconds == -3600
    assert FaultPlan.parse(str(plan)) == plan


def test_faults_of_different_kinds_add_up_apart() -> None:
    FaultPlan.parse("html=1,list_error=1,repeat_late=1,store_nfc=1,store_cut=1,echo_other=1,echo_partial=1")


@each(
    "text, kinds",
    [
        ("hang_seconds=1", (False, False, False, False)),
        ("proxy_302_before=0.1", (True, False, False, False)),
        ("list_lost=0.1", (False, True, False, False)),
        ("repeat_refusal=0.1", (False, False, True, False)),
        ("list_circle=0.1", (False, False, False, True)),
    ],
)
def test_what_a_plan_can_touch(text: str, kinds: tuple[bool, ...]) -> None:
    plan = FaultPlan.parse(text)

    assert (plan.hits_writes, plan.hits_reads, plan.repeats, plan.has_traits) == kinds


def test_what_is_drawn_for_itself_holds_at_every_try_or_at_none() -> None:
    plan = FaultPlan.parse("store_nfc=0.3,store_nfd=0.3,store_cut=1,store_lower=0,faulty_tries=1")

    def held(name: str, seed: int = 7) -> list[bool]:
        return [plan.holds(name, seed, str(number)) for number in range(1000)]

    assert abs(sum(held("store_nfc")) - 300) < 60
    assert held("store_nfc") == held("store_nfc")
    assert held("store_nfc") != held("store_nfc", seed=8)
    both = [a and b for a, b in zip(held("store_nfc"), held("store_nfd"), strict=True)]
    assert 50 < sum(both) < 130  # each for itself: 90 of 1000
    assert all(held("store_cut"))
    assert not any(held("store_lower"))
    assert not any(held("store_ascii"))


def test_a_draw_depends_on_seed_subject_and_try_alone() -> None:
    plan = FaultPlan.parse("lost_after=0.5")
    subjects = [f"add\0customer-{number}\0q3" for number in range(200)]

    def hits(seed: int, attempt: int) -> list[bool]:
        return [plan.draw(WRITE_FAULTS, seed, subject, attempt) is not None for subject in subjects]

    assert hits(1, 1) == hits(1, 1)
    assert hits(1, 1) != hits(2, 1)
    assert hits(1, 1) != hits(1, 2)


def test_faults_come_as_often_as_planned_and_only_of_the_kind_asked_for() -> None:
    plan = FaultPlan.parse("lost_before=0.1,html=0.3,list_error=1")

    drawn = [plan.draw(WRITE_FAULTS, 7, str(number), 1) for number in range(10_000)]

    counts = Counter(name or "" for name in drawn)
    assert set(counts) == {"", "lost_before", "html"}
    assert abs(counts["lost_before"] - 1000) < 150
    assert abs(counts["html"] - 3000) < 250
    assert plan.draw(READ_FAULTS, 7, "x", 1) == "list_error"


def test_faulty_tries_spares_the_later_ones() -> None:
    plan = FaultPlan.parse("html=1,faulty_tries=2")

    assert [plan.draw(WRITE_FAULTS, 0, "x", attempt) is None for attempt in (1, 2, 3)] == [False, False, True]
