"""The tables of a report, opened by LibreOffice: what it shows is what we wrote, and nothing of it ran."""

import csv
import re
import shutil
import zipfile
from pathlib import Path

import pytest

from batch_credits.ledger.runs import History
from batch_credits.model import Money, Outcome
from batch_credits.reporter.files import ReportPaths
from batch_credits.reporter.writing import write_reports
from tests.corpus.make import AS_TEXT, TRICKY, libreoffice
from tests.unit.reporter.conftest import make_batch, make_row, totals_of

AS_SHOWN = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true"  # each cell as it looks on the screen
SECOND_SHEET = ",false,false,2"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed"),
]

# Texts of a row, and the money that they mean.
PAID = (
    ("00042", "1250", "USD", "Zoë 上海 مريم", Money(1250, None, "USD")),
    ("00000000000000000007", "12.50", "USD", "=SUM(A1:A9)", Money(1250, None, "USD")),
    ("1-2", "980", "JPY", "+49 30 1234", Money(980, None, "JPY")),
    ("2026-01-02", "0.10500", "EUR", "TRUE", Money(None, "0.10500", "EUR")),
    ("1E5", "999999999999999", "USD", "line\nbreak", Money(999999999999999, None, "USD")),
    (" 7 ", "9007199254740991", "USD", "\"quoted\", 'too'", Money(9007199254740991, None, "USD")),
)


@pytest.fixture
def paths(tmp_path: Path) -> ReportPaths:
    rows = [
        make_row(
            number, cells=(customer, amount, currency, note), money=money, reference=customer.strip(),
            credit_type="general", credit_id=f"000{number}", http_status=200, attempts=number,
            closing_balance=str(10**number), finished_at=f"2026-10-01T23:59:{number:02d}.0{number}9Z",
        )
        for number, (customer, amount, currency, note, money) in enumerate(PAID, 2)
    ]  # fmt: skip
    rows += [
        make_row(
            number, Outcome.REJECTED, cells=(row[0], row[1], row[2], row[6]), reference=row[5], error=row[3],
            money=None, error_code="invalid",
        )
        for number, row in enumerate(TRICKY, 100)
    ]  # fmt: skip
    batch = make_batch(rows_read=len(rows), totals=totals_of(rows))
    return write_reports(batch, History(), lambda: iter(rows), tmp_path, xlsx=True).paths


def lines(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        return list(csv.reader(stream))


def test_the_workbook_shows_what_results_csv_says(paths: ReportPaths, tmp_path: Path) -> None:
    assert paths.results_xlsx is not None
    libreoffice(paths.results_xlsx, AS_SHOWN + SECOND_SHEET, tmp_path / "shown.csv")
    shown, said = lines(tmp_path / "shown.csv"), lines(paths.results)
    finished = said[0].index("credit_finished_at")
    for line in said[1:]:
        line[finished] = re.sub(r"(.{10})T(.{8})\.[0-9]{3}Z", r"\1 \2 UTC", line[finished])
    assert shown == said


def test_failed_xlsx_shows_what_failed_csv_says(paths: ReportPaths, tmp_path: Path) -> None:
    assert paths.failed_xlsx is not None
    libreoffice(paths.failed_xlsx, AS_SHOWN, tmp_path / "shown.csv")
    assert lines(tmp_path / "shown.csv") == lines(paths.failed)


@pytest.mark.parametrize("name", ["results.csv", "failed.csv"])
def test_the_csv_files_imported_as_text_are_intact(paths: ReportPaths, tmp_path: Path, name: str) -> None:
    written = paths.directory / name
    libreoffice(written, "xlsx", tmp_path / "imported.xlsx", import_filter=AS_TEXT)
    libreoffice(tmp_path / "imported.xlsx", AS_SHOWN, tmp_path / "shown.csv")
    # LibreOffice takes a leading apostrophe for "this is text", and so does our own reader.
    shown = [[cell.removeprefix("'") for cell in line] for line in lines(tmp_path / "shown.csv")]
    assert shown == [[cell.removeprefix("'") for cell in line] for line in lines(written)]


@pytest.mark.parametrize("name", ["results.csv", "failed.csv", "results.xlsx", "failed.xlsx"])
def test_no_cell_is_run(paths: ReportPaths, tmp_path: Path, name: str) -> None:
    """Opened by a double click, without any care for columns; LibreOffice would save a formula as one."""
    libreoffice(paths.directory / name, "xlsx", tmp_path / "saved.xlsx")
    with zipfile.ZipFile(tmp_path / "saved.xlsx") as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        assert sheets and not any(re.search(rb"<f[ >]", archive.read(sheet)) for sheet in sheets)
