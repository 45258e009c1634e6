"""Texts from outside, on a screen: what would move, colour, hide or turn something is shown as what it is.

A customer id, a file's name or a message of the site may hold anything. Left as it is, it could clear the line above,
or read right to left as another amount. The escapes are those of JSON, so a JSON text that is shown so means the same.
"""

import re

# Control characters, and what turns or hides text: bidi overrides, zero-width blanks, line separators, tags, halves of
# characters. For character classes of patterns.
INVISIBLE = (
    "\x00-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff"
)
# What shows as nothing or as a blank, although Unicode calls it a letter, a mark or a symbol: fillers, and what selects
# the variant of a letter.
FILLERS = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef"
)
_DIRECTION_MARKS = "\u061c\u180e\u200e\u200f"  # which texts may hold
_ANY = re.compile(f"[{INVISIBLE}{_DIRECTION_MARKS}]")
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: str) -> str:
    """The text in one line, with `\\u001b` in the place of what would act on a screen."""
    return text if text.isprintable() else _ANY.sub(_escape, text)


def visible_lines(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(map(visible, text.split("\n")))


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character in _SHORT:
        return _SHORT[character]
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
