import pytest

from batch_credits.text.quoted import name_of, quoted
from tests.each import each


@each(
    "text, said",
    [
        ("abc", "'abc'"),
        ("", "''"),
        ("it's", '"it\'s"'),
        ('say "hi"', "'say \"hi\"'"),
        ('it\'s "x"', "'it's \"x\"'"),
        ("a\\b", "'a\\b'"),
        ("caf\u00e9 \u6771\u4eac", "'caf\u00e9 \u6771\u4eac'"),
        ("1\u00a0234,50", "'1\u00a0234,50' (with no-break space)"),
        ("1\u202f234\u202f567", "'1\u202f234\u202f567' (with narrow no-break space)"),
        ("a\u3000b\u00a0c", "'a\u3000b\u00a0c' (with ideographic space and no-break space)"),
        ("a\tb", "'a[tab]b'"),
        ("a\nb", "'a[line break]b'"),
        ("a\r\nb", "'a[line break]b'"),
        ("a\u2028b\r", "'a[line break]b[line break]'"),
        ("end\x1a", "'end[Ctrl-Z]'"),
        ("a\u200bb", "'a[zero width space]b'"),
        ("x\u3164", "'x[hangul filler]'"),
        ("\u2764\ufe0f", "'\u2764[variation selector-16]'"),
        ("a\x07b", "'a[character U+0007]b'"),
        ("a\ud800", "'a[character U+D800]'"),
        ("a\ue000", "'a[character U+E000]'"),
    ],
)
def test_nothing_is_hidden_and_no_code_is_shown(text: str, said: str) -> None:
    assert quoted(text) == said


def test_every_character_can_be_quoted_and_what_is_shown_acts_on_no_screen() -> None:
    for code in range(0x11000):
        said = quoted(chr(code))
        assert all(letter.isprintable() or letter.isspace() for letter in said), hex(code)
        assert not {"\n", "\r", "\t", "\x1b"} & set(said)


@pytest.mark.parametrize(("letter", "name"), [("\u00a0", "no-break space"), ("\t", "tab"), ("\0", "NUL")])
def test_what_a_character_is_called(letter: str, name: str) -> None:
    assert name_of(letter) == name
