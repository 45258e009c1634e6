"""How texts from a file are trimmed, and how they are quoted in a message."""

import re
from collections.abc import Sequence

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


def first_invisible(text: str) -> int | None:
    """Where the first character stands that no id, reference or description may hold."""
    if text.isprintable():  # quick, and true of nearly every text
        return None
    found = _INVISIBLE.search(text)
    return None if found is None else found.start()
