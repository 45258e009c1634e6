"""failed.xlsx: what a person mends in it is what is paid, and whatever nobody touches is what failed.csv says."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from batch_credits.errors import InputError
from batch_credits.ledger.runs import History
from batch_credits.loader.opening import open_source
from batch_credits.model import RESULT_COLUMNS, CallKind, Money, Outcome, ReportRow
from batch_credits.reporter import workbook_failed
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.writing import write_reports
from batch_credits.settings import InputOptions
from tests.unit.reporter.conftest import make_batch, make_row, totals_of

HEADERS = ("customer_id", "amount", "currency_code", "description", "reference", "Note")
COLUMNS = {name: place for place, name in enumerate(HEADERS[:5])}
MAJOR = InputOptions(amount_unit="major").as_json()
TRICKY = ("00042", "12345678901234567890", "1E5", "=1+1", "'=x", "+49 30 1", "-7", "@a", "2026-01-02", "3/4", "上海")


def failed(number: int, *cells: str, outcome: Outcome = Outcome.FAILED, **changes: Any) -> ReportRow:
    customer, amount, currency, description, reference, note = (*cells, *("c", "", "USD", "d", "q3", "")[len(cells) :])
    changes = {"reference": reference, "money": None, "error_param": "amount"} | changes
    return make_row(number, outcome, cells=(customer, amount, currency, description, reference, note), **changes)


def written(folder: Path, rows: list[ReportRow], **changes: Any) -> Summary:
    batch = make_batch(
        **({"rows_read": len(rows), "totals": totals_of(rows), "headers": HEADERS, "columns": COLUMNS,
            "options_json": MAJOR} | changes)
    )  # fmt: skip
    return write_reports(batch, History(), lambda: iter(rows), folder, xlsx=True)


def path_of(summary: Summary) -> Path:
    assert summary.paths.failed_xlsx is not None
    return summary.paths.failed_xlsx


def mended(path: Path, change: Callable[[Worksheet], None]) -> Path:
    """A copy that a person has changed and saved."""
    book = openpyxl.load_workbook(path)
    change(book.active)
    copy = path.with_name("mended.xlsx")
    book.save(copy)
    return copy


def requests_of(path: Path, options: InputOptions | None = None) -> list[Any]:
    source = open_source(path, options or InputOptions())
    return [(row.request, [problem.code for problem in row.problems]) for chunk in source.chunks() for row in chunk]


def test_it_says_what_failed_csv_says(tmp_path: Path) -> None:
    rows = [failed(n, text, "10.50", "USD", text, text, text) for n, text in enumerate(TRICKY, 2)]
    summary = written(tmp_path, rows)
    sheet = openpyxl.load_workbook(path_of(summary)).active
    with summary.paths.failed.open(newline="", encoding="utf-8-sig") as stream:
        expected = list(csv.reader(stream))
    shown = [["" if cell.value is None else str(cell.value) for cell in line] for line in sheet.iter_rows()]
    at = expected[0].index("amount")
    assert [line[:at] + line[at + 1 :] for line in shown] == [line[:at] + line[at + 1 :] for line in expected]
    assert [line[at] for line in shown[1:]] == ["10.5"] * len(rows)
    assert (path_of(summary).stat().st_mode & 0o777, sheet["B2"].number_format) == (0o600, "0.00")


@pytest.mark.parametrize("options", [InputOptions(), InputOptions(amount_unit="minor", currency="EUR", delimiter=";")])
def test_it_is_read_without_any_option_and_as_failed_csv_is(tmp_path: Path, options: InputOptions) -> None:
    rows = [
        failed(n, f"c{n}", "10.50", "USD", "d", text, text, money=Money(1050, None, "USD"))
        for n, text in enumerate(TRICKY, 2)
    ]
    summary = written(tmp_path, rows)
    ours = requests_of(path_of(summary), options)
    assert ours == requests_of(summary.paths.failed)
    assert [request and request.reference for request, _ in ours] == list(TRICKY)
    assert {request and request.amount for request, _ in ours} == {1050}


@pytest.mark.parametrize(
    ("written_amount", "money", "options", "typed", "amount"),
    [
        ("ten", None, MAJOR, 12.5, 1250),
        ("1.234,50", None, MAJOR, 1234.5, 123450),
        ("", None, MAJOR, 7, 700),
        ("? 1,5", None, MAJOR, 1.5, 150),
        ("ten", None, MAJOR, "12.50", 1250),
        ("ten", None, "{}", 1250, 1250),
        ("-5", None, "{}", 5, 5),
        ("12.50", Money(1250, None, "USD"), MAJOR, 13.25, 1325),
        ("1250", Money(1250, None, "USD"), "{}", 1300, 1300),
        ("123456789012", Money(123456789012, None, "USD"), "{}", 123456789013, 123456789013),
    ],
)
def test_an_amount_that_a_person_types_is_paid_as_it_is_shown(
    tmp_path: Path, written_amount: str, money: Money | None, options: str, typed: object, amount: int
) -> None:
    summary = written(tmp_path, [failed(2, "007", written_amount, money=money)], options_json=options)

    def type_in(sheet: Worksheet) -> None:
        sheet["B2"] = typed

    [(request, problems)] = requests_of(mended(path_of(summary), type_in))
    assert (request and request.amount, request and request.customer_id, problems) == (amount, "007", [])


@pytest.mark.parametrize(
    ("options", "typed", "code"),
    [
        ("{}", 12.5, "amount_has_decimals"),  # of cents
        (MAJOR, 12.345, "shown_otherwise"),  # 12.35 is seen
        (MAJOR, "12,50", "amount_has_separators"),
        (MAJOR, True, "not_text"),
    ],
)
def test_an_amount_that_can_be_misread_is_refused(tmp_path: Path, options: str, typed: object, code: str) -> None:
    summary = written(tmp_path, [failed(2, "c", "12.00", money=Money(1200, None, "USD"))], options_json=options)

    def type_in(sheet: Worksheet) -> None:
        sheet["B2"] = typed

    [(request, problems)] = requests_of(mended(path_of(summary), type_in))
    assert (request, problems) == (None, [code])


def test_what_nobody_could_read_is_still_not_read(tmp_path: Path) -> None:
    texts = ("1.234,50", "12,5O", "ten", "? 1,250", "1e3", "=5", "")
    summary = written(tmp_path, [failed(n, f"c{n}", text) for n, text in enumerate(texts, 2)])
    assert [request for request, _ in requests_of(path_of(summary))] == [None] * len(texts)


def test_the_cell_to_mend_stands_out_and_an_id_typed_there_stays_text(tmp_path: Path) -> None:
    rows = [failed(2, "", "12.50", error_param="customer_id"), failed(3, "c", "ten"), failed(4, error_param=None)]
    sheet = openpyxl.load_workbook(path_of(written(tmp_path, rows))).active
    filled = [cell.coordinate for line in sheet["A2:F4"] for cell in line if cell.fill.fill_type == "solid"]
    assert filled == ["A2", "B3"]
    assert [sheet[at].number_format for at in ("A2", "E2", "B3")] == ["@", "@", "General"]
    assert sheet.column_dimensions["A"].width >= 8


def test_the_reason_is_seen_and_what_is_technical_is_folded(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(path_of(written(tmp_path, [failed(2, error="Not a number.")]))).active
    hidden = [group for group in sheet.column_dimensions.values() if group.hidden]
    seen = [c.value for c in sheet[1] if not any(group.min <= c.column <= group.max for group in hidden)]
    assert seen == [*HEADERS, "amount_unit", "credit_row", "credit_outcome", "credit_error"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet.print_title_rows) == ("A2", None, "$1:$1")
    assert "1 row to mend" in sheet.oddFooter.right.text


def test_without_rows_it_has_its_headers_alone(tmp_path: Path) -> None:
    [line] = openpyxl.load_workbook(path_of(written(tmp_path, [make_row(2)]))).active.iter_rows()
    assert [cell.value for cell in line] == [*HEADERS, "amount_unit", *RESULT_COLUMNS, "credit_batch"]


def test_half_of_the_rows_is_not_taken_for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [failed(n) for n in range(2, 6)]
    for most, is_there in ((4, True), (3, False)):
        monkeypatch.setattr(workbook_failed, "MAX_ROWS", most)
        monkeypatch.setattr("batch_credits.reporter.writing.MAX_ROWS", most)
        summary = written(tmp_path, rows)
        path = summary.paths.directory / "failed.xlsx"
        assert (summary.paths.failed_xlsx == path, path.exists()) == (is_there, is_there)
        assert ('href="failed.xlsx"' in summary.paths.summary_html.read_text()) is is_there


def test_a_reversal_has_none(tmp_path: Path) -> None:
    assert written(tmp_path, [failed(2)], kind=CallKind.DEDUCT).paths.failed_xlsx is None


def test_an_old_one_is_kept_true(tmp_path: Path) -> None:
    written(tmp_path, [failed(2), failed(3)])
    batch = make_batch(rows_read=1, headers=HEADERS, columns=COLUMNS, options_json=MAJOR)
    summary = write_reports(batch, History(), lambda: iter([failed(3)]), tmp_path)
    assert [row[0].value for row in openpyxl.load_workbook(path_of(summary)).active.iter_rows()] == ["customer_id", "c"]


def test_results_xlsx_is_no_file_to_pay_whatever_sheet_is_named(tmp_path: Path) -> None:
    summary = written(tmp_path, [failed(2, "c", "10.50"), make_row(3, cells=("d", "10.50", "USD", "d", "q3", ""))])
    assert summary.paths.results_xlsx is not None
    for options in (InputOptions(), InputOptions(sheet="Results"), InputOptions(delimiter=";")):
        with pytest.raises(InputError, match="is a report"):
            open_source(summary.paths.results_xlsx, options)
