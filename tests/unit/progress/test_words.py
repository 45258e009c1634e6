import pytest

from batch_credits.progress.words import left_in_words, span_in_words
from tests.each import each


@each(
    "seconds, words",
    [
        (None, ""),
        (0, ""),
        (0.2, "about 5 s left"),
        (7, "about 10 s left"),
        (31, "about 40 s left"),
        (58.9, "about 60 s left"),
        (99, "about 100 s left"),
        (100, "about 2 min left"),
        (239, "about 4 min left"),
        (3570, "about 1 h 0 min left"),
        (7500, "about 2 h 5 min left"),
    ],
)
def test_time_left_in_words(seconds: float | None, words: str) -> None:
    assert left_in_words(seconds) == words


@pytest.mark.parametrize(("seconds", "words"), [(9.6, "10 s"), (151, "2 min 31 s"), (7265, "2 h 1 min")])
def test_a_span_in_words(seconds: float, words: str) -> None:
    assert span_in_words(seconds) == words
