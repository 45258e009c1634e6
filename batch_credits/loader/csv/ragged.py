"""Rows of a CSV file that have more or fewer cells than its header."""

from pathlib import Path

from batch_credits.errors import InputError
from batch_credits.loader.csv.delimiter import split
from batch_credits.loader.wording import EDGE_BLANKS, END_OF_FILE, is_blank, shown

MAX_COLUMNS = 1_000


def quoted_as_one(path: Path, where: str, quote: str = '"') -> InputError:
    """What is wrong with a row that stands in quotes as a whole."""
    return InputError(
        f"{path.name}, {where}: the whole row is in quotes ({quote}), so it is one cell.",
        hint="A spreadsheet took each line for one text: export it again, or take the quotes away around whole rows.",
    )


def refuse_ragged(path: Path, row: int, line: int, cells: list[str], headers: list[str], delimiter: str) -> None:
    """Refuse a row that has not as many cells as the header, unless nothing of it would be lost or misplaced.

    Raises:
        InputError: something would.
    """
    width = len(headers)
    if len(cells) <= MAX_COLUMNS and (is_blank(cells) or (len(cells) > width and _is_whole(cells, headers))):
        return  # an empty line, or trailing delimiters: nothing is lost
    where = f"row {row}" if row == line else f"row {row} (line {line} of the file)"
    if len(cells) == 1 < len(split(cells[0], delimiter)):
        raise quoted_as_one(path, where)
    if not (said := cells[0].strip(EDGE_BLANKS + END_OF_FILE)) and len(cells) == 1:
        raise InputError(
            f"{path.name}, {where}: nothing but Ctrl-Z (U+001A), with which old programs end a file.",
            hint="Delete that line.",
        )
    if len(cells) == 1:
        raise InputError(
            f"{path.name}, {where}: one cell, {shown(said)}, where the header has {width}.",
            hint="If it is a note below the table, delete it. If the file was cut off there, fetch it again. Nothing "
            "of it is used until every row is whole.",
        )
    few = "The file may be cut off there" if len(cells) < width else "A cell may hold the delimiter without quotes"
    raise InputError(
        f"{path.name}, {where}: {len(cells)} cells where the header has {width}.",
        hint=f"{few}: mend that line. Nothing of the file is used until every row is whole.",
    )


def _is_whole(cells: list[str], headers: list[str]) -> bool:
    """Whether a row that is longer than the header has only delimiters behind it. Where the header ends with one, too,
    what stands below it in such a row was moved there, as by the comma in an amount: `c1,12,50,`."""
    width = named = len(headers)
    while named and not headers[named - 1].strip(EDGE_BLANKS):
        named -= 1
    return not any(cells[width:]) and is_blank(cells[named:width])
