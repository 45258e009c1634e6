"""A file as a person would first look at it: rows of texts, read forgivingly, to find out how it is to be read.

Nothing that is paid comes from here.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from batch_credits.errors import InputError
from batch_credits.loader.columns import DELIMITERS
from batch_credits.loader.csv.scan import separator_line
from batch_credits.loader.csv.text import choose_encoding, open_text
from batch_credits.loader.table import NumberedRow
from batch_credits.loader.wording import is_blank
from batch_credits.loader.workbook.kinds import EXCEL_KINDS
from batch_credits.loader.workbook.sheets import visible_sheets
from batch_credits.settings import InputOptions

_LINES_JUDGED = 40  # for the delimiter
_BLOCK_CHARACTERS = 65_536


@dataclass(frozen=True, slots=True)
class Glance:
    """A table of a file. `rows` gives its rows from the first, each time it is called; `sheet` is None in a text.
    `has_fractions` says of a column whether numbers with decimals are in it, which are no texts."""

    rows: Callable[[], Iterator[NumberedRow]]
    sheet: str | None = None
    delimiter: str | None = None
    has_fractions: Callable[[int], bool] = lambda column: False


def glances(path: Path, options: InputOptions, encoding: str | None) -> list[Glance]:
    """The tables of a file: each visible sheet, or that which the options name; of a text file the only one.

    Raises:
        InputError: it is no workbook, or no text.
        OSError: it cannot be read.
    """
    if path.suffix.lower() in EXCEL_KINDS:
        sheets = visible_sheets(path, options.sheet)
        return [Glance(found.rows, name, has_fractions=found.has_fractions) for name, found in sheets.items()]
    encoding = encoding or choose_encoding(path, options.encoding)
    with open_text(path, encoding, errors="replace") as text:
        stated, sample = separator_line(text.read(_BLOCK_CHARACTERS))
    delimiter = options.delimiter or stated or _likely_delimiter(sample)

    def rows() -> Iterator[NumberedRow]:
        with open_text(path, encoding, errors="replace") as text:
            if stated is not None:
                text.readline()
            try:
                yield from enumerate(map(tuple, csv.reader(text, delimiter=delimiter)), 1)
            except csv.Error:  # a cell of many thousand characters: what is wrong is said where rows are read
                return

    return [Glance(rows, delimiter=delimiter)]


def _likely_delimiter(sample: str) -> str:
    """The delimiter by which most lines have the same number of cells, and more than one."""
    best, most = ",", (0, 0)
    for delimiter in DELIMITERS:
        try:
            lines = list(islice(csv.reader(sample.splitlines(), delimiter=delimiter), _LINES_JUDGED))
        except csv.Error:
            continue
        widths = Counter(len(cells) for cells in lines if len(cells) > 1 and not is_blank(cells))
        width, count = widths.most_common(1)[0] if widths else (0, 0)
        if (count, width) > most:
            best, most = delimiter, (count, width)
    return best


def first_rows(glance: Glance, count: int) -> list[NumberedRow]:
    """The first rows that are not blank."""
    try:
        return list(islice(((number, cells) for number, cells in glance.rows() if not is_blank(cells)), count))
    except InputError:
        return []
