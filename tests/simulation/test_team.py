"""Some seeds of the team: nobody is paid twice or forgotten, whoever is killed, stopped, woken up or cut off."""

import pytest

from tests.simulation import team

SEEDS, SHARE = 200, 20


@pytest.mark.parametrize(
    "first",
    [pytest.param(first, marks=[pytest.mark.slow] if first >= SHARE else []) for first in range(0, SEEDS, 10)],
)
def test_no_harm_is_done(first: int) -> None:
    failed = {seed: harms for seed in range(first, first + 10) if (harms := team.play(seed))}
    assert not failed, f"python -m tests.simulation.team --replay {min(failed)}"
