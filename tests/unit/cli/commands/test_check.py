"""`check`: all of a file on one screen or in one document, without the ledger's lock."""

import csv
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from batch_credits.ledger import Ledger
from batch_credits.loader.opening import open_source
from batch_credits.planning.plan import stage
from batch_credits.settings import InputOptions

HEADER = "customer_id,amount,currency_code,description,credit_type,reference\n"
GOOD = "c-1,1050,USD,Loyalty,loyalty_credits,q3\nc-2,2000,USD,Loyalty,,q3\nc-3,300,JPY,Loyalty,,q3\n"
BAD = "c-4,10.50,USD,Loyalty,,q3\nc-5,11.50,USD,Loyalty,,q3\nc-1,1050,USD,Loyalty,loyalty_credits,q3\n,5,USD,x,,q3\n"


@pytest.fixture
def payout(tmp_path: Path) -> Path:
    path = tmp_path / "payout.csv"
    path.write_text(HEADER + GOOD + BAD)
    return path


def test_problems_grouped_totals_largest_rows_and_time(call: Any, payout: Path) -> None:
    code, out, err = call("check", "payout.csv", "--rate", "2", "--share", "0.5")
    assert (code, err) == (1, "")
    for said in (
        "! 2 rows: amount has decimals, first in row 5:",
        "! 1 row: reference duplicate, in row 7:",
        "By type    300 JPY, general (1 row)",
        "10.50 USD, loyalty_credits (1 row)",
        "20.00 USD in row 3",
        "1 requests a minute, so 2 min or more",
        "! 1 row: customer_id missing, in row 8: The customer_id is empty: fill it. [missing]",
    ):
        assert said in out


def test_the_document_has_stable_names(call: Any, payout: Path) -> None:
    code, out, _ = call("check", "payout.csv", "--json", "--site", "acme-test")
    found = json.loads(out)
    assert (code, found["exit_code"]) == (1, 1)
    assert sorted(found) == [
        "accepted", "batch", "columns", "control_totals", "counts", "currency_exponents", "customers", "duplicates",
        "exit_code", "file", "file_sha256", "largest", "live", "mends", "minutes_at_least", "notes", "origins",
        "problems", "refusal", "rejected", "rejected_csv", "requests_per_minute", "reversed", "rows",
        "site", "suggestions", "totals", "totals_by_credit_type", "totals_by_outcome",
        "unreadable_amounts", "warnings",
    ]  # fmt: skip
    assert (found["rows"], found["accepted"], found["rejected"], found["duplicates"]) == (7, 3, 4, 1)
    assert found["totals"] == {"JPY": {"rows": 1, "amount": 300}, "USD": {"rows": 4, "amount": 4105}}
    assert found["totals_by_credit_type"] == [
        {"currency": "JPY", "credit_type": "general", "rows": 1, "amount": 300},
        {"currency": "USD", "credit_type": "general", "rows": 1, "amount": 2000},
        {"currency": "USD", "credit_type": "loyalty_credits", "rows": 1, "amount": 1050},
    ]
    assert [(each["header"], each["field"]) for each in found["columns"]][:2] == [
        ("customer_id", "customer_id"), ("amount", "amount")
    ]  # fmt: skip
    assert found["largest"][0] == {"row": 4, "currency": "JPY", "amount": 300}
    first = found["problems"][0]
    assert (first["field"], first["code"], first["rows"], first["first_row"]) == ("amount", "amount_has_decimals", 2, 5)
    assert (found["site"], found["live"], found["requests_per_minute"]) == ("acme-test", False, 120)


def test_rejected_rows_are_written_privately_and_are_valid_input_once_mended(call: Any, payout: Path) -> None:
    _, out, _ = call("check", "payout.csv", "--json")
    rejected = Path(json.loads(out)["rejected_csv"])
    assert stat.S_IMODE(rejected.stat().st_mode) == 0o600
    with rejected.open(newline="") as text:
        rows = list(csv.DictReader(text))
    assert [(row["credit_row"], row["credit_outcome"], row["credit_error_code"]) for row in rows] == [
        ("5", "rejected", "amount_has_decimals"),
        ("6", "rejected", "amount_has_decimals"),
        ("7", "rejected", "duplicate"),
        ("8", "rejected", "missing"),
    ]
    mended = rejected.read_text().replace("10.50", "1050").replace("11.50", "1150")
    (payout.parent / "mended.csv").write_text(mended)
    code, out, _ = call("check", "mended.csv", "--json")
    assert (code, json.loads(out)["accepted"]) == (1, 3)
    payout.write_text(HEADER + "".join(GOOD))
    code, out, _ = call("check", "payout.csv", "--json")
    assert (code, json.loads(out)["rejected_csv"]) == (0, None)


def test_a_limit_that_does_not_hold_is_said_after_all_else(call: Any, payout: Path) -> None:
    code, out, err = call("check", "payout.csv", "--json", "--expect-rows", "8")
    found = json.loads(out)
    assert (code, found["exit_code"]) == (2, 2)
    assert "--expect-rows says 8, and the file has 7." in found["refusal"]
    assert found["refusal"] in err


def test_what_the_ledger_has_is_said_while_another_process_holds_it(call: Any, payout: Path, tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        source = open_source(payout, InputOptions())
        ledger.admission.admit(stage(ledger, source, "acme-test").batch_id)
        other = payout.with_name("other.csv")
        other.write_text(HEADER + "c-1,9999,USD,Loyalty,loyalty_credits,q3\nc-7,1,USD,Loyalty,,q3\n")
        code, out, _ = call("check", "other.csv", "--site", "acme-test")
        assert code == 1
        assert "already planned" in out
        assert "row 2 of payout.csv" in out
        assert call("check", "other.csv")[0] == 0
        assert [batch.file_name for batch in ledger.batches.all()] == ["payout.csv"]


def test_an_amount_that_stands_out_is_pointed_out(call: Any, tmp_path: Path) -> None:
    rows = "".join(f"c-{n},1000,USD,Loyalty,,q3\n" for n in range(30))
    (tmp_path / "payout.csv").write_text(HEADER + rows + "c-99,100000,USD,Loyalty,,q3\n")
    code, out, _ = call("check", "payout.csv")
    assert code == 0
    assert "Look at    row 32: 1,000.00 USD is 100 times the median of the file, 10.00 USD" in out


def test_a_control_file_that_does_not_hold_refuses_the_file(call: Any, payout: Path) -> None:
    control = payout.with_name("control.csv")
    control.write_text("currency,rows,total\nUSD,4,41.05\nJPY,1,300\n")
    assert call("check", "payout.csv", "--control", "control.csv")[0] == 1
    control.write_text("currency,rows,total\nUSD,4,41.06\nJPY,1,300\n")
    code, _, err = call("check", "payout.csv", "--control", "control.csv")
    assert code == 2
    assert "--control says USD 41.06, and the file's total is 41.05 USD (4105 as the file counts)" in err
    assert "2 rows have no readable amount" in err


def test_a_language_is_read_and_an_unknown_one_refused(call: Any, tmp_path: Path) -> None:
    (tmp_path / "de.csv").write_text(HEADER.replace(",", ";") + "c-1;1.234,50;EUR;d;;q3\n")
    code, out, _ = call("check", "de.csv", "--amount-unit", "major", "--locale", "de_DE")
    assert code == 0
    assert "Total      1,234.50 EUR" in out
    code, _, err = call("check", "de.csv", "--locale", "nowhere")
    assert code == 2
    assert "There is no locale 'nowhere'." in err
