"""Promise: the reports say what became of every row, and what a person mends in failed.csv can be run as it is."""

import csv
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from batch_credits.model import RESULT_COLUMNS
from tests.acceptance.harness import HEADERS, Command, Report, Row, Site, each_once, payout, write_csv
from tests.acceptance.warm import NOBODY

OUTCOMES = ("credited", "already_credited", "failed", "rejected", "in_doubt", "review", "pending")


def mend(report: Report, path: Path, change: Callable[[dict[str, str]], None], name: str = "failed.csv") -> Path:
    """A copy of failed.csv, each row changed as a person would, and nothing else."""
    rows = report.rows(name)
    for row in rows:
        change(row)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_names_columns_modes_and_sums(command: Command, shared_site: Site) -> None:
    rows: list[Row] = [
        ("names-1", 100, "USD", "Loyalty", "q3", "=1+1"),
        ("missing-names", 200, "USD", "Loyalty", "q3", "é"),
        ("names-2", -5, "USD", "Loyalty", "q3", ""),
        ("names-3", 300, "EUR", "Loyalty", "q3", "x"),
        ("names-1", 100, "USD", "Loyalty", "q3", "twice"),
    ]
    file = write_csv(command.folder / "pay out.csv", rows, (*HEADERS, "Note"))
    command.run(file).exited(1)
    report = command.report("pay_out")
    summary = report.summary
    assert report.directory.name == f"pay_out-{summary['batch'][:8]}"
    assert sorted(path.name for path in report.directory.iterdir()) == [
        "failed.csv",
        "results.csv",
        "summary.html",
        "summary.json",
    ]
    assert {stat.S_IMODE(path.stat().st_mode) for path in report.directory.iterdir()} == {0o600}
    assert stat.S_IMODE(command.ledger.stat().st_mode) == 0o600
    with (report.directory / "results.csv").open(newline="", encoding="utf-8") as stream:
        assert next(csv.reader(stream)) == [*HEADERS, "Note", *RESULT_COLUMNS]
    assert report.outcomes == ["credited", "failed", "rejected", "credited", "rejected"]
    assert [row["credit_row"] for row in report.failed] == ["3", "4", "6"]
    assert tuple(summary["counts"]) == OUTCOMES == tuple(summary["totals"])
    assert sum(summary["counts"].values()) == summary["rows"] == 5
    assert summary["totals"]["credited"] == {"EUR": 300, "USD": 100}
    assert summary["totals"]["failed"] == {"USD": 200}
    assert summary["in_balance"] is True
    assert summary["site"] == shared_site.url.removeprefix("http://")
    assert {"file_sha256", "version", "started_at", "ended_at", "requests", "throttled", "retries"} <= summary.keys()
    credited = report.results[0]
    [paid] = shared_site.credits("names-1")
    assert credited["credit_id"] == paid["id"]
    assert credited["credit_closing_balance"] == "100"
    assert credited["credit_finished_at"].endswith("Z")
    assert (credited["credit_reference"], credited["credit_attempts"], credited["credit_http_status"]) == (
        "q3",
        "1",
        "200",
    )


def test_report_writes_them_again(command: Command) -> None:
    command.run(write_csv(command.folder / "again.csv", payout("again", 3))).exited(0)
    report = command.report("again")
    before = {path.name: path.read_bytes() for path in report.directory.iterdir()}
    for path in report.directory.iterdir():
        path.unlink()
    batch = report.directory.name[-8:]
    command("report", batch).exited(0)
    assert {path.name: path.read_bytes() for path in report.directory.iterdir()} == before
    assert "credited" in command("status", batch).exited(0).out


def test_a_workbook_beside_the_reports(command: Command) -> None:
    rows: list[Row] = [("00" + str(n), 100 + n, "USD", "=1+1", "q3") for n in range(3)]
    ended = command.run(write_csv(command.folder / "book.csv", rows), "--xlsx").exited(0)
    report = command.report("book")
    path = report.directory / "results.xlsx"
    assert str(path) in ended.out
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sheet = openpyxl.load_workbook(path)["Results"]
    assert [[cell.value for cell in row[:4]] for row in sheet.iter_rows(min_row=2)] == [
        [row[0], row[1], "USD", "'=1+1"] for row in rows
    ]
    assert [cell.value for cell in sheet["H"][1:]] == [row["credit_id"] for row in report.results]
    batch = report.directory.name[-8:]
    written = path.read_bytes()
    path.unlink()
    assert str(path) not in command("report", batch).exited(0).out
    assert str(path) in command("report", batch, "--xlsx").exited(0).out
    assert path.read_bytes() == written


def test_a_mended_workbook_is_run_as_it_is(command: Command, shared_site: Site) -> None:
    rows: list[Row] = [("wb-1", "12,34", "a"), ("missing-wb", "5.00", "b"), ("00wb", "7.00", "c")]
    file = write_csv(command.folder / "first.csv", rows, ("customer_id", "amount", "reference"))
    options = ("--amount-unit", "major", "--currency", "USD", "--description", "Thanks")
    ended = command.run(file, *options, "--xlsx").exited(1)
    path = command.report("first").directory / "failed.xlsx"
    assert str(path) in ended.out
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    book = openpyxl.load_workbook(path)
    sheet = book.active
    assert [sheet["A2"].value, sheet["B2"].value, sheet["A3"].value, sheet["B3"].value] == [
        "wb-1", "12,34", "missing-wb", 5,
    ]  # fmt: skip
    sheet["B2"], sheet["A3"] = 12.34, "wb-2"
    book.save(command.folder / "mended.xlsx")
    command.run(command.folder / "mended.xlsx").exited(0)
    paid = {(c["customer_id"], c["reference"], c["amount"]) for c in shared_site.credits("wb-")}
    assert paid == {("wb-1", "a", 1234), ("wb-2", "b", 500)}


def test_mended_rows_keep_their_reference(command: Command, shared_site: Site) -> None:
    rows: list[Row] = [
        ("missing-mend", 100, "USD", "Loyalty", "one"),
        ("mend-2", 0, "USD", "Loyalty", "two"),
        ("mend-3", 300, "USD", "Loyalty", "three"),
    ]
    command.run(write_csv(command.folder / "first.csv", rows)).exited(1)

    def correct(row: dict[str, str]) -> None:
        row["customer_id"] = row["customer_id"].replace("missing-mend", "mend-1")
        row["amount"] = row["amount"].replace("0", "50") if row["amount"] == "0" else row["amount"]

    command.run(mend(command.report("first"), command.folder / "mended.csv", correct)).exited(0)
    assert shared_site.times("mend-") == {("mend-1", "one"): 1, ("mend-2", "two"): 1, ("mend-3", "three"): 1}
    assert command.report("mended").counts == {"credited": 2}


def test_mended_under_options_it_needs_none_of_them(command: Command, shared_site: Site) -> None:
    """Amounts in major units, a reference for the whole file, numbered duplicates, defaults: all in the cells."""
    rows: list[Row] = [
        ("options-1", "12.34", "a"),
        ("options-1", "5", "b"),
        ("missing-options", "7.50", "c"),
        ("missing-options", "8", "d"),
        ("options-2", "1.234", "e"),
    ]
    file = write_csv(command.folder / "first.csv", rows, ("Cust", "Amount", "Note"))
    options = ("--reference", "q4", "--amount-unit", "major", "--currency", "usd", "--description", "Thanks",
               "--number-duplicates", "--map", "customer_id=Cust", "--credit-type", "loyalty_credits")  # fmt: skip
    command.run(file, *options).exited(1)
    report = command.report("first")
    assert [row["credit_reference"] for row in report.results] == ["q4", "q4 #2", "q4", "q4 #2", "q4"]
    assert [row["credit_row"] for row in report.failed] == ["4", "5", "6"]

    def correct(row: dict[str, str]) -> None:
        row["customer_id"] = row["customer_id"].replace("missing-options", "options-3")
        row["amount"] = row["amount"].replace("1.234", "1.23")

    command.run(mend(report, command.folder / "mended.csv", correct)).exited(0)
    paid = {(c["customer_id"], c["reference"], c["amount"]) for c in shared_site.credits("options-")}
    assert paid == {
        ("options-1", "q4", 1234),
        ("options-1", "q4 #2", 500),
        ("options-3", "q4", 750),
        ("options-3", "q4 #2", 800),
        ("options-2", "q4", 123),
    }
    assert {(c["currency_code"], c["description"], c["credit_type"]) for c in shared_site.credits("options-")} == {
        ("USD", "Thanks", "loyalty_credits")
    }


def test_mended_where_amounts_are_written_in_another_language(command: Command, shared_site: Site) -> None:
    """1.234 under --locale de_DE are a thousand and more: the option must not be missed in failed.csv."""
    headers = ("customer_id", "amount_in_decimal", "description", "reference", "Konto")
    rows: list[Row] = [("", "1.234", "Treue", "q3", "k1"), ("missing-lang", "1.234,5", "Treue", "q3", "k2")]
    file = write_csv(command.folder / "first.csv", rows, headers)
    command.run(file, "--locale", "de_DE", "--currency", "EUR").exited(1)
    report = command.report("first")
    assert [row["amount_in_decimal"] for row in report.failed] == ["1234", "1234.5"]
    [advice] = [line for line in command("report", report.directory.name[-8:]).out.splitlines() if "failed.csv" in line
                and line.startswith("  batch-credits run")]  # fmt: skip
    assert "--locale" not in advice

    def correct(row: dict[str, str]) -> None:
        row["customer_id"] = "lang-" + row["Konto"]

    mended = mend(report, command.folder / "mended.csv", correct)
    hostile = {
        "BATCH_CREDITS_LOCALE": "de_DE",
        "BATCH_CREDITS_AMOUNT_UNIT": "major",
        "BATCH_CREDITS_ENCODING": "utf-16",
        "BATCH_CREDITS_NUMBER_DUPLICATES": "1",
        "BATCH_CREDITS_REFERENCE": "other",
        "BATCH_CREDITS_DELIMITER": ";",
    }
    ended = command.run(mended, "--sheet", "Q3", **hostile).exited(0)  # type: ignore[arg-type]
    assert "Note       a failed.csv says itself how it is read: --reference, --amount-unit, --sheet" in ended.err
    paid = {(c["customer_id"], c["reference"], c["amount_in_decimal"]) for c in shared_site.credits("lang-")}
    assert paid == {("lang-k1", "q3", "1234"), ("lang-k2", "q3", "1234.5")}


def test_no_other_report_is_paid(command: Command, shared_site: Site) -> None:
    rows: list[Row] = [("other-1", "13.00", "q3"), ("missing-other", "13.00", "q3")]
    file = write_csv(command.folder / "first.csv", rows, ("customer_id", "amount", "reference"))
    options = ("--amount-unit", "major", "--currency", "USD", "--description", "Thanks")
    command.run(file, *options, "--xlsx").exited(1)
    report, posts = command.report("first"), shared_site.posts
    for name in ("results.csv", "results.xlsx"):
        for given in ((), options, ("--description", "x", "--reference", "q4")):
            ended = command.run(report.directory / name, *given).exited(2)
            assert f"mend {report.directory / 'failed.csv'} and run that" in ended.err
            command("check", report.directory / name, *given).exited(2)
    assert shared_site.posts == posts
    assert [c["amount"] for c in shared_site.credits("other-")] == [1300]


def test_what_check_rejects_can_be_mended_and_run_too(command: Command, shared_site: Site) -> None:
    rows: list[Row] = [("", "13,00", "USD", "Loyalty", "q3"), ("chk-2", "14.00", "USD", "Loyalty", "q3")]
    file = write_csv(command.folder / "first.csv", rows)
    command("check", file, "--amount-unit", "major").exited(1)
    [rejected] = command.reports.glob("first-*/rejected.csv")

    def correct(row: dict[str, str]) -> None:
        row["customer_id"], row["amount"] = "chk-1", "13.00"

    command.run(mend(Report(rejected.parent), command.folder / "mended.csv", correct, "rejected.csv")).exited(0)
    assert {(c["customer_id"], c["amount"]) for c in shared_site.credits("chk-")} == {("chk-1", 1300)}


def test_amounts_in_decimal(command: Command, shared_site: Site) -> None:
    rows: list[Row] = [("decimal-1", "1.005", "USD", "Loyalty", "q3"), ("decimal-2", "0.1", "USD", "Loyalty", "q3")]
    headers = ("customer_id", "amount_in_decimal", "currency_code", "description", "reference")
    file = write_csv(command.folder / "decimal.csv", rows, headers)
    command.run(file).exited(0)
    assert {c["amount_in_decimal"] for c in shared_site.credits("decimal-")} == {"1.005", "0.1"}
    summary = command.report("decimal").summary
    assert summary["totals_in_decimal"]["credited"] == {"USD": "1.105"}
    assert summary["in_balance"] is True
    posts = shared_site.posts
    other = write_csv(command.folder / "other.csv", [("decimal-1", "1.0050", *rows[0][2:])], headers)
    command.run(other).exited(0)
    assert shared_site.posts == posts, "1.005 and 1.0050 are the same money"


def test_rows_without_a_currency(command: Command, shared_site: Site) -> None:
    rows: list[Row] = [("bare-1", "100", "Loyalty", "q3")]
    file = write_csv(command.folder / "bare.csv", rows, ("customer_id", "amount", "description", "reference"))
    command.run(file).exited(0)
    assert len(shared_site.credits("bare-")) == 1
    summary = command.report("bare").summary
    assert summary["totals"]["credited"] == {"site currency": 100}
    assert summary["in_balance"] is True


def test_three_says_that_a_person_must_look(tmp_path: Path) -> None:
    """A reference that Chargebee knows with other money than ours is nobody's to guess."""
    file = write_csv(tmp_path / "payout.csv", payout("look", 1))
    with Site() as site:
        Command(tmp_path / "by hand", site.url).folder.mkdir()
        by_hand = Command(tmp_path / "by hand", site.url)
        by_hand.run(write_csv(by_hand.folder / "x.csv", [("look-0", 999, "USD", "By hand", "q3")])).exited(0)
        command = Command(tmp_path, site.url)
        ended = command.run(file, "--verify-first").exited(3)
        assert command.report("payout").counts == {"review": 1}
        assert "999" in command.report("payout").results[0]["credit_error"]
        batch = command.report("payout").directory.name[-8:]
        assert f"resolve {batch}" in ended.said
        assert "never sent" in command("resolve", batch, "--row", 2, "--not-credited").exited(2).err
        command.run(file).exited(3)
        assert site.times() == {("look-0", "q3"): 1}, "whoever says what"


def test_reports_that_cannot_be_written_are_said_and_can_be_had_later(command: Command, shared_site: Site) -> None:
    rows = payout("norep", 2)
    file = write_csv(command.folder / "payout.csv", rows)
    command.reports.write_text("a file where a directory should be")
    ended = command.run(file)
    assert ended.code != 0 and "Traceback" not in ended.said and "bug" not in ended.said
    if not shared_site.credits("norep-"):
        assert ended.code == 2  # refused before anything was sent
        return
    assert ended.code == 4
    command.reports.unlink()
    command.run(file).exited(0)
    assert shared_site.times("norep-") == each_once(rows)


@pytest.mark.parametrize("stream", ["stdout", "stderr", "both"])
def test_who_stops_reading_changes_nothing(command: Command, shared_site: Site, stream: str) -> None:
    """A pipe that breaks is no reason to pay less, nor to claim that rows failed."""
    rows = payout(f"pipe-{stream}", 3)
    out, err = (NOBODY if stream in (name, "both") else None for name in ("stdout", "stderr"))
    process = command.start_run(
        write_csv(command.folder / "payout.csv", rows), streams=(None, out, err), goes_down=True
    )
    assert process.wait(20) == 0
    assert shared_site.times(f"pipe-{stream}-") == each_once(rows)
    assert command.report("payout").counts == {"credited": 3}


def test_standard_streams_may_be_closed(command: Command, shared_site: Site) -> None:
    """Some schedulers close them; without the care taken, the next file opened would take their places."""
    rows = payout("closed", 3)
    write_csv(command.folder / "payout.csv", rows)
    call = f"{sys.executable} -m batch_credits run payout.csv --rate 0 --ledger ledger.sqlite3 --reports reports"
    environment = command.variables({})

    def shell(text: str) -> int:
        return subprocess.run(["/bin/sh", "-c", text], cwd=command.folder, env=environment, timeout=30).returncode

    assert shell(f"{call} 0<&- 1>&- 2>&-") == 2, "nobody can say yes"
    assert not shared_site.credits("closed-")  # with --yes it pays them: test_streams.py
