"""Cells that a spreadsheet would run, made harmless, and back again.

Excel and LibreOffice take a cell that begins with one of = + - @ TAB CR for a formula, also in a CSV file
that a stranger filled in; blanks before the sign do not help, since an import can be told to remove them, and
Excel in East Asian languages takes the full-width signs too. A leading apostrophe keeps it text. Every table
we write is escaped, and only a table we wrote (one that carries our columns) is unescaped when it comes back:
exact inverses, so a mended row keeps its reference letter for letter.
"""

import re

_SIGNS = r"=+\-@\uff1d\uff0b\uff0d\uff20"
MAY_BE_ESCAPED = rf"[\s'{_SIGNS}]"  # a pattern: how a text begins that `escape_formula` may change
_FORMULA = rf"(?:\s*[{_SIGNS}]|[\t\r])"
_STARTS_FORMULA = re.compile("'*" + _FORMULA)
_ESCAPED = re.compile("'+" + _FORMULA)
_PLAIN_NUMBER = re.compile(r"\s*[+-](?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*")


def escape_formula(text: str) -> str:
    """The text as a spreadsheet shows it without running it. Plain numbers (-12.50, +3) stay numbers.

    A text that already looks escaped gets one more apostrophe, so that unescaping can't mistake it.
    """
    if not text or text[0].isalnum():  # nearly every cell; a million rows pass here
        return text
    if _STARTS_FORMULA.match(text) and not _PLAIN_NUMBER.fullmatch(text):
        return "'" + text
    return text


def unescape_formula(text: str) -> str:
    """The text that `escape_formula` was given."""
    return text[1:] if _ESCAPED.match(text) else text
