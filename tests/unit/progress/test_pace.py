import pytest

from batch_credits.progress.pace import left_in_words, took_in_words


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (None, ""),
        (0, ""),
        (0.9, "under 1 min left"),
        (1, "1 min left"),
        (1.2, "2 min left"),
        (59.5, "1 h 0 min left"),
        (125, "2 h 5 min left"),
    ],
)
def test_time_left_in_words(minutes: float | None, words: str) -> None:
    assert left_in_words(minutes) == words


@pytest.mark.parametrize(("seconds", "words"), [(9.6, "took 10 s"), (151, "took 2 min 31 s"), (7265, "took 2 h 1 min")])
def test_time_taken_in_words(seconds: float, words: str) -> None:
    assert took_in_words(seconds) == words
