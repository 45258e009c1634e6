"""One table of sentences: docs/results.md has its words, and none of its own."""

from itertools import pairwise
from pathlib import Path

import pytest

from batch_credits.explanations.outcomes import EXITS, label_of, sentences_of
from batch_credits.model import CallKind, Outcome

PAGE = (Path(__file__).parents[3] / "docs" / "results.md").read_text(encoding="utf-8")


def table_of_page(*headers: str) -> list[tuple[str, ...]]:
    """The rows of the table with these headers, without the marks of code."""
    lines = [line.replace("`", "").strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("|")]
    [start] = [at for at, (line, rule) in enumerate(pairwise(lines)) if line == list(headers) and "---" in rule[0]]
    rows = []
    for line in lines[start + 2 :]:
        if len(line) != len(headers) or line == ["---"]:
            break
        rows.append(tuple(line))
    return rows


def test_the_page_of_results_says_of_every_outcome_what_explain_says() -> None:
    said = {outcome: sentences_of(CallKind.ADD, outcome) for outcome in Outcome}
    assert table_of_page("credit_outcome", "meaning", "what to do") == [
        (outcome.value, sentences.meaning, sentences.to_do) for outcome, sentences in said.items()
    ]


def test_the_page_of_results_says_of_every_exit_code_what_explain_says() -> None:
    assert table_of_page("exit", "what happened", "the money", "what to do") == [
        (str(number), *texts) for number, texts in EXITS.items()
    ]


@pytest.mark.parametrize("kind", CallKind)
@pytest.mark.parametrize("outcome", Outcome)
def test_each_outcome_of_each_kind_is_whole(kind: CallKind, outcome: Outcome) -> None:
    said = sentences_of(kind, outcome)
    assert said.meaning and not said.meaning.endswith(".")
    for text in (said.happened, said.money, said.to_do):
        assert text[0].isupper() and text.endswith("."), text


def test_labels_are_the_names_without_underscores() -> None:
    assert label_of(CallKind.ADD, Outcome.ALREADY_CREDITED) == "already credited"
    assert label_of(CallKind.DEDUCT, Outcome.ALREADY_CREDITED) == "already deducted"
    assert label_of(CallKind.DEDUCT, Outcome.IN_DOUBT) == "in doubt"


def test_nobody_is_told_to_pay_what_a_reversal_could_not_deduct() -> None:
    for outcome in Outcome:
        said = sentences_of(CallKind.DEDUCT, outcome)
        assert "credited" not in f"{said.meaning} {said.happened} {said.money} {said.to_do}"
        assert "failed.csv" not in said.to_do
    assert "run" not in sentences_of(CallKind.DEDUCT, Outcome.FAILED).to_do.split()
    assert "Do not deduct by hand" in sentences_of(CallKind.DEDUCT, Outcome.IN_DOUBT).to_do
