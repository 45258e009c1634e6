"""Reading a cut of our results.csv: which rows of a batch are meant, and what the file says of them."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from batch_credits.errors import InputError, Remedy
from batch_credits.loader.csv.text import choose_encoding, open_text
from batch_credits.loader.wording import EDGE_BLANKS, shown
from batch_credits.text.formula import unescape_formula

ROW_COLUMN = "credit_row"
_DELIMITERS = ",;\t"
_ANOTHER: list[Remedy] = [(("--rows", "FILE"),)]
_HINT = f"Cut results.csv of the batch, with its column {ROW_COLUMN}; or give a CSV file that has only this column."
_MAX_DIGITS = 12


class CutRow(NamedTuple):
    """A line of the cut: the row of the batch that it names, and its cells by header, as our own guard left them."""

    line: int
    row_number: int
    cells: dict[str, str]


def read_cut(path: Path) -> Iterator[CutRow]:
    """Read the file line by line.

    Raises, also while it is read:
        InputError: it is no CSV file with a column `credit_row` that holds row numbers.
    """
    if not path.is_file():  # it is read twice, so a pipe will not do
        raise InputError(f"{path} cannot be read: there is no such file.", hint=_HINT, remedies=_ANOTHER)
    try:
        with open_text(path, choose_encoding(path, None)) as text:
            delimiter = _delimiter(text.readline())
            text.seek(0)
            yield from _rows(path, csv.reader(text, delimiter=delimiter, strict=True))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.", hint=_HINT, remedies=_ANOTHER) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path.name} is no CSV file in UTF-8: {error}.", hint=_HINT, remedies=_ANOTHER) from None


def _delimiter(line: str) -> str:
    """The one after which `credit_row` stands alone."""
    names = ((delimiter, [name.strip('"\ufeff\r\n ') for name in line.split(delimiter)]) for delimiter in _DELIMITERS)
    return next((delimiter for delimiter, found in names if ROW_COLUMN in found), ",")


def _rows(path: Path, lines: Iterator[list[str]]) -> Iterator[CutRow]:
    headers: Sequence[str] = next(lines, [])
    headers = [unescape_formula(header.strip(EDGE_BLANKS)) for header in headers]
    if headers.count(ROW_COLUMN) != 1:
        raise InputError(f"{path.name} has no column {ROW_COLUMN}, or more than one.", hint=_HINT, remedies=_ANOTHER)
    once = [header if headers.count(header) == 1 else "" for header in headers]
    for line, cells in enumerate(lines, 2):
        if not any(cell.strip(EDGE_BLANKS) for cell in cells):
            continue
        if len(cells) != len(headers):
            said = f"{path.name}, record {line}: it has more or fewer cells than the header."
            raise InputError(said, hint=_HINT, remedies=_ANOTHER)
        found = {name: unescape_formula(cell) for name, cell in zip(once, cells, strict=True) if name}
        number = found[ROW_COLUMN].strip(EDGE_BLANKS)
        if not (number.isascii() and number.isdigit() and len(number) <= _MAX_DIGITS):
            said = f"{path.name}, record {line}: {shown(number)} is no row number."
            raise InputError(said, hint=_HINT, remedies=_ANOTHER)
        yield CutRow(line, int(number), found)
