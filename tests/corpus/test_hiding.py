"""A workbook that hides something from its reader is read alike in every kind that LibreOffice writes."""

from pathlib import Path

import pytest

from batch_credits.errors import InputError
from batch_credits.loader.opening import open_source
from batch_credits.model import LoadedRow
from batch_credits.settings import InputOptions

BOOKS = sorted(Path(__file__).parent.glob("hiding.*"))
SEEN = {
    "00000421": (1150, "q4"),
    "00000007": (400, "q4"),
    "00000009": (600, "q4"),
    "K-12345678": (123450, "2026-09-30"),
}
HIDDEN = {"00000422": (825, "q4"), "00000008": (500, "q4")}
REJECTED = {8: "shown_otherwise", 9: "shown_otherwise", 10: "currency_contradicts"}


def read(path: Path, **options: str) -> tuple[list[LoadedRow], tuple[str, ...]]:
    source = open_source(path, InputOptions(amount_unit="major", **options))  # type: ignore[arg-type]
    return [row for chunk in source.chunks() for row in chunk], source.notes


def test_there_is_one_of_each_kind() -> None:
    assert [path.suffix for path in BOOKS] == [".ods", ".xls", ".xlsx"]


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.name)
def test_rows_that_are_filtered_out_refuse_it(path: Path) -> None:
    with pytest.raises(InputError, match=r"rows 3 and 5 are hidden or filtered out, with 13\.25 USD"):
        read(path)


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.name)
@pytest.mark.parametrize(("choice", "paid"), [("pay", SEEN | HIDDEN), ("skip", SEEN)])
def test_what_is_seen_is_what_is_paid(path: Path, choice: str, paid: dict[str, tuple[int, str]]) -> None:
    rows, notes = read(path, hidden_rows=choice)
    assert {row.request.customer_id: (row.request.amount, row.request.reference) for row in rows if row.request} == paid
    assert {row.row_number: row.problems[0].code for row in rows if row.problems} == REJECTED
    assert notes[:2] == ("sheet 'Now' of 3", "column description (D), hidden in the sheet, read like the others")


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.name)
@pytest.mark.parametrize("sheet", ["Old", "Older"])
def test_a_hidden_sheet_is_read_where_it_is_named(path: Path, sheet: str) -> None:
    [row], notes = read(path, sheet=sheet)
    assert row.request is not None and row.request.customer_id == "old-1"
    assert f"sheet '{sheet}' is hidden" in notes
