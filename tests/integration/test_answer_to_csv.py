"""What an answer says reaches results.csv, cell by cell, through the pool, the journal, the ledger and the reporter."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from batch_credits.chargebee.answers import Answer
from batch_credits.jobs.report import report_batch
from batch_credits.ledger import Ledger
from tests.integration.test_pilot import FAST, Bench

SETTINGS = replace(FAST, pilot=0, wait=False, early_look_seconds=(0.0,), max_attempts=1)


def refusal(status: int, **document: str) -> Answer:
    return Answer(status, {}, orjson.dumps({"type": "invalid_request", **document}))


WRONG_VALUE = {"api_error_code": "param_wrong_value", "message": "amount : too much", "param": "amount"}
CASES = {
    "a parameter": (
        refusal(400, **WRONG_VALUE), ("failed", "param_wrong_value", "amount", "amount : too much", "400", "1")
    ),
    "no parameter": (
        refusal(404, api_error_code="resource_not_found", message="no customer"),
        ("failed", "resource_not_found", "", "no customer", "404", "1"),
    ),
    "busy": (
        refusal(429, api_error_code="lock_timeout", message="another call"),
        ("pending", "lock_timeout", "", "another call", "429", "1"),
    ),
    "an error of the site's": (
        refusal(500, api_error_code="internal_error", message="oh"),
        ("in_doubt", "internal_error", "", None, "500", "1"),
    ),
    "no proof": (Answer(502, {}, b"<html>"), ("in_doubt", "", "", None, "502", "1")),
}  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        yield Bench(ledger)


def results(bench: Bench, reports: Path) -> list[dict[str, str]]:
    [batch] = bench.ledger.batches.all()
    report_batch(bench.ledger, batch, reports)
    [path] = reports.glob("*/results.csv")
    with path.open(newline="", encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize(("answer", "cells"), CASES.values(), ids=CASES)
def test_what_an_answer_says(
    bench: Bench, tmp_path: Path, answer: Answer, cells: tuple[str | None, ...]
) -> None:
    bench.plan(2)
    bench.site.answers["c-2"] = answer
    bench.run(SETTINGS)
    row, other = results(bench, tmp_path / "reports")
    names = ("outcome", "error_code", "error_param", "error", "http_status", "attempts")
    found = dict(zip(names, (row[f"credit_{name}"] for name in names), strict=True))
    assert {name: text for name, text in found.items() if cells[names.index(name)] is not None} == {
        name: text for name, text in zip(names, cells, strict=True) if text is not None
    }
    assert found["error"]
    assert (row["customer_id"], row["credit_id"], row["credit_reference"]) == ("c-2", "", "q3")
    assert (other["credit_outcome"], other["credit_id"], other["credit_error"]) == ("credited", "cr-0", "")
    assert (other["credit_http_status"], other["credit_attempts"]) == ("200", "1")


def test_the_balance_that_an_answer_names(bench: Bench, tmp_path: Path) -> None:
    bench.plan(1)
    item = {"id": "cr-7", "customer_id": "c-2", "type": "increment", "amount": 102, "currency_code": "USD"}
    item |= {"reference": "q3", "closing_balance": 1234}
    bench.site.answers["c-2"] = Answer(200, {}, orjson.dumps({"promotional_credit": item}))
    bench.run(SETTINGS)
    [row] = results(bench, tmp_path / "reports")
    assert (row["credit_outcome"], row["credit_id"], row["credit_closing_balance"]) == ("credited", "cr-7", "1234")
