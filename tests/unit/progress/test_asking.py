"""What asking will cost, in a sentence."""

import pytest

from batch_credits.progress.asking import asking_in_words


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        ((210, 60.0, 120), "Asks Chargebee about 210 questions, 1 min 0 s or more at 120 requests a minute."),
        ((1, 0.0, 120), "Asks Chargebee about 1 question, all at once at 120 requests a minute."),
        ((20_000, 0.0, 0), "Asks Chargebee about 20,000 questions, without a limit."),
    ],
)
def test_what_is_said(cost: tuple[int, float, int], words: str) -> None:
    assert asking_in_words(*cost) == words
