from pathlib import Path

import pytest

from batch_credits.errors import InputError
from batch_credits.loader.workbook import marks as marks_module
from batch_credits.loader.workbook.marks import Look, Looks, Merged, SheetMarks, refuse_large

BOOK = Path("payout.xlsx")
MONEY, ZEROS = Look("0.00"), Look("00000")


def test_looks_are_kept_as_runs_and_found_by_row() -> None:
    looks = Looks()
    assert looks.add(1, MONEY) and looks.add(2, MONEY) and looks.add(3, ZEROS) and looks.add(7, MONEY, 9)
    assert [looks.at(row) for row in range(11)] == [
        None, MONEY, MONEY, ZEROS, None, None, None, MONEY, MONEY, MONEY, None
    ]  # fmt: skip
    assert len(looks._runs) == 3


def test_a_row_above_one_that_was_noted_is_damage() -> None:
    marks = SheetMarks()
    marks.look(5, 0, MONEY, BOOK)
    marks.look(4, 1, MONEY, BOOK)  # another column
    for row in (5, 4):
        with pytest.raises(InputError, match="damaged"):
            marks.look(row, 0, MONEY, BOOK)


def test_merged_cells_are_named_as_a_spreadsheet_does() -> None:
    assert Merged(1, 3, 2, 27).name == "C2:AB4"


def test_there_is_an_end_to_merged_cells_and_to_hidden_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks_module, "MAX_MERGED", 1)
    monkeypatch.setattr(marks_module, "MAX_HIDDEN_COLUMNS", 1)
    marks = SheetMarks()
    marks.merge(Merged(0, 1, 0, 1), BOOK)
    marks.hide_columns(range(2, 4), BOOK)
    with pytest.raises(InputError, match="more than 1 merged"):
        marks.merge(Merged(0, 1, 0, 1), BOOK)
    with pytest.raises(InputError, match="damaged"):
        marks.hide_columns(range(5, 6), BOOK)
    assert [column for column in range(9) if marks.hides_column(column)] == [2, 3]


def test_a_sheet_may_span_so_many_cells_and_no_more() -> None:
    refuse_large(marks_module.MAX_CELLS, BOOK)
    with pytest.raises(InputError, match="spans 20,000,001 cells"):
        refuse_large(marks_module.MAX_CELLS + 1, BOOK)
