"""The share of the kill campaign that runs with every test: `make kills` plays a thousand."""

from tests.kills.campaign import campaign


def test_whoever_is_killed_wherever_every_credit_is_there_once() -> None:
    stories = campaign(4, 2, 1, say=False)

    assert sum(sum(story.kills.values()) for story in stories) >= 4
    assert [(story.seed, story.faults) for story in stories if story.faults] == []
