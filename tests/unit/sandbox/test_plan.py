"""A fault plan: its text, its bounds, and that a seed replays it whatever the order."""

from collections import Counter

import pytest

from batch_credits.sandbox.faults import READ_FAULTS, WRITE_FAULTS
from batch_credits.sandbox.plan import NO_FAULTS, FaultPlan


def test_a_plan_reads_its_text_and_gives_it_back() -> None:
    plan = FaultPlan.parse(" lost_before=0.05, error_after=.1,list_error=1,hang_seconds=2,latency_ms=20 ")

    assert plan.probabilities == (("lost_before", 0.05), ("error_after", 0.1), ("list_error", 1.0))
    assert (plan.hang_seconds, plan.latency_ms, plan.list_lag_seconds) == (2, 20, 0)
    assert FaultPlan.parse(str(plan)) == plan


@pytest.mark.parametrize("text", ["", " ", ","])
def test_no_text_means_no_faults(text: str) -> None:
    assert FaultPlan.parse(text) == NO_FAULTS
    assert str(NO_FAULTS) == ""


@pytest.mark.parametrize(
    ("text", "says"),
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


def test_write_and_read_faults_add_up_apart() -> None:
    FaultPlan.parse("html=1,list_error=1")


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

    counts = Counter(fault.name if fault else "" for fault in drawn)
    assert set(counts) == {"", "lost_before", "html"}
    assert abs(counts["lost_before"] - 1000) < 150
    assert abs(counts["html"] - 3000) < 250
    fault = plan.draw(READ_FAULTS, 7, "x", 1)
    assert fault is not None
    assert fault.name == "list_error"


def test_faulty_tries_spares_the_later_ones() -> None:
    plan = FaultPlan.parse("html=1,faulty_tries=2")

    assert [plan.draw(WRITE_FAULTS, 0, "x", attempt) is None for attempt in (1, 2, 3)] == [False, False, True]
