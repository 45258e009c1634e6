"""A share of the budget's seeds with every test run, and every mistake that they must see."""

from itertools import combinations

import pytest

from tests.simulation import budget
from tests.simulation.budget_mutants import MUTANTS, Mutant
from tests.simulation.budget_world import Judge, play

SEEDS, SHARE = 1000, 50  # of them, with every `make test`; the others are slow
BOUND = 60  # seeds within which a mutant must die


@pytest.mark.parametrize("start", [0, pytest.param(SHARE, marks=pytest.mark.slow)])
def test_no_minute_sees_more_than_the_limit_and_no_slot_is_lost(start: int) -> None:
    tally = budget.play_seeds(range(start, SEEDS if start else SHARE))
    assert not tally.failures, [f"{what}\n  {budget.REPLAY} {seed}" for seed, what in tally.failures]
    assert tally.arrivals > 700


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mistake_is_seen(mutant: Mutant) -> None:
    for seed in range(mutant.first_seed, mutant.first_seed + BOUND):
        with mutant.applied():
            kinds = {kind for kind, _what in play(seed).violations}
        if mutant.harm in kinds:
            assert not play(seed).violations, f"seed {seed} fails without the mutant too"
            return
    pytest.fail(f"{mutant.name!r} survived {BOUND} seeds")


def _meet(one: Mutant, other: Mutant) -> bool:
    return any(a[:2] == b[:2] for a in one.patches for b in other.patches)


PAIRS = [pair for pair in combinations(MUTANTS, 2) if not _meet(*pair)]


@pytest.mark.slow
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: " & ".join(mutant.name for mutant in pair))
def test_no_mistake_hides_another(pair: tuple[Mutant, Mutant]) -> None:
    for start in {mutant.first_seed for mutant in pair}:
        for seed in range(start, start + BOUND):
            with pair[0].applied(), pair[1].applied():
                if play(seed).violations:
                    return
    pytest.fail("survived")


def test_what_happens_in_the_seeds_is_worth_it() -> None:
    """Workers that never die, wait or share would always pass."""
    corners = {
        "dies",
        "is killed at the end of its lease",
        "is stopped for",
        "goes on",
        "drains",
        "ends in haste",
        "is cut off",
        "could not say that it ends",
    }
    for seed in range(60):
        events: list[str] = []
        play(seed, events.append)
        corners -= {corner for corner in corners if any(corner in event for event in events)}
        if not corners:
            return
    pytest.fail(f"not reached: {corners}")


def test_a_seed_replays_event_by_event() -> None:
    first: list[str] = []
    second: list[str] = []
    play(7, first.append)
    play(7, second.append)
    assert first == second
    assert len(first) > 5


def test_the_judge_counts_as_a_site_does() -> None:
    judge = Judge(2)
    for at in (0.0, 30.0, 60.0, 90.0):
        judge.arrived(at)
    assert judge.violations == []
    judge.arrived(100.0)
    assert [kind for kind, _what in judge.violations] == ["over"]


def test_the_command_counts_and_replays(capsys: pytest.CaptureFixture[str]) -> None:
    assert budget.main(["--seeds", "5", "--jobs", "1"]) == 0
    assert "0 failed" in capsys.readouterr().out
    assert budget.main(["--replay", "3"]) == 0
    assert "worker 1: begins" in capsys.readouterr().out
