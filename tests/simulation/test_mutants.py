"""Each of these plausible mistakes must be caught by the storm, and by what it does to the money.

What passes with the mistake in it would pass without the thing that the mistake took away.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.simulation import team
from tests.simulation.mutants import MUTANTS, STORY_MUTANTS, TEAM_MUTANTS, Mutant, StoryMutant
from tests.simulation.schedule import draw
from tests.simulation.stories import STORIES
from tests.simulation.world import play

BOUND = 1500  # seeds within which a mutant must die
TEAM_BOUND = 300
# Paid twice, lost, refused by mistake, two payloads for one key or identity, or never done.
HARM = {"double", "lost", "mistake", "payload", "hung"}


def test_none_is_missing() -> None:
    assert len({mutant.name for mutant in (*MUTANTS, *STORY_MUTANTS, *TEAM_MUTANTS)}) == 32
    assert {mutant.story for mutant in STORY_MUTANTS} == set(STORIES)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_storm_kills(mutant: Mutant) -> None:
    for seed in range(mutant.first_seed, mutant.first_seed + BOUND):
        with mutant.applied():
            harm = play(draw(seed)).kinds & (mutant.harm or HARM)
        if harm:
            assert play(draw(seed)).violations == [], f"seed {seed} fails without the mutant too"
            return
    pytest.fail(f"{mutant.name!r} survived {BOUND} seeds")


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_story_ends_well(story: Callable[[Path], set[str]], tmp_path: Path) -> None:
    assert story(tmp_path) == set()


@pytest.mark.parametrize("mutant", STORY_MUTANTS, ids=lambda mutant: mutant.name)
def test_a_story_kills(mutant: StoryMutant, tmp_path: Path) -> None:
    with mutant.applied():
        assert mutant.story(tmp_path)


@pytest.mark.parametrize("mutant", TEAM_MUTANTS, ids=lambda mutant: mutant.name)
def test_a_team_kills(mutant: Mutant) -> None:
    for seed in range(mutant.first_seed, mutant.first_seed + TEAM_BOUND):
        with mutant.applied():
            harm = team.play(seed) & mutant.harm
        if harm:
            assert team.play(seed) == set(), f"seed {seed} fails without the mutant too"
            return
    pytest.fail(f"{mutant.name!r} survived {TEAM_BOUND} seeds")
