"""A few lines at the bottom of a terminal, drawn anew in place: what else is written stands above them."""

import os
from typing import TextIO

DEFAULT_COLUMNS, DEFAULT_ROWS = 80, 24
ROOM_FOR_AN_ECHO = 2  # of ^C, which would make a full line wrap
NARROWEST = 20  # columns: a fold leaves at least words
_UP, _CLEAR_LINE, _CLEAR_BELOW = "\x1b[{}A", "\x1b[K", "\x1b[J"


class Block:
    """The lines that stand there now. No line may be as wide as the terminal, which would break it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._widths: list[int] = []  # of the lines that stand there

    def draw(self, lines: list[str], widths: list[int], columns: int) -> None:
        """Put these lines in the place of those before. `widths` are the columns that each takes, whatever else it
        holds; `columns` is how wide the terminal is now."""
        text = f"{_CLEAR_LINE}\n".join(lines)
        self._stream.write(f"{self._to_the_top(columns)}{text}{_CLEAR_BELOW}")
        self._stream.flush()
        self._widths = widths

    def above(self, text: str, columns: int) -> None:
        """Write a text where the lines stand; they come below it when they are drawn again."""
        self.clear(columns)
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def clear(self, columns: int) -> None:
        """Take the lines away."""
        self._stream.write(f"{self._to_the_top(columns)}{_CLEAR_BELOW}")
        self._stream.flush()
        self._widths = []

    def leave(self) -> None:
        """Let the lines stand for good."""
        if self._widths:
            self._stream.write("\n")
            self._stream.flush()
            self._widths = []

    def _to_the_top(self, columns: int) -> str:
        """To the first column of the first line; a terminal that became narrower has folded what stood there."""
        rows = sum(max(1, -(-width // columns)) for width in self._widths)
        return "\r" + (_UP.format(rows - 1) if rows > 1 else "")


def size_of(stream: TextIO) -> tuple[int, int]:
    """How many columns and rows the terminal has now: people resize it. Some state none."""
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return DEFAULT_COLUMNS, DEFAULT_ROWS
    return size.columns or DEFAULT_COLUMNS, size.lines or DEFAULT_ROWS
