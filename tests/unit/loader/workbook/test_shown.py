"""What the eye sees is what is paid, in workbooks of every kind."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from batch_credits.errors import InputError
from batch_credits.loader.opening import open_source
from batch_credits.settings import InputOptions
from tests.unit.loader.workbook import written
from tests.unit.loader.workbook.written import Styled

HEADER = ("customer_id", "amount", "currency_code", "reference", "note")
OPTIONS = InputOptions(description="d", amount_unit="major")


def xlsx(path: Path, rows: written.Rows, *, merged: Any = ()) -> Path:
    book = openpyxl.Workbook()
    for row, cells in enumerate(rows, 1):
        for column, cell in enumerate(cells, 1):
            if isinstance(cell, Styled):
                book.active.cell(row, column, cell.value).number_format = cell.code
            else:
                book.active.cell(row, column, cell)
    for top, bottom, left, right in merged:
        book.active.merge_cells(
            start_row=top + 1, end_row=bottom + 1, start_column=left + 1, end_column=right + 1
        )
    book.save(path)
    return path


KINDS: dict[str, Callable[..., Path]] = {
    ".xlsx": xlsx, ".ods": written.ods, ".xls": written.xls, ".xlsb": written.xlsb,
}  # fmt: skip


def row_with(**cells: Any) -> tuple[Any, ...]:
    sound = {"customer_id": "c-1", "amount": 10.5, "currency_code": "USD", "reference": "q3", "note": "n"}
    return tuple((sound | cells).values())


def loaded(path: Path, rows: written.Rows, options: InputOptions = OPTIONS, **more: Any) -> list[Any]:
    KINDS[path.suffix](path, [HEADER, *rows], **more)
    return [row for chunk in open_source(path, options).chunks() for row in chunk]


@pytest.fixture(params=KINDS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A workbook of each kind."""
    return tmp_path / f"payout{request.param}"


READ_AS_SHOWN = [
    Styled(421, "00000000", "00000421"),
    Styled(123, '"CUST-"00000', "CUST-00123"),
    Styled(7, "K0000", "K0007"),
    Styled(123456789, "000\\-00\\-0000", "123-45-6789"),
    Styled(5, "\\A\\-0", "A-5"),
    Styled(421, "0", "421"),
    Styled(421, "#,##0", "421"),
    Styled(7, "[Red]000;[Blue]-000", "007"),
    Styled("99", '"CUST-"@', "CUST-99"),
]
REJECTED = [
    Styled(1234567, "#,##0", "1,234,567"),
    Styled(421, "0.00", "421.00"),
    Styled(42, "0%", "4200%"),
    Styled(12345, "#,##0,", "12"),
    Styled(12345, "0.00E+00", "1.23E+04"),
    Styled(421, ";;;", ""),
    Styled("99", ";;;", ""),
]


@pytest.mark.parametrize("cell", READ_AS_SHOWN, ids=lambda cell: cell.shown)
def test_an_id_of_zeros_and_literals_is_read_as_it_shows(path: Path, cell: Styled) -> None:
    [row] = loaded(path, [row_with(customer_id=cell, reference=cell, note=cell)])
    assert (row.problems, row.request.customer_id, row.request.reference) == ((), cell.shown, cell.shown)


@pytest.mark.parametrize("cell", REJECTED, ids=lambda cell: cell.code)
def test_an_id_that_shows_something_else_is_rejected_with_both(path: Path, cell: Styled) -> None:
    [row] = loaded(path, [row_with(customer_id=cell, note=cell)])
    [problem] = row.problems
    assert (problem.field, problem.code) == ("customer_id", "shown_otherwise")
    assert str(cell.value) in problem.message
    assert cell.shown.strip() in problem.message or cell.code in problem.message


@pytest.mark.parametrize(
    ("code", "shown"),
    [("yyyy-mm-dd", "2026-09-30"), ("dd.mm.yyyy", "30.09.2026"), ('"Q3 "yyyy', "Q3 2026"), ("mmm yyyy", "Sep 2026")],
)
def test_a_date_is_read_as_it_shows_in_a_reference_alone(path: Path, code: str, shown: str) -> None:
    day = Styled("2026-09-30" if path.suffix == ".ods" else 46295, code, shown, "date")
    rows = loaded(path, [row_with(reference=day), row_with(customer_id=day)])
    assert rows[0].request.reference == shown
    assert [problem.code for problem in rows[1].problems] == ["turned_into_date"]


@pytest.mark.parametrize("code", ["yyyy-mm-dd hh:mm", "[$-407]mmm yyyy", "mm-dd-yy", "[$-F800]dddd, mmmm dd, yyyy"])
def test_a_date_that_shows_a_time_or_differs_by_computer_is_no_reference(tmp_path: Path, code: str) -> None:
    [row] = loaded(tmp_path / "payout.xlsx", [row_with(reference=Styled(46295.5, code, ""))])
    assert [problem.code for problem in row.problems] == ["turned_into_date"]


@pytest.mark.parametrize("suffix", [".xlsx", ".xls", ".xlsb"])
@pytest.mark.parametrize("field", ["customer_id", "note"])
def test_a_number_too_large_for_the_hours_that_it_shows_refuses_the_file(
    tmp_path: Path, suffix: str, field: str
) -> None:
    rows = [row_with(), row_with(**{field: Styled(1e12, "[h]:mm", "")})]
    with pytest.raises(InputError, match="row 3: a number is too large for the time") as refused:
        loaded(tmp_path / f"payout{suffix}", rows)
    assert "General" in refused.value.hint
    assert loaded(tmp_path / f"payout{suffix}", [row_with(**{field: Styled(1e12, "0", "")})])


SOUND_AMOUNTS = [
    Styled(1234.5, "#,##0.00", "1,234.50"),
    Styled(1234.5, '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\)', " $1,234.50 "),
    Styled(1234.5, "[$USD] #,##0.00", "USD 1,234.50"),
    Styled(12.0, "0", "12"),
    Styled(1234.0, "#,##0", "1.234"),
    Styled(1.1 * 3, "0.00", "3.30"),  # stored as 3.3000000000000003
    Styled(0.1 + 0.2, "General", "0.3"),
]
UNSOUND_AMOUNTS = [
    (Styled(9.99, "0", "10"), "shown_otherwise"),
    (Styled(12345.0, "#,##0,", "12"), "shown_otherwise"),
    (Styled(0.15, "0%", "15%", "percentage"), "shown_otherwise"),
    (Styled(10.0, "\\(0.00\\)", "(10.00)"), "shown_otherwise"),
    (Styled(12.0, '0" k"', "12 k"), "shown_otherwise"),
    (Styled(10.5, "[$\u20ac-407] #,##0.00", "\u20ac 10,50", "currency"), "currency_contradicts"),
    (Styled(10.5, ";;;", ""), "shown_otherwise"),
]


@pytest.mark.parametrize("cell", SOUND_AMOUNTS, ids=lambda cell: cell.shown)
def test_an_amount_that_shows_its_value_is_paid(path: Path, cell: Styled) -> None:
    [row] = loaded(path, [row_with(amount=cell)])
    assert (row.problems, row.request.amount) == ((), round(float(cell.value) * 100))


def test_a_control_total_that_a_spreadsheet_added_up_is_read(path: Path) -> None:
    rows = [row_with(amount=0.1), row_with(customer_id="c-2", amount=0.2), (None, 0.1 + 0.2, None, None, "Total")]
    KINDS[path.suffix](path, [HEADER, *rows])
    source = open_source(path, OPTIONS)
    assert [len(chunk.rejected) for chunk in source.chunks()] == [0]
    assert [total.rows for total in source.totals.found] == [2]


@pytest.mark.parametrize(("cell", "code"), UNSOUND_AMOUNTS, ids=lambda cell: str(cell))
def test_an_amount_that_shows_another_value_or_currency_is_rejected(path: Path, cell: Styled, code: str) -> None:
    [row] = loaded(path, [row_with(amount=cell)])
    assert [problem.code for problem in row.problems] == [code]


def test_decimals_that_are_shown_are_no_cents(path: Path) -> None:
    cells = [Styled(1050.0, "0.00", "1050.00"), Styled(1050.0, '"$"#,##0', "$1,050"), Styled(1050.0, "#,##0", "1,050")]
    rows = [row_with(customer_id=f"c-{at}", amount=cell) for at, cell in enumerate(cells)]
    rows.append(row_with(amount=cells[0], currency_code="JPY"))
    found = loaded(path, rows, InputOptions(description="d"))
    codes = [[problem.code for problem in row.problems] for row in found]
    assert codes == [["amount_has_decimals"], ["amount_has_decimals"], [], []]


def test_merged_cells_that_touch_a_field_refuse_the_file(path: Path) -> None:
    rows = [row_with(), row_with(currency_code=None), row_with()]
    with pytest.raises(InputError, match=r"C2:C3 are merged, in the column currency_code"):
        loaded(path, rows, merged=[(1, 2, 2, 2)])
    assert len(loaded(path, rows, merged=[(1, 2, 4, 4)])) == 3


def test_merged_titles_above_the_headers_are_none_of_ours(path: Path) -> None:
    KINDS[path.suffix](path, [("Payout", None), HEADER, row_with()], merged=[(0, 0, 0, 4)])
    options = InputOptions(description="d", amount_unit="major", header_row=2)
    assert sum(map(len, open_source(path, options).chunks())) == 1


def test_a_text_that_shows_another_is_rejected_in_opendocument(tmp_path: Path) -> None:
    [row] = loaded(tmp_path / "payout.ods", [row_with(customer_id=Styled("hidden-1", "", "c-1"))])
    assert [(problem.field, problem.code) for problem in row.problems] == [("customer_id", "shown_otherwise")]


ACCOUNTING = '_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_);_(@_)'


@pytest.mark.parametrize(
    ("code", "seen"),
    [("0.00", "10.50"), ("@", "10.50"), ("#,##0.00 [$EUR]", "10.50"), (ACCOUNTING, " 10.50 "), ("yyyy-mm-dd", "10.50")],
)
def test_an_amount_that_is_a_text_is_read_where_it_shows_as_it_is(path: Path, code: str, seen: str) -> None:
    (row,) = loaded(path, [row_with(amount=Styled("10.50", code, seen))])
    assert row.request and row.request.amount == 1050


@pytest.mark.parametrize(
    ("code", "seen"),
    [('@" EUR"', "10.50 EUR"), ('"-"@', "-10.50"), ('@"0"', "10.500"), ('0;0;0;"paid"', "paid")],
)
def test_an_amount_that_is_a_text_and_shows_another_is_rejected(path: Path, code: str, seen: str) -> None:
    """Text in an amount was read past its format, where a number in the same cell was not."""
    (row,) = loaded(path, [row_with(amount=Styled("10.50", code, seen))])
    assert [problem.code for problem in row.problems] == ["shown_otherwise"]
    assert f"holds '10.50' and shows '{seen}'" in row.problems[0].message
