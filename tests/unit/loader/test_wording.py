import unicodedata

from batch_credits.loader.wording import EDGE_BLANKS, first_invisible, is_printable, listed, shown
from tests.each import each


def test_long_texts_are_shortened_and_invisible_ones_made_visible():
    assert shown("abc") == "'abc'"
    assert shown("x" * 100) == repr("x" * 39 + "\u2026")
    assert shown("a\u202eb\n") == "'a[right-to-left override]b[line break]'"


def test_long_lists_are_cut():
    assert listed(["a", "b"]) == "'a', 'b'"
    assert listed(tuple("abc"), most=2) == "'a', 'b' and 1 more"


@each("text", ["", "abc", "a b", "a\u00a0b", "\u05d0\u200f", "\U0001f469\u200d\U0001f680", "\u00ad"])
def test_what_people_write_is_visible(text):
    assert first_invisible(text) is None


def test_control_characters_and_bidi_overrides_are_not():
    hidden = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in ("Cc", "Cs", "Zl", "Zp")]
    hidden += [chr(code) for code in range(0x110000) if unicodedata.bidirectional(chr(code)) in (
        "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")]  # fmt: skip
    assert all(first_invisible("ab" + character) == 2 for character in hidden)


def test_every_blank_is_an_edge_blank_and_no_other_control_character_is():
    blanks = {chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Zs"}
    assert set(EDGE_BLANKS) == blanks | set("\t\r\n")


def test_many_texts_are_printable_as_one_is():
    for code in range(0x110000):
        assert is_printable(chr(code)) == chr(code).isprintable()
    assert is_printable("") and is_printable("ab~ ") and not is_printable("a\x7fb")
