"""Columns are judged as a whole where that tells enough: it must tell what each of their texts would."""

from hypothesis import given
from hypothesis import strategies as st

from batch_credits.loader.spoiled import SPOILED_WORDS, spoiled
from batch_credits.loader.texts import wrong_texts
from batch_credits.loader.total_words import TOTAL_WORDS, says_total

words = sorted(TOTAL_WORDS | SPOILED_WORDS)
texts = st.sampled_from(words) | st.sampled_from(words).map(str.upper) | st.sampled_from(
    ["cust-1", "q3-1", "", "12345.0", "1.2E+15", "x Total", "#N/A", "Total 1", "caf\u00e9", "7"]
)  # fmt: skip


@given(st.lists(texts | st.text("1a-", max_size=3)))
def test_a_column_has_the_wrong_texts_that_its_texts_are(column):
    for are_ids in (True, False):
        wrong = {text for text in column if spoiled(text) is not None or (are_ids and says_total(text))}
        assert wrong_texts(column, "".join(column), are_ids=are_ids) == wrong


def test_no_word_ends_in_a_digit():
    assert not [word for word in words if word[-1].isdigit()]
