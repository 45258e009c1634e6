"""Makes the files of this folder again, by programs that are not ours: LibreOffice, pandas, openpyxl.

    python -m tests.corpus.make

The files are kept, since not every machine has LibreOffice; tests read them, and the fuzzer mutates them.
"""

import csv
import datetime
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import openpyxl
import pandas

from batch_credits.jobs.report import report_batch
from batch_credits.ledger import Ledger
from batch_credits.loader.opening import open_source
from batch_credits.planning.plan import stage
from batch_credits.reporter.files import ReportPaths
from batch_credits.settings import InputOptions
from batch_credits.text.spreadsheet import column_letters
from tests.unit.loader.workbook.written import Cell, Sheet, Styled, xlsb

FOLDER = Path(__file__).parent
AS_TEXT = "44,34,76,1," + "/".join(f"{column}/2" for column in range(1, 30))  # comma, UTF-8, every column as text
SEMICOLONS = "59,34,76,1,,0,false,true,false"  # as shown, like Excel in most of Europe

HEADERS = ("customer_id", "amount", "currency_code", "description", "credit_type", "reference", "note")
# Every row is rejected for its amount alone: what failed.csv keeps of the others is what a round trip must keep.
TRICKY = (
    ("00123", "10,50", "USD", "Loyalty", "loyalty_credits", "q3-001", ""),
    ("12345678901234567890", "1e3", "EUR", "Caf\u00e9 \u6771\u4eac", "", "=1+1", "=HYPERLINK(\"http://x\")"),
    ("-7", "ten", "JPY", "say \"hello\", twice", "", "+49 30 1234", "'quoted"),
    ("1-2", "", "USD", "a;b|c", "referral_rewards", "@cmd", "two\nlines"),
    ("TRUE", "0", "USD", "3/4", "", "2026-01-02", "1/2"),
    ("1E5", "-5", "USD", "'=x", "", "''=y", "\t"),
    ("0x1F", "5 USD", "KWD", "12.50", "", "00000", "=-1"),
)  # fmt: skip
# Rows 3 and 5 are filtered out.
HIDING: tuple[tuple[object, ...], ...] = (
    HEADERS,
    (421, 11.5, "USD", "d", "", "q4", "a"),
    (422, 8.25, "USD", "d", "", "q4", None),
    ("00000007", 4, "USD", "d", "", "q4", "a"),
    ("00000008", 5, "USD", "d", "", "q4", "b"),
    ("00000009", 6, "USD", "d", "", "q4", "a"),
    (12345678, 1234.5, "USD", "d", "", datetime.date(2026, 9, 30), "c"),
    (1234567, 3, "USD", "d", "", "q4", "c"),
    ("c-1", 9.99, "USD", "d", "", "q4", "c"),
    ("c-2", 2.5, "USD", "d", "", "q4", "c"),
)
FORMATS = {
    "A2": "00000000", "A3": "00000000", "A7": '"K-"0', "A8": "#,##0", "B7": '"$"#,##0.00', "B9": "0",
    "B10": "#,##0.00 [$\u20ac-407]", "F7": "yyyy-mm-dd",
}  # fmt: skip


def make_failed(folder: Path) -> ReportPaths:
    """The reports of a batch that rejected every tricky row: failed.csv and failed.xlsx have them all."""
    source = folder / "tricky.csv"
    with source.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows((HEADERS, *TRICKY))
    options = InputOptions()
    with Ledger.open(folder / "ledger") as ledger:
        plan = stage(ledger, open_source(source, options), "acme-test")
        ledger.admission.admit(plan.batch_id)
        return report_batch(ledger, ledger.batches.one(plan.key), folder / "reports", xlsx=True).paths


def mended(failed: Path, to: Path) -> Path:
    """The file with every amount corrected, as a person does, and nothing else."""
    with failed.open(encoding="utf-8", newline="") as text:
        rows = list(csv.reader(text))
    amount = rows[0].index("amount")
    for number, row in enumerate(rows[1:], 1):
        row[amount] = str(1000 + number)
    with to.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows(rows)
    return to


def mended_workbook(failed: Path, to: Path) -> Path:
    """The same of failed.xlsx: numbers typed where the amounts are."""
    book = openpyxl.load_workbook(failed)
    sheet = book.active
    assert sheet is not None
    [column] = [cell.column for cell in sheet[1] if cell.value == "amount"]
    for number in range(1, sheet.max_row):
        sheet.cell(number + 1, column).value = 1000 + number
    book.save(to)
    return to


def libreoffice(source: Path, kind: str, to: Path, *, import_filter: str = "") -> None:
    """Open a file in LibreOffice and save it as another kind."""
    with tempfile.TemporaryDirectory() as profile:
        command = ["soffice", "--headless", f"-env:UserInstallation=file://{profile}/user"]
        if import_filter:
            command.append(f"--infilter=Text - txt - csv (StarCalc):{import_filter}")
        command += ["--convert-to", kind, "--outdir", f"{profile}/out", str(source)]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        [written] = Path(profile, "out").iterdir()
        shutil.copyfile(written, to)


def make_round_trip(work: Path) -> None:
    """A mended failed.csv, saved by LibreOffice in every kind it knows, and from there as CSV again."""
    csv_filter = "csv:Text - txt - csv (StarCalc):"
    paths = make_failed(work)
    original = mended(paths.failed, FOLDER / "round_trip.csv")
    for suffix in ("xlsx", "ods", "xls"):
        libreoffice(original, suffix, FOLDER / f"round_trip.{suffix}", import_filter=AS_TEXT)
        again = FOLDER / f"round_trip_{suffix}.csv"
        libreoffice(FOLDER / f"round_trip.{suffix}", csv_filter + "44,34,76,1,,0,false,true,false", again)
    libreoffice(FOLDER / "round_trip.xlsx", csv_filter + SEMICOLONS, FOLDER / "round_trip_semicolons.csv")
    assert paths.failed_xlsx is not None
    workbook = mended_workbook(paths.failed_xlsx, work / "mended.xlsx")
    for suffix in ("xlsx", "ods", "xls"):
        libreoffice(workbook, suffix, FOLDER / f"round_trip_of_workbook.{suffix}")


def make_ordinary(work: Path) -> None:
    """Files as other programs make them of ordinary rows, good and bad."""
    rows: list[tuple[object, ...]] = [
        (f"{n:05d}", 1000 + n, "USD", f"Loyalty {n}", "loyalty_credits", f"q3-{n}", n / 4) for n in range(1, 13)
    ]
    rows[4] = ("", 12.5, "usd", "", "bonus", "q3-1", None)
    frame = pandas.DataFrame(rows, columns=list(HEADERS))
    frame.to_csv(FOLDER / "pandas.csv", index=False)
    frame.to_csv(FOLDER / "pandas.csv.gz", index=False, compression={"method": "gzip", "mtime": 0})
    frame.to_csv(FOLDER / "pandas_tabs.tsv", index=False, sep="\t", encoding="utf-16", quoting=csv.QUOTE_ALL)
    frame.to_excel(FOLDER / "pandas.xlsx", index=False)
    make_workbook(FOLDER / "openpyxl.xlsx", rows)
    libreoffice(FOLDER / "openpyxl.xlsx", "ods", FOLDER / "libreoffice.ods")
    libreoffice(FOLDER / "openpyxl.xlsx", "xls", FOLDER / "libreoffice.xls")
    libreoffice(FOLDER / "openpyxl.xlsx", "xlsx", FOLDER / "libreoffice.xlsx")
    libreoffice(FOLDER / "openpyxl.xlsx", "csv:Text - txt - csv (StarCalc):" + SEMICOLONS, FOLDER / "libreoffice.csv")


def make_workbook(path: Path, rows: list[tuple[object, ...]]) -> None:
    """A sheet with formulas, errors, dates, a hidden row and a total."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADERS)
    for row in rows:
        sheet.append(row)
    sheet.append(["=1/0", "=5+5", "USD", True, None, pandas.Timestamp("2026-01-02"), "=NA()"])
    sheet.append([12345678901234567890, 19.99, "EUR", "x", None, 7, None])
    sheet.append([None, f"=SUM(B2:B{len(rows) + 1})", None, None, None, None, "Total"])
    sheet.row_dimensions[3].hidden = True
    book.create_sheet("Notes").append(["nothing here"])
    book.save(path)


def make_hiding(work: Path) -> None:
    """A workbook that hides something from its reader, in every kind; and a table with totals."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Now"
    for row in HIDING:
        sheet.append(row)
    for place, code in FORMATS.items():
        sheet[place].number_format = code
    sheet.auto_filter.ref = f"A1:G{len(HIDING)}"
    sheet.auto_filter.add_filter_column(6, ["a", "c"])
    sheet.row_dimensions[3].hidden = sheet.row_dimensions[5].hidden = True
    sheet.column_dimensions["D"].hidden = True
    sheet.merge_cells("G2:G3")
    for name, state in (("Old", "hidden"), ("Older", "veryHidden")):
        other = book.create_sheet(name)
        other.append(HEADERS)
        other.append(("old-1", 99, "USD", "d", "", "q4", ""))
        other.sheet_state = state
    book.save(work / "made.xlsx")
    for suffix in ("xlsx", "ods", "xls"):
        libreoffice(work / "made.xlsx", suffix, FOLDER / f"hiding.{suffix}")
    shutil.copyfile(FOLDER / "hiding.xlsx", FOLDER / "macros.xlsm")
    # LibreOffice writes no binary workbooks: this one is ours.
    rows = [[_binary(at, column, value) for column, value in enumerate(row)] for at, row in enumerate(HIDING, 1)]
    xlsb(
        FOLDER / "written.xlsb", rows, sheet="Now", hidden=frozenset({2, 4}), flat=frozenset({5}),
        merged=[(1, 2, 6, 6)], hidden_columns=frozenset({3}), others=[Sheet("Old", rows[:2], "hidden")],
    )  # fmt: skip
    totals = "".join(f"c-{n},{n}.50,USD,d,,q4-{n},\n" for n in range(1, 5))
    text = f"{','.join(HEADERS)}\n{totals},12.00,,,,,Total\n\nSumme,3.00,USD,d,,x,\nc-9,($5.00),USD,d,,q4,\n"
    (FOLDER / "totals.csv").write_text(text, encoding="utf-8")


def _binary(row: int, column: int, value: object) -> Cell:
    """A cell as our own writer takes it."""
    code = FORMATS.get(f"{column_letters(column)}{row}")
    if isinstance(value, datetime.date):
        return Styled(value.isoformat(), code or "", "", "date")
    if isinstance(value, int | float):
        return Styled(float(value), code, "") if code else float(value)
    return None if value is None else str(value)


if __name__ == "__main__":
    if shutil.which("soffice") is None:
        sys.exit("LibreOffice is not here: its files stay as they are")
    with tempfile.TemporaryDirectory() as folder:
        make_round_trip(Path(folder))
        make_ordinary(Path(folder))
        make_hiding(Path(folder))
