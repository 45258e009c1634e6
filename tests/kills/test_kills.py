"""The share of the kill campaign that runs with every test: `make kills` plays a thousand."""

from tests.kills.campaign import campaign


def test_whoever_is_killed_wherever_every_credit_is_there_once() -> None:
    stories = campaign(3, 3, 5, say=False)  # two of the three are undone, and nearly every point is among them

    assert sum(sum(story.kills.values()) for story in stories) >= 3
    assert [(story.seed, story.faults) for story in stories if story.faults] == []
