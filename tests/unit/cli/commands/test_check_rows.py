"""`check --json --rows-page`: the file's rows, as they would be sent or why they are not."""

import json
from pathlib import Path
from typing import Any

import pytest

from batch_credits.ledger import Ledger
from batch_credits.loader.opening import open_source
from batch_credits.model import Finding, Learned, RequestState
from batch_credits.planning.plan import stage
from batch_credits.settings import InputOptions
from batch_credits.views import listed

HEADER = "customer_id,amount,currency_code,description,credit_type,reference\n"


def page(call: Any, number: int, *options: str) -> dict[str, Any]:
    _, out, _ = call("check", "payout.csv", "--json", "--rows-page", str(number), *options)
    found: dict[str, Any] = json.loads(out)["listed"]
    return found


def test_what_each_row_asks_for_and_what_is_wrong_with_it(call: Any, tmp_path: Path) -> None:
    rows = (
        'c-1,10.50,USD,Loyalty & more,loyalty_credits,q3\n="00123",20,,,,\n,"1,5",EUR,d,,q\n\nc-1,1,USD,d,,q3\n'
    )
    (tmp_path / "payout.csv").write_text(HEADER + rows)
    options = ("--amount-unit", "major", "--reference", "r-1", "--description", "Thanks", "--currency", "USD")
    found = page(call, 1, *options)
    assert (found["page"], found["pages"]) == (1, 1)
    first, second, third, fourth = found["rows"]
    assert first == {
        "row": 2, "customer_id": "c-1", "amount": 1050, "amount_in_decimal": None, "currency_code": "USD",
        "words": "10.50 USD", "reference": "q3", "description": "Loyalty & more", "credit_type": "loyalty_credits",
        "outcome": "pending", "credit_id": None, "error_code": None, "error": "", "problems": [],
    }  # fmt: skip
    assert [second[name] for name in ("customer_id", "words", "reference", "description", "credit_type")] == [
        "00123", "20.00 USD", "r-1", "Thanks", "general",
    ]  # fmt: skip
    assert (third["row"], third["outcome"], third["words"], third["amount"]) == (4, "rejected", "", None)
    assert [(each["field"], each["code"], each["value"]) for each in third["problems"]] == [
        ("customer_id", "missing", ""), ("amount", "amount_has_separators", "1,5"),
    ]  # fmt: skip
    assert all(each["message"].endswith(".") for each in third["problems"])
    assert (fourth["row"], fourth["customer_id"], fourth["reference"], fourth["amount"]) == (6, "c-1", "q3", 100)
    assert [each["code"] for each in fourth["problems"]] == ["duplicate"]


def test_pages_follow_each_other_without_a_gap(call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed, "ROWS_A_PAGE", 3)
    rows = "".join(f"c-{n},{n},USD,d,,q3\n" + "\n" * (n % 3 == 0) for n in range(8))
    (tmp_path / "payout.csv").write_text(HEADER + rows)
    found = [page(call, number) for number in (1, 2, 3, 4)]
    assert [(each["page"], each["pages"], len(each["rows"])) for each in found] == [
        (1, 3, 3), (2, 3, 3), (3, 3, 2), (4, 3, 0),
    ]  # fmt: skip
    assert [row["customer_id"] for each in found for row in each["rows"]] == [f"c-{n}" for n in range(8)]


def test_what_the_ledger_knows_of_a_row(call: Any, tmp_path: Path) -> None:
    path = tmp_path / "payout.csv"
    path.write_text(HEADER + "c-1,5,USD,d,,q3\n")
    with Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        batch = stage(ledger, open_source(path, InputOptions()), "acme-test").batch_id
        ledger.admission.admit(batch)
        [credit] = ledger.claims.planned_page(batch, RequestState.PENDING, 0, 1)
        run = ledger.runs.start(batch)
        ledger.claims.commit(run, [], [credit], "{}")
        learned = Learned(credit_id="cr-7")
        credit.credit_id, credit.open_attempts = "cr-7", 0
        ledger.claims.commit(run, [Finding.about(credit, RequestState.CREDITED, learned)], [])
    path.write_text(HEADER + "c-2,7,USD,d,,q3\nc-1,5,USD,d,,q3\n")
    found = page(call, 1, "--site", "acme-test")["rows"]
    assert [(row["outcome"], row["credit_id"]) for row in found] == [("pending", None), ("already_credited", "cr-7")]


def test_a_cell_is_bounded(call: Any, tmp_path: Path) -> None:
    (tmp_path / "payout.csv").write_text(HEADER + f"{'c' * 9_000},5,USD,d,,q3\n")
    [row] = page(call, 1)["rows"]
    assert len(row["customer_id"]) == len(row["problems"][0]["value"]) == listed.MAX_LETTERS


def test_without_a_page_none_is_listed_and_without_the_document_there_is_none(call: Any, tmp_path: Path) -> None:
    (tmp_path / "payout.csv").write_text(HEADER + "c-1,5,USD,d,,q3\n")
    assert "listed" not in json.loads(call("check", "payout.csv", "--json")[1])
    code, out, err = call("check", "payout.csv", "--rows-page", "1")
    assert (code, out) == (2, "") and err.rstrip().endswith("batch-credits check payout.csv --rows-page 1 --json")
    assert call("check", "payout.csv", "--json", "--rows-page", "0")[0] == 2
