"""Promise: what the eye sees is what is paid. Ids, references, amounts and totals as people's files have them.

Each small file in `cases` has something in it that its reader does not see, or sees otherwise than a program. The
loader says what would be paid, in minor units; the command what a person is told.
"""

import csv
import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_credits.cli import run_command_line
from batch_credits.loader.opening import open_source
from batch_credits.settings import InputOptions

CASES = Path(__file__).parent / "cases"

# File, locale, what is paid, and the code of each rejected row.
READ: list[tuple[str, str | None, dict[str, int], dict[int, str]]] = [
    ("invisible.csv", None, {"cust-1": 1110, "cust-7": 995}, dict.fromkeys(range(3, 8), "control_character")),
    ("rounded-ids.csv", None, {}, dict.fromkeys(range(2, 14), "number_damaged")),
    (
        "spoiled-ids.csv",
        None,
        {"00123": 545, "cust-12": 1690},
        dict.fromkeys(range(2, 6), "spoiled_by_excel")
        | dict.fromkeys(range(6, 11), "placeholder")
        | {11: "damaged_text"},
    ),
    ("swiss.csv", None, {"cust-2": 2435}, {2: "amount_has_separators"}),
    ("swiss.csv", "de_CH", {"cust-1": 123450, "cust-2": 2435}, {}),
    ("line-break.csv", None, {"cust-2": 2435}, {2: "control_character"}),
    (
        "negatives.csv", None, {"cust-9": 1415},
        dict.fromkeys(range(2, 10), "amount_not_positive"),
    ),
    (
        "symbols.csv", "en_US",
        {"cust-1": 123450, "cust-2": 2000, "cust-3": 1010, "cust-4": 1200, "cust-5": 505, "cust-6": 1000,
         "cust-9": 1300},
        {8: "currency_contradicts", 9: "currency_contradicts"},
    ),
    ("control-total.csv", None, {"cust-1": 1110, "cust-2": 2435}, {}),
    ("total-as-customer.csv", None, {"cust-1": 1110, "cust-2": 2435}, {4: "looks_like_total"}),
    (
        "subtotals-as-customers.csv", None, {"cust-1": 1110, "cust-2": 2435},
        dict.fromkeys((3, 5, 6), "looks_like_total"),
    ),
    ("sum-as-customer.csv", None, {"cust-1": 1110, "cust-2": 2435, "cust-3": 705}, {5: "looks_like_total"}),
    ("no-total.csv", None, {"cust-1": 1000, "cust-2": 1000, "summer-3": 700, "subtotalware-4": 800}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "locale", "paid", "rejected"), READ, ids=[case[0] for case in READ])
def test_what_is_paid_and_what_is_rejected(
    name: str, locale: str | None, paid: dict[str, int], rejected: dict[int, str]
) -> None:
    rows = [
        row
        for chunk in open_source(CASES / name, InputOptions(amount_unit="major", locale=locale)).chunks()
        for row in chunk
    ]
    assert {row.request.customer_id: row.request.amount for row in rows if row.request} == paid
    assert {row.row_number: row.problems[0].code for row in rows if row.problems} == rejected


Said = Callable[..., tuple[int, str]]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """Runs a command over a case, and gives its exit code and all that it said, in small letters."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("CHARGEBEE_SITE", "CHARGEBEE_BASE_URL", "CHARGEBEE_API_KEY"):
        monkeypatch.delenv(name, raising=False)

    def started(command: str, name: str, *options: str) -> tuple[int, str]:
        more = ("--yes", "--sandbox", "--no-progress") if command == "run" else ()
        ledger = ("--ledger", str(tmp_path / "ledger.sqlite3"))
        code = run_command_line([command, str(CASES / name), "--amount-unit", "major", *ledger, *more, *options])
        printed = capsys.readouterr()
        return code, (printed.out + printed.err).casefold()

    return started


def test_a_control_total_is_compared_and_in_every_report(tmp_path: Path, told: Said) -> None:
    code, said = told("run", "control-total.csv")
    assert code == 0 and said.count("control total") >= 2 and "35.45" in said
    [folder] = (tmp_path / "reports").iterdir()
    expected = {"row": 4, "currency": "USD", "rows": 2, "amount": 3545}
    assert json.loads((folder / "summary.json").read_text())["control_totals"] == [expected]
    assert "Control total of the file, in row 4" in (folder / "summary.html").read_text()
    code, said = told("run", "control-total.csv")  # the file is not read again
    assert code == 0 and "control total" in said
    assert json.loads((folder / "summary.json").read_text())["control_totals"] == [expected]


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_control_total_that_does_not_hold_refuses_the_file(command: str, told: Said) -> None:
    code, said = told(command, "control-total-wrong.csv")
    assert code == 2 and "35.45" in said and "95.00" in said and "control total" in said


def test_no_negative_amount_is_told_to_drop_its_sign(tmp_path: Path, told: Said) -> None:
    code, said = told("run", "negatives.csv")
    assert code == 1 and "alone" not in said
    [failed] = (tmp_path / "reports").glob("*/failed.csv")
    assert "alone" not in failed.read_text() and "write the amount" not in failed.read_text()


def test_a_total_that_was_rejected_is_not_paid_from_failed_csv(tmp_path: Path, told: Said) -> None:
    for name in ("sum-as-customer.csv", "total-as-customer.csv"):
        told("run", name)
    for failed in sorted((tmp_path / "reports").glob("*-as-customer-*/failed.csv")):
        [row] = [row for chunk in open_source(failed, InputOptions()).chunks() for row in chunk]
        assert row.request is None


def test_invisible_characters_are_named_with_their_places(told: Said) -> None:
    _, said = told("check", "invisible.csv")
    for hidden in (
        "u+200e at place 11 (left-to-right mark)",
        "u+00ad at place 8 (soft hyphen)",
        "u+200b at place 5 (zero width space)",
        "u+3164 at place 7 (hangul filler)",
        "u+fe0f at place 5 (variation selector-16)",
    ):
        assert hidden in said


def test_a_line_break_is_called_one(told: Said) -> None:
    _, said = told("check", "line-break.csv")
    assert "line break" in said and "invisible" not in said


def test_the_locale_that_reads_every_amount_is_named(told: Said) -> None:
    _, said = told("check", "swiss.csv")
    assert "--locale de_ch" in said and "de_de" not in said


def test_rounded_ids_are_called_so(told: Said) -> None:
    code, said = told("check", "rounded-ids.csv")
    assert code == 1 and "rounded" in said


@pytest.mark.parametrize(
    ("name", "option", "reading"),
    [("cyrillic.csv", "--encoding cp1251", "спасибо"), ("japanese.csv", "--encoding cp932", "ありがとう表")],
)
def test_the_encoding_is_offered_with_how_the_text_reads_in_it(
    told: Said, name: str, option: str, reading: str
) -> None:
    code, said = told("run", name)
    assert code == 2 and option in said and reading in said
    assert said.rstrip().splitlines()[-1].startswith(f"batch-credits run {CASES / name}".casefold())


def test_everything_that_is_unclear_is_said_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], told: Said
) -> None:
    assert run_command_line(["check", str(CASES / "everything.csv")]) == 2
    *said, command = capsys.readouterr().err.rstrip().splitlines()
    options = (
        "--encoding cp1252 --header-row 3 --map customer_id=Kundennummer --map amount=Betrag "
        "--map description=Buchungstext --locale de_DE --amount-unit major --currency CURRENCY --reference REFERENCE"
    )
    assert command == f"batch-credits check {CASES / 'everything.csv'} {options}"
    for option in options.removeprefix("--").split(" --"):
        assert any(line.strip().startswith(f"--{option}: ") for line in said)
    known = command.replace("CURRENCY", "EUR").replace("REFERENCE", "q3")
    assert run_command_line(shlex.split(known)[1:]) == 0
    assert "1,258.85 EUR" in capsys.readouterr().out


def test_rows_that_another_language_wrote_come_with_the_command_that_reads_them(
    capsys: pytest.CaptureFixture[str], told: Said
) -> None:
    assert run_command_line(["check", str(CASES / "swiss.csv")]) == 1
    command = capsys.readouterr().out.rstrip().splitlines()[-1]
    assert command.endswith("--locale de_CH --amount-unit major")
    assert run_command_line(shlex.split(command)[1:]) == 0


def test_another_spelling_of_a_reference_is_another_row(tmp_path: Path, told: Said) -> None:
    code, _ = told("run", "twins.csv")
    assert code == 1
    assert credited(tmp_path) == {"cust-1": "11.10", "cust-3": "7.05", "cust-5": "12.25", "cust-7": "9.95"}
    rejected = rejections(tmp_path)
    assert {row: found["credit_error_code"] for row, found in rejected.items()} == dict.fromkeys(
        (3, 5, 7), "reference_resembles"
    )
    assert all(f"(row {row - 1} of" in found["credit_error"] for row, found in rejected.items())
    assert "put together from parts" in rejected[5]["credit_error"]  # the two look the same


def test_another_spelling_of_a_reference_that_the_ledger_knows_is_another_row(tmp_path: Path, told: Said) -> None:
    assert told("run", "twins-first.csv")[0] == 0
    assert credited(tmp_path) == {"cust-1": "11.10", "cust-2": "24.35"}
    assert told("run", "twins-second.csv")[0] == 1
    assert credited(tmp_path) == {"cust-3": "7.05"}
    rejected = rejections(tmp_path)
    assert {row: found["credit_error_code"] for row, found in rejected.items()} == dict.fromkeys(
        (2, 3), "reference_resembles"
    )
    assert "is 'bonus q3' (row 2 of twins-first.csv)" in rejected[2]["credit_error"]
    assert "is 'pr\u00e4mie' (row 3 of twins-first.csv)" in rejected[3]["credit_error"]


def results(folder: Path) -> list[dict[str, str]]:
    """The rows of the results.csv that was written last."""
    newest = max((folder / "reports").glob("*/results.csv"), key=lambda path: path.stat().st_mtime_ns)
    with newest.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def credited(folder: Path) -> dict[str, str]:
    return {row["customer_id"]: row["amount"] for row in results(folder) if row["credit_outcome"] == "credited"}


def rejections(folder: Path) -> dict[int, dict[str, str]]:
    return {int(row["credit_row"]): row for row in results(folder) if row["credit_outcome"] == "rejected"}


SPELLINGS = [
    ("q4\u00a0bonus", "q4 bonus"),
    ("q4\u202fbonus", "q4 bonus"),
    ("q4\u2007bonus", "q4\u3000bonus"),
    ("caf\u00e9", "cafe\u0301"),
    ("\u00c5ngstr\u00f6m", "\u212bngstro\u0308m"),
    ("\ud55c\uae00", "\u1112\u1161\u11ab\uae00"),
    ("STRASSE", "stra\u00dfe"),
    ("\u03a3\u0399\u03a3", "\u03c3\u03b9\u03c2"),
    ("Bonus-Q4", "BONUS-q4"),
]
NO_SPELLINGS = [("bonus-q4", "bonus_q4"), ("bonus q4", "bonusq4"), ("resume", "r\u00e9sum\u00e9"), ("q1", "q\u00b9")]


def test_what_is_another_spelling_and_what_another_reference(tmp_path: Path, told: Said) -> None:
    path = tmp_path / "pairs.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(("customer_id", "amount", "currency_code", "reference", "description"))
        for number, pair in enumerate(SPELLINGS + NO_SPELLINGS):
            table.writerows((f"c-{number}", f"{number + 1}.2{at}", "USD", text, "d") for at, text in enumerate(pair))
    assert told("run", str(path))[0] == 1
    assert {*rejections(tmp_path)} == {3 + 2 * number for number in range(len(SPELLINGS))}
