"""A total that must be typed: at a terminal, and what is said where there is none."""

import builtins
import io
import sys
from typing import Any, cast

import click
import pytest

from batch_credits.cli.telling import asking
from batch_credits.cli.telling.asking import Asking, require_consent
from batch_credits.errors import NotConfirmed
from batch_credits.model import ControlTotal, Outcome
from batch_credits.model.amounts import is_amount_of
from batch_credits.views.amounts import totals_of
from batch_credits.views.question import Question
from tests.each import each

TOTALS = totals_of({"EUR": ControlTotal(3, 123_450), "USD": ControlTotal(2, 700)}, {})


@each(
    "typed, is_it",
    [
        ("1,234.50", True), ("1234.50", True), ("1234.5", True), ("1,234.50 EUR", True), ("1234.50EUR", True),
        ("1.234,50", False), ("1234,50", False), ("12,34.50", False), ("1234.51", False), ("123450", False),
        ("y", False), ("yes", False), ("1,234.50 USD", False), ("1e3", False), ("١٢٣٤", False), ("-1234.50", False),
    ],
)  # fmt: skip
def test_a_total_is_typed_as_it_is_shown_with_or_without_commas(typed: str, is_it: bool) -> None:
    assert is_amount_of(typed, "1,234.50 EUR") is is_it


def test_an_amount_without_known_decimals_is_typed_in_minor_units() -> None:
    [total] = totals_of({"CLP": ControlTotal(1, 7_000)}, {})
    assert is_amount_of("7000", total.words[0]) and not is_amount_of("70", total.words[0])


class Typing(io.StringIO):
    """What somebody types at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def question(monkeypatch: pytest.MonkeyPatch) -> Question:
    monkeypatch.setattr(asking, "question_in_words", lambda question: "Credit 5 rows?")
    plan = type("Plan", (), {"owed": 5, "counts": {Outcome.PENDING: 5}})()
    return Question(cast(Any, None), cast(Any, plan), cast(Any, None), TOTALS)


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("1234.50\n7\n", None),
        ("y\n1,234.50\n7.00\n", None),
        ("\n", "Nothing was sent."),
        ("1234.50\n\n", "Nothing was sent."),
        ("y\ny\ny\n1234.50\n", "Nothing was sent: the total in EUR was not typed."),
    ],
)
def test_each_total_is_typed_or_nothing_is_sent(
    monkeypatch: pytest.MonkeyPatch, question: Question, typed: str, error: str | None
) -> None:
    answers = iter(typed.splitlines())
    monkeypatch.setattr(sys, "stdin", Typing())
    monkeypatch.setattr(asking, "_forget_what_was_typed", lambda: None)
    monkeypatch.setattr(click.termui, "visible_prompt_func", lambda text: next(answers))
    monkeypatch.setattr(builtins, "input", lambda text="": next(answers))
    if error is None:
        require_consent(Asking(), question, yes=False)
    else:
        with pytest.raises(NotConfirmed) as no:
            require_consent(Asking(), question, yes=False)
        assert no.value.message == error


@pytest.mark.parametrize("yes", [True, False])
def test_who_asks_no_question_says_the_total_before(
    monkeypatch: pytest.MonkeyPatch, question: Question, yes: bool
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(NotConfirmed, match="the total of EUR and of USD must be typed") as no:
        require_consent(Asking(), question, yes=yes)
    stated = (("--expect-total", "EUR=TOTAL"), ("--expect-total", "USD=TOTAL"))
    assert no.value.remedies == ((*stated, *(() if yes else (("--yes", ""),))),)


def test_without_a_terminal_and_yes_nothing_is_sent(monkeypatch: pytest.MonkeyPatch, question: Question) -> None:
    plain = Question(question.about, question.plan, question.terms)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    require_consent(Asking(), plain, yes=True)
    with pytest.raises(NotConfirmed, match="no terminal to ask") as no:
        require_consent(Asking(), plain, yes=False)
    assert no.value.remedies == ((("--yes", ""),),)
