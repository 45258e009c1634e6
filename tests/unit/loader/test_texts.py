"""What is wrong with texts; and that a look at a whole column misses none of it."""

import unicodedata
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_credits.loader.spoiled import SPOILED_WORDS
from batch_credits.loader.template import EXAMPLE_CUSTOMER
from batch_credits.loader.texts import TEXT_FIELDS, suspect_texts, text_problems, total_by_words
from batch_credits.loader.total_words import TOTAL_WORDS
from tests.each import each

WRONG = [
    ("customer_id", "", "missing"),
    ("customer_id", "TRUE", "spoiled_by_excel"),
    ("customer_id", "12.0", "spoiled_by_excel"),
    ("customer_id", "null", "placeholder"),
    ("customer_id", "a\u200bb", "control_character"),
    ("customer_id", "a\u00adb", "control_character"),
    ("customer_id", "caf\ufffd", "damaged_text"),
    ("customer_id", "Summe", "looks_like_total"),
    ("customer_id", "Gesamt-Summe", "looks_like_total"),
    ("customer_id", "--total--", "looks_like_total"),
    ("customer_id", EXAMPLE_CUSTOMER, "example_row"),
    ("reference", "", "missing"),
    ("reference", "#N/A", "spoiled_by_excel"),
    ("reference", "(blank)", "placeholder"),
    ("reference", "a\ufe0fb", "control_character"),
    ("description", "", "missing"),
    ("description", "#REF!", "spoiled_by_excel"),
    ("description", "a\nb", "control_character"),
    ("description", "a\u202eb", "control_character"),
]
RIGHT = [
    ("customer_id", "c-1"),
    ("customer_id", "a\u00a0b"),
    ("reference", "Summe"),
    ("reference", "2026-09-30"),
    ("description", "null"),
    ("description", "12.0"),
    ("description", "caf\u00e9\u00ad"),
    ("description", EXAMPLE_CUSTOMER),
]


@each("field, text, code", WRONG)
def test_wrong_texts_are_found_in_their_column_and_named(field: str, text: str, code: str) -> None:
    [problem] = text_problems(field, text, options_count=True)
    assert (problem.field, problem.code) == (field, code)
    assert 1 in suspect_texts(field, ["c-1", text, "c-2"])


@each("field, text", RIGHT)
def test_texts_with_nothing_wrong(field: str, text: str) -> None:
    assert text_problems(field, text, options_count=True) == []


@cache
def hidden() -> set[str]:
    """Every character that nobody sees."""
    formats = {chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf"}
    fillers = {*"\u034f\u115f\u1160\u3164\uffa0\u2800\u180b\u180c\u180d\u180f"}
    return formats | fillers | {chr(code) for codes in ((0xFE00, 0xFE10), (0xE0100, 0xE01F0)) for code in range(*codes)}


@pytest.mark.parametrize("field", ["customer_id", "reference"])
def test_no_id_or_reference_may_hide_a_character(field: str) -> None:
    for letter in hidden():
        [problem] = text_problems(field, f"ab{letter}c", options_count=True)
        assert problem.code == "control_character"
        assert f"U+{ord(letter):04X} at place 3" in problem.message
    texts = [f"ab{letter}c" for letter in sorted(hidden())]
    assert suspect_texts(field, ["x", *texts]) == {*range(1, len(texts) + 1)}


def test_a_column_of_ordinary_texts_has_no_suspects() -> None:
    assert suspect_texts("customer_id", ["cust-1", "x 2", "\u6771\u4eac"]) == set()
    assert suspect_texts("reference", ["2026-09-30", "1.5", "Total"]) == set()
    assert suspect_texts("description", ["thanks", "bonus of March", "for you"]) == {2}  # which is asked more closely


def test_an_option_may_stand_for_an_empty_text_of_some_fields() -> None:
    said = {
        (field, count): text_problems(field, "", options_count=count)[0].message
        for field in TEXT_FIELDS
        for count in (True, False)
    }
    assert "--reference" in said["reference", True] and "--description" in said["description", True]
    assert not any("--" in said[key] for key in said if key[0] == "customer_id" or not key[1])


@pytest.mark.parametrize(
    ("customer", "description", "field"),
    [("Total", "x", "customer_id"), ("c-1", "Subtotal", "description"), ("", "Total", None), ("c-1", "bonus", None)],
)
def test_a_row_that_says_that_it_is_a_total(customer: str, description: str, field: str | None) -> None:
    found = total_by_words(customer, description)
    assert (found and found.field) == field


@settings(deadline=None, derandomize=True)
@given(st.sampled_from(TEXT_FIELDS), st.lists(st.text(max_size=6) | st.sampled_from([text for _, text, _ in WRONG])))
def test_the_look_at_a_column_misses_nothing(field: str, texts: list[str]) -> None:
    wrong = {place for place, text in enumerate(texts) if text_problems(field, text, options_count=True)}
    assert wrong <= suspect_texts(field, texts)


def test_no_word_that_is_wrong_by_itself_ends_in_a_digit() -> None:
    """So a column whose texts all do has none."""
    assert not [word for word in TOTAL_WORDS | SPOILED_WORDS if word[-1:].isdigit()]


@pytest.mark.parametrize("others", ["for you", "Bonus"])
def test_a_total_of_somebody_whose_id_is_a_word_is_asked_about(others: str) -> None:
    assert total_by_words("acme", "Acme Total") is not None
    assert suspect_texts("description", [others, "Acme Total", others]) >= {1}
