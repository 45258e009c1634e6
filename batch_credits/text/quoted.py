"""A text from outside as a sentence for people quotes it: without any code of a program, and with nothing hidden in it.

What shows as nothing stands in it by its name. A blank that is no plain one shows as a blank, so it is left as it is,
and named behind the text.
"""

import re
from unicodedata import category, name

from batch_credits.text.visible import FILLERS, INVISIBLE

_SHOWS_NOTHING = re.compile(f"[{INVISIBLE}{FILLERS}]")
_COMMON = dict.fromkeys("\n\r\v\f\x85\u2028\u2029", "line break") | {"\t": "tab", "\x1a": "Ctrl-Z", "\0": "NUL"}


def quoted(text: str) -> str:
    """The text in quotes, be they single or, around single ones, double."""
    quote = '"' if "'" in text and '"' not in text else "'"
    if text.isascii() and text.isprintable():  # nearly every text
        return f"{quote}{text}{quote}"
    blanks = dict.fromkeys(name_of(letter) for letter in text if letter != " " and category(letter) == "Zs")
    named = f" (with {' and '.join(blanks)})" if blanks else ""
    seen = "".join(map(_seen, text.replace("\r\n", "\n")))
    return f"{quote}{seen}{quote}{named}"


def name_of(letter: str) -> str:
    """What a character is called: by people, or else by Unicode; its number where it has no name."""
    return _COMMON.get(letter) or name(letter, "").lower() or f"character U+{ord(letter):04X}"


def _seen(letter: str) -> str:
    is_seen = category(letter) == "Zs" or (letter.isprintable() and _SHOWS_NOTHING.match(letter) is None)
    return letter if is_seen else f"[{name_of(letter)}]"
