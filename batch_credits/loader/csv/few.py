"""The rows of a small CSV file, by the csv module, which has just scanned it.

pandas takes longer to load than a thousand such files to read, and somebody waits for the first row to be sent.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice

FEW_ROWS = 5_000  # blank ones among them: one chunk


def few_rows(text: io.TextIOBase, delimiter: str, width: int, size: int) -> Iterator[list[list[str]]]:
    """The rows below the header, `size` at a time, each of so many cells: what is wider or narrower was found to be so
    by empty cells alone.

    Raises:
        ValueError: they are not those that were scanned.
    """
    records = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        while rows := [_filled(cells, width) for cells in islice(records, size)]:
            yield rows
    except csv.Error as error:
        raise ValueError(str(error)) from None


def chosen(rows: Sequence[Sequence[str]], places: Sequence[int]) -> list[tuple[str, ...]]:
    """The cells of some columns."""
    return [tuple([cells[place] for place in places]) for cells in rows]


def _filled(cells: list[str], width: int) -> list[str]:
    return cells if len(cells) == width else [*cells[:width], *[""] * (width - len(cells))]
