"""What would act on a screen is shown, and JSON that is shown so means the same."""

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from batch_credits.loader.wording import first_invisible
from batch_credits.text.visible import visible, visible_lines
from tests.each import each

NASTY = st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"]) | st.sampled_from("aä\u00a0 😀\u0301"))


@each(
    "text, shown",
    [
        ("plain", "plain"),
        ("Zoë 東京 😀 \u00a0 e\u0301", "Zoë 東京 😀 \u00a0 e\u0301"),
        ("\x1b[2J\x07", r"\u001b[2J\u0007"),
        ("a\nAll 3 rows credited.\r\t", r"a\nAll 3 rows credited.\r\t"),
        ("1\u202e00.1", r"1\u202e00.1"),
        ("\x9b31m\x7f", r"\u009b31m\u007f"),
        ("\U000e0041", r"\udb40\udc41"),
        ("\udcff", r"\udcff"),
        ("\u200e\u061c", r"\u200e\u061c"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines_stay_lines() -> None:
    assert visible_lines("one\n\x1btwo\r\n") == "one\n\\u001btwo\\r\n"


@given(NASTY)
def test_nothing_acts_on_the_screen(text: str) -> None:
    left = {character for character in visible(text) if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")}
    assert not left
    assert first_invisible(visible(text)) is None


@given(NASTY.filter(lambda text: not any("\ud800" <= one <= "\udfff" for one in text)), st.booleans())
def test_json_means_the_same(text: str, escaped: bool) -> None:
    told = json.dumps({"text": text}, ensure_ascii=escaped)
    assert json.loads(visible(told)) == {"text": text}
