"""The share of the kill campaign that runs with every test: `make kills` plays a thousand."""

import pytest

from tests.kills.campaign import campaign


@pytest.mark.parametrize(
    ("kills", "start"),
    [
        (1, 53),  # one story: killed before and after the journal and at random, and undone
        pytest.param(3, 5, marks=pytest.mark.slow),  # two of the three are undone, and nearly every point is among them
    ],
)
def test_whoever_is_killed_wherever_every_credit_is_there_once(kills: int, start: int) -> None:
    stories = campaign(kills, kills, start, say=False)

    assert sum(sum(story.kills.values()) for story in stories) >= kills
    assert [(story.seed, story.faults) for story in stories if story.faults] == []
