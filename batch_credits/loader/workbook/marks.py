"""What is found inside a workbook of any format that its cell values do not tell; and the refusals that all share."""

from dataclasses import dataclass, field
from pathlib import Path

from batch_credits.errors import InputError

MAX_CELLS = 20_000_000  # the rectangle a sheet spans, which its reader fills: a full sheet of 19 columns
# How .xls and .xlsb number them.
BIFF_ERRORS = {
    0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A", 43: "#DATA!"
}  # fmt: skip


@dataclass(slots=True)
class SheetMarks:
    """What was found in a sheet. `broken`: row -> column -> its error, or "" for a formula without a value.

    `truths` are truth values that the sheet's reader gives as numbers, `gaps` texts in which it drops a tab or a line
    break, `hidden` the rows that nobody sees, filled or not. Rows and columns are counted from 0.
    """

    broken: dict[int, dict[int, str]] = field(default_factory=dict)
    truths: dict[int, set[int]] = field(default_factory=dict)
    gaps: dict[int, set[int]] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    hidden_columns: bool = False

    def add(self, place: tuple[int, int], error: str) -> None:
        """Note a broken cell."""
        row, column = place
        self.broken.setdefault(row, {})[column] = error

    def notes(self) -> tuple[str, ...]:
        """What a person should know of hidden columns. Hidden rows are more than a note: see hidden_rows.py."""
        return ("hidden columns read like the others",) if self.hidden_columns else ()


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
