"""A sample of the stories of a watched folder; `make kills` plays as many as you like."""

import pytest

from tests.kills.watch import play

IN_TESTS = 1
SEEDS = [pytest.param(seed, marks=[] if seed < IN_TESTS else [pytest.mark.slow]) for seed in range(12)]


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_twice_nothing_lost(seed: int) -> None:
    story = play(seed)
    assert not story.faults, "\n".join([*story.faults, f"python -m tests.kills.watch --first {seed} --stories 1"])
