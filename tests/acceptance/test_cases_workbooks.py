"""Promise: what the eye sees is what is paid. Small files as people make them, and what has to become of each.

They run in this process, against the sandbox within a run: the oracle is what its reports say was credited.
"""

import csv
import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from batch_credits.cli import run_command_line

CASES = Path(__file__).parent / "cases"
MAJOR = ("--amount-unit", "major")


@dataclass(frozen=True)
class Ended:
    """A command that has ended: its exit code, all that it said, and what it credited by customer and reference."""

    code: int
    said: str
    paid: Mapping[tuple[str, str], str]  # -> the amount as the file has it
    rejected: Mapping[int, str]  # row -> why
    total: int  # in minor units

    @property
    def customers(self) -> dict[str, str]:
        """What each customer was credited."""
        return {customer: amount for (customer, _), amount in self.paid.items()}

    @property
    def commands(self) -> list[list[str]]:
        """The commands that it offers, each on a line of its own, as words without the program's name."""
        return [shlex.split(line)[1:] for line in self.said.splitlines() if line.startswith("batch-credits ")]


Run = Callable[..., Ended]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command of the program in a folder of its own, where the cases are."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("BATCH_CREDITS_LEDGER", str(tmp_path / "ledger.sqlite3"))
    for name in ("CHARGEBEE_SITE", "CHARGEBEE_BASE_URL", "CHARGEBEE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for case in CASES.iterdir():
        (tmp_path / case.name).write_bytes(case.read_bytes())

    def started(file: str, *options: str, words: list[str] | None = None) -> Ended:
        capsys.readouterr()
        code = run_command_line(words or ["run", file, "--yes", "--sandbox", "--no-progress", *options])
        printed = capsys.readouterr()
        reports = sorted((tmp_path / "reports").glob("*"), key=lambda folder: folder.stat().st_mtime_ns)
        said = printed.out + printed.err
        if code == 2 or not reports:
            return Ended(code, said, {}, {}, 0)
        with (reports[-1] / "results.csv").open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
        customer, amount = (
            next(header for header in rows[0] if header in names)
            for names in (("customer_id", "Kundennummer"), ("amount", "Betrag"))
        )
        summary = json.loads((reports[-1] / "summary.json").read_text(encoding="utf-8"))
        return Ended(
            code,
            said,
            {(row[customer], row["credit_reference"]): row[amount] for row in rows
             if row["credit_outcome"] == "credited"},
            {int(row["credit_row"]): row["credit_error"] for row in rows if row["credit_outcome"] == "rejected"},
            sum(summary["totals"].get("credited", {}).values()),
        )  # fmt: skip

    return started


# -- Sheets -------------------------------------------------------------------------------------------------


def test_a_hidden_sheet_is_not_taken_by_itself(run: Run) -> None:
    ended = run("hidden-sheet-first.xlsx", *MAJOR)
    assert (ended.code, ended.customers, ended.total) == (0, {"cust-1": "11.1"}, 1110)
    assert "sheet 'Current'" in ended.said


def test_a_hidden_sheet_is_taken_where_it_is_named(run: Run) -> None:
    assert run("hidden-sheet-first.xlsx", *MAJOR, "--sheet", "old").customers == {"cust-9": "14.15"}


def test_several_sheets_that_fit_are_refused_and_each_is_offered(run: Run) -> None:
    ended = run("two-sheets-fit.xlsx", *MAJOR)
    assert ended.code == 2
    assert all(word in ended.said for word in ("July", "August", "--sheet"))
    assert run("", words=ended.commands[1]).customers == {"cust-2": "24.35"}


def test_the_only_sheet_that_fits_is_taken_and_said(run: Run) -> None:
    ended = run("instructions-first.xlsx", *MAJOR)
    assert (ended.code, ended.customers) == (0, {"cust-1": "11.1", "cust-2": "24.35"})
    assert "sheet 'Data'" in ended.said


def test_a_workbook_with_macros_is_a_workbook(run: Run) -> None:
    ended = run("macros.xlsm", *MAJOR)
    assert (ended.code, ended.total, len(ended.paid)) == (0, 3545, 2)


# -- Titles -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("file", "row"), [("title.csv", "4"), ("title.xlsx", "2")])
def test_below_a_title_the_whole_command_is_said_and_works_as_it_stands(run: Run, file: str, row: str) -> None:
    ended = run(file, *MAJOR)
    assert ended.code == 2
    [command] = ended.commands
    assert command == ["run", file, "--yes", "--sandbox", "--no-progress", *MAJOR, "--header-row", row]
    assert ended.said.rstrip().endswith(shlex.join(command))
    assert (run("", words=command).code, run(file, *MAJOR, "--header-row", row).code) == (0, 0)
    assert run("", words=["check", file, *MAJOR, "--header-row", row]).code == 0


def test_what_a_german_export_needs_is_taken_together(run: Run) -> None:
    columns = ("customer_id=Kundennummer", "amount=Betrag", "description=Buchungstext")
    mapped = [word for column in columns for word in ("--map", column)]
    layout = ("--encoding", "cp1252", "--header-row", "3", "--locale", "de_DE")
    ended = run("everything.csv", *MAJOR, *layout, *mapped, "--currency", "EUR", "--reference", "q3")
    assert (ended.code, ended.customers, ended.total) == (0, {"kd-1": "1.234,50", "kd-2": "24,35"}, 125885)


# -- Hidden rows --------------------------------------------------------------------------------------------


def test_hidden_rows_are_refused_with_what_they_come_to(run: Run) -> None:
    ended = run("filtered.xlsx", *MAJOR)
    assert ended.code == 2
    assert all(word in ended.said for word in ("row 3", "24.35 USD", "--hidden-rows"))
    assert [command[-2:] for command in ended.commands] == [["--hidden-rows", "pay"], ["--hidden-rows", "skip"]]
    assert run("", words=ended.commands[1]).total == 1815


def test_hidden_rows_are_paid_or_left_out_as_it_is_said_and_the_report_says_so(run: Run, tmp_path: Path) -> None:
    left_out = run("filtered.xlsx", *MAJOR, "--hidden-rows", "skip")
    assert left_out.customers == {"cust-1": "11.1", "cust-3": "7.05"}
    assert "left out: 24.35 USD" in left_out.said
    [page] = (tmp_path / "reports").glob("*/summary.html")
    assert "hidden_rows skip" in page.read_text(encoding="utf-8")
    paid = run("filtered.xlsx", *MAJOR, "--hidden-rows", "pay", "--reference", "again")
    assert (paid.code, paid.customers) == (0, {"cust-2": "24.35"})  # the others are credited already


# -- Number formats -----------------------------------------------------------------------------------------


def test_ids_keep_the_zeros_of_their_format(run: Run) -> None:
    ended = run("zeros.xlsx", *MAJOR)
    assert (ended.code, ended.total, ended.customers) == (0, 3545, {"00000421": "11.1", "00000422": "24.35"})


def test_literals_and_dates_are_read_as_they_show(run: Run) -> None:
    ended = run("literals-and-date.xlsx", *MAJOR)
    assert (ended.code, ended.total) == (0, 3545)
    assert ended.paid.keys() == {("CUST-00123", "2026-09-30"), ("CUST-00124", "2026-12-31")}


def test_ids_that_show_separators_are_rejected_with_both_forms(run: Run) -> None:
    ended = run("grouped-ids.xlsx", *MAJOR)
    assert (ended.code, ended.paid) == (1, {})
    for row, forms in {2: ("1,234,567", "1234567"), 3: ("7,654,321", "7654321")}.items():
        assert all(form in ended.rejected[row] for form in forms)


# -- Text files, and tables that are not one ----------------------------------------------------------------


def test_a_row_in_quotes_is_called_so(run: Run) -> None:
    ended = run("whole-rows-quoted.csv", *MAJOR)
    assert (ended.code, "whole row" in ended.said, "quotes" in ended.said) == (2, True, True)
    assert "cut off" not in ended.said


def test_a_blank_before_a_quote_is_called_so(run: Run) -> None:
    ended = run("blank-before-quote.csv", *MAJOR)
    assert (ended.code, "blank before" in ended.said, "quote" in ended.said) == (2, True, True)


HEADER = "customer_id,amount,currency_code,reference,description,points\n"


@pytest.mark.parametrize(
    "again",
    ["customer_id,points,currency_code,reference,description,amount", "Amount,Customer ID,points,reference,,"],
)
def test_a_second_header_refuses_the_file(run: Run, again: str) -> None:
    Path("twice.csv").write_text(f"{HEADER}c-1,5,USD,q3,d,9\n\n{again}\nc-2,700,USD,q3,d,5\n")
    ended = run("twice.csv")
    assert (ended.code, "row 4" in ended.said, "headers again" in ended.said) == (2, True, True)


def test_an_example_row_is_rejected_and_the_others_are_paid(run: Run) -> None:
    run("", words=["template", "credits.csv"])
    with Path("credits.csv").open("a") as stream:
        stream.write("c-1,10.50,major,USD,d,general,q3\n")
    ended = run("credits.csv")
    assert (ended.code, ended.total, list(ended.rejected)) == (1, 1050, [2])


@pytest.mark.parametrize(
    "rows", [65_535, pytest.param(1_048_575, marks=pytest.mark.slow)], ids=["an old sheet", "a sheet"]
)
def test_a_file_as_long_as_a_sheet_can_be_may_be_cut_off(run: Run, rows: int) -> None:
    with Path("full.csv").open("w") as stream:
        stream.write("customer_id,amount\n")
        stream.writelines(f"c{number},{100 + number % 89}\n" for number in range(1, rows + 1))
    words = ["check", "full.csv", "--json", "--currency", "USD", "--reference", "q3", "--description", "d"]
    ended = run("", words=words)
    found = json.loads(ended.said)
    assert (ended.code, found["accepted"]) == (0, rows)
    assert any("may be cut off" in note and f"{rows + 1:,}" in note and f"{rows:,}" in note for note in found["notes"])
