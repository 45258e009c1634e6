import datetime

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_credits.errors import InputError
from batch_credits.loader.columns import HeaderMatcher
from batch_credits.loader.opening import open_source
from batch_credits.loader.wording import is_blank
from batch_credits.loader.workbook.table import ExcelTable
from batch_credits.settings import InputOptions
from tests.examples import examples

PROFILE = settings(
    derandomize=True, deadline=None, max_examples=examples(150)
)
OPTIONS = InputOptions(reference="r", description="d")
HEADERS = ("customer_id", "amount", "note")


def excel_table(path, sheet=None):
    return ExcelTable(path, sheet, HeaderMatcher(path, OPTIONS))


def numbered(table, size=1000):
    return [pair for chunk in table.chunks(size) for pair in zip(chunk.numbers, chunk.rows, strict=True)]


def expected_rows(rows):
    return [(number, row) for number, row in enumerate(rows, 2) if not is_blank(row)]


def workbook(path, rows, before=0, left=0):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Payout"
    for row, cells in enumerate(rows, 1 + before):
        for column, value in enumerate(cells, 1 + left):
            if value is not None:
                sheet.cell(row, column, value)
    book.save(path)
    return path


SHEET_CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"]), max_size=8).filter(
    lambda text: "_x" not in text and not text.startswith("=") and text == text.strip()
)


@PROFILE
@given(rows=st.lists(st.tuples(SHEET_CELLS, SHEET_CELLS, SHEET_CELLS), min_size=1, max_size=8), size=st.integers(1, 5))
def test_any_sheet_of_texts_is_read_back_as_it_was_written(tmp_path, rows, size):
    rows = [("x", *row[1:]) for row in rows]
    book = openpyxl.Workbook()
    for number, row in enumerate([HEADERS, *rows], 1):
        for column, text in enumerate(row, 1):
            if text:
                cell = book.active.cell(number, column, text)
                cell.data_type = "s"
    book.save(tmp_path / "payout.xlsx")
    assert numbered(excel_table(tmp_path / "payout.xlsx"), size) == expected_rows(rows)


def test_a_sheet_may_begin_anywhere_and_keeps_its_row_numbers(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [HEADERS, ("007", 5, "x"), (), ("8", 6, None)], before=3, left=2)
    table = excel_table(path)
    assert table.matched.headers == ("", "", *HEADERS)
    assert table.matched.columns == {"customer_id": 2, "amount": 3}
    assert numbered(table) == [(5, ("", "", "007", "5", "x")), (7, ("", "", "8", "6", ""))]
    assert table.notes == ("1 blank line between the rows skipped",)


def test_a_nul_is_read_as_a_lost_character(tmp_path):
    """Excel writes `_x0000_` for it, and no ledger keeps it."""
    path = workbook(tmp_path / "a.xlsx", [HEADERS, ("7_x0000_", 5, "x_x0000_y")])
    assert numbered(excel_table(path)) == [(2, ("7\ufffd", "5", "x\ufffdy"))]


@pytest.mark.parametrize("before", [[], [("c-1", 5, "x"), (None, None, None)]])
def test_rows_of_nothing_but_formulas_never_calculated_are_not_lost_below_all_values(tmp_path, before):
    behind = [("=A1", "=B1", None), (None, None, "=C1"), (None, "=SUM(B2:B3)", None)]  # the second: drawn down too far
    path = workbook(tmp_path / "formulas.xlsx", [HEADERS, *before, *behind])
    (chunk,) = excel_table(path).chunks(9)
    flawed = {chunk.numbers[index]: sorted(flaws) for index, flaws in chunk.flaws.items()}
    first = 2 + len(before)
    assert flawed == {first: [0, 1], first + 2: [1]}


def test_flaws_are_placed_by_row_of_the_chunk_and_kept_column(tmp_path):
    day = datetime.date(2026, 7, 1)
    ours, others = ("credit_row", "credit_outcome", "credit_batch"), ("description", "reference", "amount_unit")
    rows = [(2, "failed", "ab", "a", 1), (3, "failed", "ab", day, 2), (day, "failed", "ab", "c", True)]
    path = workbook(
        tmp_path / "a.xlsx",
        [(*ours, "customer_id", "amount", *others), *((*cells, "d", "r", "minor") for cells in rows)],
    )
    chunks = list(excel_table(path).chunks(2))
    assert [{row: list(flaws) for row, flaws in chunk.flaws.items()} for chunk in chunks] == [{1: [0]}, {0: [1]}]
    assert [cells[:2] for cells in chunks[0].rows] == [("a", "1"), ("2026-07-01", "2")]


def test_the_first_sheet_is_read_and_said_or_the_one_named(tmp_path):
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.active.title = "One & only"
    book.active.append(("customer_id", "amount"))
    book.active.append(("a", "1"))
    second = book.create_sheet("Two")
    second.append(("customer_id", "amount"))
    second.append(("b", "=1+1"))
    second.sheet_state = "hidden"
    book.create_sheet("Empty")
    book.save(path)
    assert excel_table(path).notes == ("sheet 'One & only' of 3",)
    assert numbered(excel_table(path)) == [(2, ("a", "1"))]
    assert excel_table(path, "Two").notes == (
        "sheet 'Two' of 3",
        "sheet 'Two' is hidden",
    )
    assert next(excel_table(path, "Two").chunks(9)).flaws[0][1].code == "formula_without_value"
    with pytest.raises(InputError, match="no sheet 'Three'") as refused:
        excel_table(path, "Three")
    assert "'One & only', 'Two', 'Empty'" in refused.value.hint
    with pytest.raises(InputError, match="is empty"):
        excel_table(path, "Empty")


def test_a_sheet_with_headers_only_or_below_a_title_is_refused(tmp_path):
    with pytest.raises(InputError, match="no rows"):
        excel_table(workbook(tmp_path / "a.xlsx", [HEADERS]))
    with pytest.raises(InputError, match="in row 3, below a title"):
        excel_table(workbook(tmp_path / "b.xlsx", [("Payout",), (), HEADERS, ("a", 1, "")]))


@pytest.mark.parametrize(
    ("ids", "flawed"),
    [
        (["00123", 124, 99999, "125", "07"], [3]),
        (["123", 124], []),
        (["0", 124, "0.5"], []),
        (["007", 12345, 12], [4]),
    ],
)
def test_numbers_beside_ids_with_leading_zeros_may_have_lost_theirs(tmp_path, ids, flawed):
    path = tmp_path / "payout.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["customer_id", "amount"])
    for customer_id in ids:
        book.active.append([customer_id, 5])
    book.save(path)
    (chunk,) = excel_table(path).chunks(100)
    found = {chunk.numbers[index]: {flaw.code for flaw in flaws.values()} for index, flaws in chunk.flaws.items()}
    assert found == {number: {"leading_zeros_lost"} for number in flawed}


@pytest.mark.parametrize("value", ["", 0])
def test_a_total_that_was_never_calculated_is_no_total_of_nothing(tmp_path, value):
    with xlsxwriter.Workbook(tmp_path / "payout.xlsx") as book:
        sheet = book.add_worksheet()
        for at, cells in enumerate([HEADERS, ("c-1", 5, ""), ("c-2", 7, ""), ("", "", "Total")]):
            sheet.write_row(at, 0, cells)
        sheet.write_formula("B4", "=SUM(B2:B3)", value=value)
    source = open_source(tmp_path / "payout.xlsx", OPTIONS)
    rows = [row for chunk in source.chunks() for row in chunk]
    assert [row.row_number for row in rows if row.problems] == [4] and not source.totals.unequal
    assert "formula_without_value" in [problem.code for problem in rows[2].problems]


def test_rows_of_formulas_without_a_value_are_not_lost_where_the_sheet_ends_with_them(tmp_path):
    """What reads the values ends a sheet with the last of them."""
    rows = [HEADERS, ("c-1", 5, "x"), (), ("=Z!A2", "=Z!B2"), (), (None, "=SUM(B2:B5)")]
    source = open_source(workbook(tmp_path / "payout.xlsx", rows), OPTIONS)
    read = [row for chunk in source.chunks() for row in chunk]
    codes = {row.row_number: [problem.code for problem in row.problems] for row in read}
    assert codes == {2: [], 4: ["formula_without_value"] * 2, 6: ["missing", "formula_without_value"]}


def test_a_sheet_of_nothing_but_formulas_without_a_value_has_rows(tmp_path):
    table = excel_table(workbook(tmp_path / "payout.xlsx", [HEADERS, ("=Z!A2", "=Z!B2", "=Z!C2")]))
    assert [flaw.code for chunk in table.chunks(9) for flaw in chunk.flaws[0].values()] == ["formula_without_value"] * 3
