"""How texts from a file are trimmed, and how they are quoted in a message."""

import re
from collections.abc import Sequence
from unicodedata import category, name

from batch_credits.text.quoted import name_of, quoted
from batch_credits.text.visible import FILLERS, INVISIBLE

# What may stand around a value and mean nothing. Not every Unicode blank: a control character is no blank.
EDGE_BLANKS = " \t\r\n\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"

SHOWN_CHARACTERS = 40


def is_blank(cells: Sequence[str]) -> bool:
    """Whether a record holds nothing but blanks: `,,,` is what spreadsheets write for an empty line."""
    return not "".join(cells).strip(EDGE_BLANKS)


def shown(text: str) -> str:
    """The text quoted for a message: shortened when long, and with nothing invisible left invisible."""
    return quoted(text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "\u2026")


def listed(texts: "tuple[str, ...] | list[str]", most: int = 20) -> str:
    """Some texts in one phrase, the first `most` of them."""
    first = ", ".join(shown(text) for text in texts[:most])
    return first + (f" and {len(texts) - most} more" if len(texts) > most else "")


END_OF_FILE = "\x1a"  # Ctrl-Z, with which programs of old end a text
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_HIDDEN = re.compile(f"[{INVISIBLE}{FILLERS}]")  # beside the format characters, which have a category, Cf


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
    """An invisible character by its name and its place, counted from 1; some by what people call them."""
    letter = text[place]
    if name_of(letter) == name_of("\n"):
        return f"a line break at place {place + 1}"
    if letter == END_OF_FILE:
        return f"Ctrl-Z (U+001A), with which old programs end a file, at place {place + 1}"
    official = name(letter, "")
    called = f" ({official})" if official else ""
    return f"the invisible character U+{ord(letter):04X} at place {place + 1}{called}"
