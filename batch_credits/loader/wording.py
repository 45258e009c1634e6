"""How texts from a file are trimmed, and how they are quoted in a message."""

import re
from collections.abc import Sequence
from unicodedata import category, name

from batch_credits.text.visible import INVISIBLE

# What may stand around a value and mean nothing. Not every Unicode blank: a control character is no blank.
EDGE_BLANKS = " \t\r\n\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"

SHOWN_CHARACTERS = 40


def is_blank(cells: Sequence[str]) -> bool:
    """Whether a record holds nothing but blanks: `,,,` is what spreadsheets write for an empty line."""
    return not "".join(cells).strip(EDGE_BLANKS)


def shown(text: str) -> str:
    """The text quoted for a message: shortened when long, and with nothing invisible left invisible."""
    return repr(text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "\u2026")


def listed(texts: "tuple[str, ...] | list[str]", most: int = 20) -> str:
    """Some texts in one phrase, the first `most` of them."""
    quoted = ", ".join(shown(text) for text in texts[:most])
    return quoted + (f" and {len(texts) - most} more" if len(texts) > most else "")


_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_LINE_ENDS = "\n\r\v\f\x85\u2028\u2029"
# What shows as nothing or as a blank, although Unicode calls it a letter, a mark or a symbol: fillers, and what selects
# the variant of a letter. For the format characters there is a category, Cf.
_FILLERS = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef"
)
_HIDDEN = re.compile(f"[{INVISIBLE}{_FILLERS}]")


_CONTROLS = bytes(range(0x20)) + b"\x7f"


def is_printable(joined: str) -> bool:
    """`str.isprintable` of many texts in one, which looks up each character: of plain ASCII that takes six times as
    long."""
    if joined.isascii():
        return len(joined.encode().translate(None, _CONTROLS)) == len(joined)
    return joined.isprintable()


def first_invisible(text: str) -> int | None:
    """Where the first character stands that no id, reference or description may hold."""
    if text.isprintable():  # quick, and true of nearly every text
        return None
    found = _INVISIBLE.search(text)
    return None if found is None else found.start()


def may_hide(joined: str) -> bool:
    """Whether texts, all in one, may hold what nobody sees in an id: asked of a column, so quickly."""
    return not is_printable(joined) or (not joined.isascii() and _HIDDEN.search(joined) is not None)


def first_hidden(text: str) -> int | None:
    """Where the first character stands that nobody sees: two ids that look alike would be two customers."""
    if text.isascii() and text.isprintable():
        return None
    places = (place for place, letter in enumerate(text) if category(letter) == "Cf" or _HIDDEN.match(letter))
    return next(places, None)


def what_is_hidden(text: str, place: int) -> str:
    """An invisible character by its name and its place, counted from 1; a line break by its common name."""
    letter = text[place]
    if letter in _LINE_ENDS:
        return f"a line break at place {place + 1}"
    official = name(letter, "")
    called = f" ({official})" if official else ""
    return f"the invisible character U+{ord(letter):04X} at place {place + 1}{called}"
