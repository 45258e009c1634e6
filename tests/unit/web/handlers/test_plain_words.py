"""Nobody on a page is told to pass an option."""

import pytest

from batch_credits.explanations import all_explanations
from batch_credits.web.handlers.plain_words import plain_words


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("fill currency_code, or pass --currency.", "fill currency_code, or answer the currency."),
        ("Pass --header-row N.", "Answer the row of the headers."),
        ("is not a number as --locale de_DE writes it", "is not a number as de_DE writes it"),
        ("or pass --map amount=HEADER to say", "or answer the columns to say"),
        ("create them, and run again with --retry-failed.", "create them, and tick that they are tried as they are."),
        ("Name one of them with --sheet.", "Name one of them by answering the sheet."),
        ("name the language that writes it so with --locale.",
         "name the language that writes it so by answering how amounts are written."),
        ("with --locale de_CH (1'234.50) every amount can be read", "with de_CH (1'234.50) every amount can be read"),
        ("a run sends again only with --retry-failed.",
         "a run sends again only where you tick that they are tried as they are."),
        ("Learn first: batch-credits reconcile --since DATE, or run with --verify-first.",
         "Learn first: batch-credits reconcile --since DATE, or run with verify first."),
        ("Nothing of this is an option: a - b -- c.", "Nothing of this is an option: a - b -- c."),
    ],
)  # fmt: skip
def test_options_become_answers(said: str, shown: str) -> None:
    assert plain_words(said) == shown


def test_no_explanation_keeps_an_option() -> None:
    for each in all_explanations():
        said = plain_words(f"{each.happened} {each.money} {each.to_do}")
        assert "--" not in said.replace("batch-credits run FILE --sandbox", ""), each.code
