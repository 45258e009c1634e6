import pytest

from batch_credits.loader.table import blank_notes, full_notes
from tests.each import each


@each(
    "last, words",
    [
        (1_048_576, ["line 1,048,576", "a sheet", "1,048,575 rows"]),
        (65_536, ["line 65,536", "an old sheet", "65,535 rows"]),
        *((last, []) for last in (1, 65_535, 65_537, 1_048_575, 1_048_577)),
    ],
)
def test_a_file_that_ends_where_a_sheet_does_may_be_cut_off(last: int, words: list[str]) -> None:
    notes = full_notes(last)
    assert len(notes) == bool(words)
    assert all(word in notes[0] for word in [*words, "may be cut off"] if words)


@pytest.mark.parametrize(
    ("blank", "notes"),
    [(0, ()), (1, ("1 blank line between the rows skipped",)), (12, ("12 blank lines between the rows skipped",))],
)
def test_blank_rows_are_counted(blank: int, notes: tuple[str, ...]) -> None:
    assert blank_notes(blank) == notes
