"""What is found inside a workbook of any format that its cell values do not tell; and the refusals that all share."""

from bisect import bisect_right
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from batch_credits.errors import InputError
from batch_credits.text.spreadsheet import column_letters

MAX_MERGED = 100_000
MAX_HIDDEN_COLUMNS = 16_384  # as many as a sheet can have
SEEN_POINTS = 1.0  # of height: rows that are lower, and columns that are narrower, are as good as hidden
TWIPS = 20  # in which .xls and .xlsb count height, to the point
SEEN_WIDTH = 51  # of 256 to the character, in which they count width: about a point
MAX_CELLS = 20_000_000  # the rectangle a sheet spans, which its reader fills: a full sheet of 19 columns
# How .xls and .xlsb number them.
BIFF_ERRORS = {
    0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A", 43: "#DATA!"
}  # fmt: skip


class Look(NamedTuple):
    """How a cell is shown: by a number format of Excel, or (`text`) as a program wrote down what it shows."""

    code: str = ""
    text: str | None = None


@dataclass(slots=True)
class Looks:
    """How the cells of a column are shown, where that is not as they are stored: runs of rows that are alike."""

    _firsts: list[int] = field(default_factory=list)
    _runs: list[tuple[int, Look]] = field(default_factory=list)  # the last row of each, and how it is shown

    def add(self, row: int, look: Look, last: int | None = None) -> bool:
        """Note a row, or all up to `last`. They come in their order: False if one does not."""
        last = row if last is None else last
        if self._runs:
            before, like = self._runs[-1]
            if row <= before:
                return False
            if row == before + 1 and like == look:
                self._runs[-1] = (last, look)
                return True
        self._firsts.append(row)
        self._runs.append((last, look))
        return True

    def at(self, row: int) -> Look | None:
        """How a row is shown; None: as it is stored."""
        place = bisect_right(self._firsts, row) - 1
        if place < 0:
            return None
        last, look = self._runs[place]
        return look if row <= last else None


class Merged(NamedTuple):
    """Cells that were made one: all but the first of them are not seen. The last row and column are of them."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int

    @property
    def name(self) -> str:
        """`A1:C3`."""
        first, last = column_letters(self.first_column), column_letters(self.last_column)
        return f"{first}{self.first_row + 1}:{last}{self.last_row + 1}"


@dataclass(slots=True)
class SheetMarks:
    """What was found in a sheet. `broken`: row -> column -> its error, or "" for a formula without a value.

    `truths` are truth values that the sheet's reader gives as numbers, `gaps` texts in which it drops a tab or a line
    break, `hidden` the rows that nobody sees, filled or not, `hidden_columns` such columns; `looks` say by column how
    cells are shown. Rows and columns are counted from 0.
    """

    broken: dict[int, dict[int, str]] = field(default_factory=dict)
    truths: dict[int, set[int]] = field(default_factory=dict)
    gaps: dict[int, set[int]] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    hidden_columns: list[range] = field(default_factory=list)
    looks: dict[int, Looks] = field(default_factory=dict)
    merged: list[Merged] = field(default_factory=list)

    def add(self, place: tuple[int, int], error: str) -> None:
        """Note a broken cell."""
        row, column = place
        self.broken.setdefault(row, {})[column] = error

    def look(self, row: int, column: int, look: Look, path: Path, last: int | None = None) -> None:
        """Note how a cell is shown, or all of its column from `row` to `last`.

        Raises:
            InputError: its row lies above one that was noted before.
        """
        if not self.looks.setdefault(column, Looks()).add(row, look, last):
            raise damaged(path)

    def merge(self, cells: Merged, path: Path) -> None:
        """Note cells that were made one.

        Raises:
            InputError: there are more of them than anybody makes.
        """
        if len(self.merged) >= MAX_MERGED:
            raise InputError(f"{path.name} has more than {MAX_MERGED:,} merged cells.", hint="Check the table.")
        self.merged.append(cells)

    def hide_columns(self, columns: range, path: Path) -> None:
        """Note columns that nobody sees.

        Raises:
            InputError: they are noted more often than there are any.
        """
        if len(self.hidden_columns) >= MAX_HIDDEN_COLUMNS:
            raise damaged(path)
        self.hidden_columns.append(columns)

    def hides_column(self, column: int) -> bool:
        """Whether nobody sees a column."""
        return any(column in columns for columns in self.hidden_columns)


def refuse_large(cells: int, path: Path) -> None:
    """Refuse a sheet that spans more cells than its reader may fill.

    Raises:
        InputError: it does.
    """
    if cells > MAX_CELLS:
        raise InputError(
            f"{path.name}: the sheet spans {cells:,} cells, more than {MAX_CELLS:,}.",
            hint="A cell far away from the table may be filled: delete the rows below and the columns beside it.",
        )


def damaged(path: Path) -> InputError:
    """A workbook that is none, or no longer one."""
    return InputError(
        f"{path.name} is damaged, or no workbook of its suffix.",
        hint="Open it in Excel or LibreOffice and save it again.",
    )


def encrypted(path: Path) -> InputError:
    """A workbook that only a password opens."""
    return InputError(f"{path.name} is encrypted.", hint="Save it without a password.")
