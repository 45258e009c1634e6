"""Colour where a terminal has it, and nobody said that there shall be none (https://no-color.org)."""

import os
from typing import Literal, TextIO

Colour = Literal["red", "yellow", "green", "bold"]
_CODES: dict[Colour, str] = {"red": "31", "yellow": "33", "green": "32", "bold": "1"}


def takes_colour(stream: TextIO | None) -> bool:
    """Whether what is written to this stream may be coloured."""
    if stream is None or os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb":
        return False
    try:
        return stream.isatty()
    except ValueError:  # it is closed
        return False


def coloured(text: str, colour: Colour) -> str:
    """The text in this colour, for a stream that takes it."""
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"
