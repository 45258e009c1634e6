"""A bounded share of `make operator` for every test run, and mutants that its judge must catch."""

import re

import pytest

from tests.operator.histories import WEIGHTS, play
from tests.operator.mutants import MUTANTS, Mutant

pytestmark = pytest.mark.filterwarnings(  # Ctrl-C between opening a file and minding it leaves it to the collector
    "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning"
)
HISTORIES = 12
SHARE = 6  # of them, with every `make test`; the others are slow
BOUND = 60  # histories within which a mutant must be caught


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=[pytest.mark.slow] if seed >= SHARE else []) for seed in range(HISTORIES)]
)
def test_no_history_sees_harm(seed: int) -> None:
    played = play(seed)
    assert not played.harms, "\n".join(
        (f"python -m tests.operator.histories --replay {seed}", *played.harms, *played.log)
    )


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_judge_catches(mutant: Mutant) -> None:
    for seed in range(mutant.first_seed, mutant.first_seed + BOUND):
        with mutant.applied():
            harms = play(seed).harms
        if any(re.search(mutant.harm, harm) for harm in harms):
            return
        assert not harms, f"seed {seed} sees another harm than that of {mutant.name!r}: {harms}"
    pytest.fail(f"{mutant.name!r} was not caught in {BOUND} histories")


def test_none_is_missing() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == 9
    assert len(WEIGHTS) == 34
