"""Text for whoever reads it: folded between words on a terminal, however narrow; as it is where no terminal is."""

import os
import sys
import textwrap

WIDEST = 100  # longer lines are hard to read
NARROWEST = 24  # below it a fold would leave less than words
UNFOLDED = 100_000
NO_BREAK = "\u00a0"


def width(*, err: bool = False) -> int:
    """How many characters a line may have on this stream."""
    stream = sys.stderr if err else sys.stdout
    if stream is None or not stream.isatty():
        return UNFOLDED
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        columns = 0
    if not columns:
        import shutil  # here, for it loads what compresses

        columns = shutil.get_terminal_size().columns
    return max(NARROWEST, min(columns, WIDEST))


def told(text: str, label: str = "", *, err: bool = False) -> list[str]:
    """A text behind its label, its further lines below its first; in a narrow terminal below the label.

    There is no fold at a no-break space, which then shows as any other.
    """
    if not any(blank in text for blank in " \n\t"):
        return [f"{label}{text}".rstrip()]  # a path, for one, stays whole
    columns = width(err=err)
    indent = " " * (len(label) if len(label) * 3 <= columns else 2)
    lines = textwrap.wrap(
        label + text, columns, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace(NO_BREAK, " ") for line in lines]
