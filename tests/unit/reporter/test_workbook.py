"""results.xlsx holds what results.csv says, and a page that sums it up; read by openpyxl, calamine, and as XML."""

import csv
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from python_calamine import load_workbook
from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileSizeError

from batch_credits.errors import ReportsNotWritten
from batch_credits.ledger.runs import History
from batch_credits.model import RESULT_COLUMNS, Money, Outcome, ReportRow
from batch_credits.reporter import workbook
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.workbook_cells import is_faithful
from batch_credits.reporter.writing import write_reports
from batch_credits.text.formula import unescape_formula
from tests.each import each
from tests.unit.reporter.conftest import make_batch, make_row, make_run, totals_of
from tests.unit.reporter.pages import HOSTILE

IDS = ("00042", "12345678901234567890", "1E5", "=1+1", "+49 30 1", "-7", "'quoted", "TRUE", "2026-01-02", " x ", "上海")


def written(folder: Path, rows: list[ReportRow], **changes: Any) -> Summary:
    batch = make_batch(**({"rows_read": len(rows), "totals": totals_of(rows)} | changes))
    return write_reports(batch, History(), lambda: iter(rows), folder, xlsx=True)


def cells_of(summary: Summary, name: str = workbook.SHEET_NAME) -> list[list[Any]]:
    assert summary.paths.results_xlsx is not None
    book = openpyxl.load_workbook(summary.paths.results_xlsx)
    return [[cell.value for cell in row] for row in book[name].iter_rows()]


def csv_of(summary: Summary) -> list[list[str]]:
    with summary.paths.results.open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


def full_row(**changes: Any) -> ReportRow:
    return make_row(
        2, credit_id="0123", http_status=200, attempts=3, closing_balance="1250",
        finished_at="2026-10-01T08:00:07.089Z", **changes,
    )  # fmt: skip


def test_columns_and_types_are_those_of_results_csv(tmp_path: Path) -> None:
    summary = written(tmp_path, [full_row()])
    header, row = cells_of(summary)
    assert header == csv_of(summary)[0] == ["customer_id", "amount", "currency_code", "note", *RESULT_COLUMNS]
    assert row == [
        "00002", 1250, "USD", None, 2, "credited", "0123", "q3", None, None, None, 200, 3, 1250,
        datetime(2026, 10, 1, 8, 0, 7, 89_000),
    ]  # fmt: skip
    assert summary.paths.results_xlsx is not None
    assert summary.paths.results_xlsx.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in summary.paths.directory.iterdir()) == [
        "failed.csv", "failed.xlsx", "results.csv", "results.xlsx", "summary.html", "summary.json",
    ]  # fmt: skip


def test_it_can_be_filtered_and_its_header_stays(tmp_path: Path) -> None:
    summary = written(tmp_path, [full_row(), make_row(3)])
    assert summary.paths.results_xlsx is not None
    sheet = openpyxl.load_workbook(summary.paths.results_xlsx)[workbook.SHEET_NAME]
    assert (sheet.auto_filter.ref, sheet.freeze_panes) == ("A1:O3", "A2")
    assert all(sheet.column_dimensions[letter].width >= 8 for letter in "ABCD")
    assert sheet["A2"].number_format == "@"
    assert (sheet["O2"].number_format, sheet["O2"].is_date) == ('yyyy-mm-dd hh:mm:ss" UTC"', True)


def test_technical_columns_are_folded_and_the_outcome_has_its_colour(tmp_path: Path) -> None:
    summary = written(tmp_path, [full_row(), make_row(3, Outcome.FAILED)])
    assert summary.paths.results_xlsx is not None
    sheet = openpyxl.load_workbook(summary.paths.results_xlsx)[workbook.SHEET_NAME]
    folded = {
        cell.value
        for cell in sheet[1]
        if any(
            group.hidden and group.outline_level == 1 and group.min <= cell.column <= group.max
            for group in sheet.column_dimensions.values()
        )
    }
    assert folded == workbook.TECHNICAL
    assert [sheet[at].value for at in ("F2", "F3")] == ["credited", "failed"]
    assert sheet["F2"].fill.fgColor.rgb != sheet["F3"].fill.fgColor.rgb != sheet["E3"].fill.fgColor.rgb


@pytest.mark.parametrize("text", IDS)
def test_ids_are_text_and_nothing_is_a_formula(tmp_path: Path, text: str) -> None:
    row = make_row(2, cells=(text, "5", "USD", text), reference=text, credit_id=text, error=text)
    summary = written(tmp_path, [row])
    _, cells = cells_of(summary)
    _, expected = csv_of(summary)
    assert [cells[n] for n in (0, 3, 6, 7, 10)] == [expected[n] for n in (0, 3, 6, 7, 10)]
    assert summary.paths.results_xlsx is not None
    with zipfile.ZipFile(summary.paths.results_xlsx) as archive:
        sheet = archive.read("xl/worksheets/sheet2.xml").decode()
        assert not any("hyperlink" in archive.read(name).decode() for name in archive.namelist())
    assert "<f>" not in sheet and sheet.count('t="inlineStr"') == 15 + 7  # the headers; and the texts of the row


@pytest.mark.parametrize("text", IDS)
def test_another_reader_finds_the_same_ids(tmp_path: Path, text: str) -> None:
    row = make_row(2, cells=(text, "500", "USD", text), reference=text)
    summary = written(tmp_path, [row])
    assert summary.paths.results_xlsx is not None
    [header, cells] = load_workbook(str(summary.paths.results_xlsx)).get_sheet_by_name("Results").to_python()
    at = header.index("credit_reference")
    assert [unescape_formula(str(cells[index])) for index in (0, 3, at)] == [text] * 3


@pytest.mark.parametrize(
    ("text", "money", "value", "shape"),
    [
        ("1250", Money(1250, None, "USD"), 1250, "0"),
        ("12.5", Money(1250, None, "USD"), 12.5, "#,##0.00"),
        ("12", Money(1200, None, "USD"), 12, "#,##0.00"),
        ("1234567.5", Money(123456750, None, "USD"), 1234567.5, "#,##0.00"),
        ("12", Money(12, None, "JPY"), 12, "0"),
        ("12", Money(12, None, None), 12, "0"),
        ("0.1050", Money(None, "0.1050", "USD"), 0.105, "0.0000"),
        ("1.234,50", Money(123450, None, "EUR"), "1.234,50", "@"),
        ("007", Money(7, None, "USD"), "007", "@"),
        ("-5", None, -5, "0"),
        ("=5", None, "'=5", "@"),
        ("9007199254740991", Money(9007199254740991, None, "USD"), "9007199254740991", "@"),
        ("999999999999999", Money(999999999999999, None, "USD"), 999999999999999, "0"),
        ("ten", None, "ten", "@"),
    ],
)
def test_amounts_are_numbers_where_they_show_the_same(
    tmp_path: Path, text: str, money: Money | None, value: object, shape: str
) -> None:
    summary = written(tmp_path, [make_row(2, cells=("c", text, "USD", ""), money=money)])
    assert summary.paths.results_xlsx is not None
    cell = openpyxl.load_workbook(summary.paths.results_xlsx)[workbook.SHEET_NAME]["B2"]
    assert (cell.value, cell.number_format) == (value, shape)


@each(
    "text, faithful",
    [("0", True), ("0.50", True), ("-0", False), ("-0.00", False), ("-0.01", True), ("", False), ("1.", False),
     (".5", False), ("1_0", False), ("\u0661", False), ("+1", False), ("1e3", False), ("1 ", False)],
)  # fmt: skip
def test_which_texts_are_numbers(text: str, faithful: bool) -> None:
    assert is_faithful(text) is faithful


def test_rows_without_end_go_to_further_sheets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MAX_SHEET_ROWS", 3)
    summary = written(tmp_path, [make_row(n) for n in range(2, 9)])
    sheets = [cells_of(summary, name) for name in ("Results", "Results 2", "Results 3")]
    assert [[row[4] for row in sheet] for sheet in sheets] == [
        ["credit_row", 2, 3, 4], ["credit_row", 5, 6, 7], ["credit_row", 8],
    ]  # fmt: skip


def test_a_full_last_sheet_is_followed_by_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MAX_SHEET_ROWS", 3)
    summary = written(tmp_path, [make_row(n) for n in range(2, 5)])
    assert summary.paths.results_xlsx is not None
    assert openpyxl.load_workbook(summary.paths.results_xlsx).sheetnames == ["Summary", "Results"]
    assert len(cells_of(written(tmp_path / "none", []))) == 1


def test_whatever_comes_from_outside_makes_a_workbook_that_opens(tmp_path: Path) -> None:
    texts = (*HOSTILE, "x" * 40_000, "_x0041_", "\r\n\t", "\U0001f600" * 20_000)
    rows = [make_row(n, cells=(text,) * 4, error=text, reference=text) for n, text in enumerate(texts, 2)]
    headers = ("<b>", "=1", "a" * 300, "\x01")
    summary = written(tmp_path, rows, headers=headers)
    sheet = cells_of(summary)
    assert len(sheet) == len(texts) + 1
    assert sheet[0][:3] == ["<b>", "'=1", "a" * 300]
    assert summary.paths.results_xlsx is not None
    as_read = load_workbook(summary.paths.results_xlsx).get_sheet_by_name("Results").to_python()
    assert [row[0] for row in as_read[2 + len(HOSTILE) :][:2]] == ["_x0041_", "'\r\n\t"]
    assert str(sheet[1 + len(HOSTILE)][0]).endswith("(shortened here: the CSV file has it whole)")


def test_without_the_option_there_is_none_but_an_old_one_is_kept_true(tmp_path: Path) -> None:
    batch = make_batch()
    assert write_reports(batch, History(), list, tmp_path).paths.results_xlsx is None
    written(tmp_path, [make_row(2, Outcome.PENDING)])
    rows = [make_row(2)]
    batch = make_batch(rows_read=1, totals=totals_of(rows))
    summary = write_reports(batch, History(), lambda: iter(rows), tmp_path)
    assert cells_of(summary)[1][5] == "credited"
    assert 'href="results.xlsx"' in summary.paths.summary_html.read_text()


def test_the_same_rows_make_the_same_bytes(tmp_path: Path) -> None:
    one, other = (written(tmp_path / name, [full_row()]).paths.results_xlsx for name in "ab")
    assert one is not None and other is not None
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_rows_that_break_off_leave_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    def rows() -> Iterator[ReportRow]:
        yield make_row(2)
        raise error

    with pytest.raises(error):
        write_reports(make_batch(), History(), rows, tmp_path, xlsx=True)
    [directory] = tmp_path.iterdir()
    assert list(directory.iterdir()) == []


def test_a_workbook_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(book: Workbook) -> None:
        raise FileSizeError("too large")

    monkeypatch.setattr(Workbook, "close", refuse)
    with pytest.raises(ReportsNotWritten, match="too large"):
        written(tmp_path, [make_row(2)])


def test_every_cell_of_a_wide_sheet_is_marked_as_text_on_purpose(tmp_path: Path) -> None:
    headers = tuple(f"h{n}" for n in range(800))
    row = make_row(2, cells=tuple(str(n) for n in range(800)))
    summary = written(tmp_path, [row], headers=headers, columns={})
    assert summary.paths.results_xlsx is not None
    with zipfile.ZipFile(summary.paths.results_xlsx) as archive:
        sheet = archive.read("xl/worksheets/sheet2.xml").decode()
    assert re.findall(r'sqref="(A1:[^"]+)"', sheet) == ["A1:AEE2"]
    assert re.findall(r'<autoFilter ref="([^"]+)"', sheet) == ["A1:AEE2"]


# -- The sheet that sums up ------------------------------------------------------------------------------------


def summary_of(folder: Path, rows: list[ReportRow], **changes: Any) -> list[list[Any]]:
    """The filled cells of the first sheet, line by line."""
    summary = written(folder, rows, **changes)
    assert summary.paths.results_xlsx is not None
    book = openpyxl.load_workbook(summary.paths.results_xlsx)
    assert book.sheetnames[0] == book.active.title == "Summary"
    return [[cell.value for cell in row if cell.value is not None] for row in book.active.iter_rows()]


def test_the_first_sheet_has_the_totals_as_numbers(tmp_path: Path) -> None:
    rows = [
        make_row(2),
        make_row(3, money=Money(7, None, "JPY")),
        make_row(4, Outcome.FAILED, money=Money(1234, None, "KWD")),
        make_row(5, Outcome.REJECTED, money=None),
        make_row(6, money=Money(5, None, "CLP")),
        make_row(7, Outcome.FAILED, money=Money(10**17 + 1, None, "USD")),
    ]
    lines = summary_of(tmp_path, rows)
    assert lines[0] == ["3 of 6 rows not credited"]
    meaning = "this batch added the credit, and Chargebee proved it"
    assert ["credited", "JPY", 1, 7, ""] in lines
    assert ["credited", "USD", 1, 12.5, ""] in lines
    assert ["credited", "CLP, minor units", 1, 5, meaning] in lines
    assert ["failed", "KWD", 1, 12.34, "Chargebee said no; there is no credit"] in lines
    assert ["failed", "USD", 1, "1,000,000,000,000,000.01", ""] in lines, "a number would be another one"
    assert ["rejected", "no readable amount", 1, "", "we said no; nothing was sent"] in lines
    assert ["All outcomes", "USD", 2, "1,000,000,000,000,012.51", ""] in lines
    assert ["All outcomes", "no readable amount", 1, "", ""] in lines
    assert ["No rows: already credited, in doubt, review, pending"] in lines
    assert any(line[:1] == ["Approved by"] for line in lines)


def test_the_first_sheet_is_one_page_and_every_page_has_file_and_total(tmp_path: Path) -> None:
    summary = written(tmp_path, [make_row(2), make_row(3)], file_name="A&B 2026.csv")
    assert summary.paths.results_xlsx is not None
    first, rows = openpyxl.load_workbook(summary.paths.results_xlsx).worksheets
    assert [(sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) for sheet in (first, rows)] == [
        (None, None), (None, 0),
    ]  # fmt: skip
    assert first.sheet_properties.pageSetUpPr.fitToPage and rows.sheet_properties.pageSetUpPr.fitToPage
    assert rows.print_title_rows == "$1:$1"
    for sheet in (first, rows):
        assert "A&&B 2026.csv, batch ab12cd34" in sheet.oddFooter.left.text
        assert "2 rows, 25.00 USD" in sheet.oddFooter.right.text


def test_many_currencies_leave_it_one_page(tmp_path: Path) -> None:
    codes = [f"{one}{two}X" for one in "QWZ" for two in "ABCDEFGHIJ"]
    lines = summary_of(tmp_path, [make_row(n, money=Money(n, None, code)) for n, code in enumerate(codes, 2)])
    assert sum(line[:1] == ["credited"] for line in lines) == 12
    assert ["18 more currencies, with fewer rows, are in summary.json."] in lines


def test_control_totals_and_who_agreed_to_them(tmp_path: Path) -> None:
    run = make_run(settings_json='{"limits": {"expect_total": [["USD", "12.50"]], "expect_rows": 2}}')
    rows = [make_row(2), make_row(3)]
    batch = make_batch(rows_read=2, totals=totals_of(rows))
    summary = write_reports(batch, History([run], 1), lambda: iter(rows), tmp_path, xlsx=True)
    assert summary.paths.results_xlsx is not None
    sheet = openpyxl.load_workbook(summary.paths.results_xlsx).active
    lines = [[cell.value for cell in row if cell.value] for row in sheet.iter_rows()]
    [stated] = [line for line in lines if line and line[0] == "Expected (--expect-total)"]
    assert stated[:3] == ["Expected (--expect-total)", "USD", "12.50"]
    assert stated[3].startswith("does not agree; agreed to by finance")
