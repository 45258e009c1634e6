from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import pytest

from batch_credits.ledger.runs import History
from batch_credits.model import BatchRecord, ControlTotal, Money, Outcome, ReportRow, RunRecord
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.writing import write_reports
from batch_credits.settings import InputOptions


def make_batch(**changes: Any) -> BatchRecord:
    fields: dict[str, Any] = {
        "batch_id": 1,
        "key": "ab12cd34" * 8,
        "site": "acme-test",
        "file_name": "payout.csv",
        "file_sha256": "cd" * 32,
        "headers": ("customer_id", "amount", "currency_code", "note"),
        "columns": {"customer_id": 0, "amount": 1, "currency_code": 2},
        "options_json": InputOptions(reference="q3").as_json(),
        "created_at": "2026-10-01T08:00:00+00:00",
        "rows_read": 0,
        "totals": {},
    }
    return BatchRecord(**(fields | changes))


def make_run(**changes: Any) -> RunRecord:
    fields: dict[str, Any] = {
        "run_id": 1,
        "started_at": "2026-10-01T08:00:00+00:00",
        "ended_at": "2026-10-01T08:12:31+00:00",
        "version": "0.2.0",
        "user": "finance",
        "requests": 12,
        "throttled": 2,
        "retries": 1,
        "stopped": None,
        "hosts": ("pay-1",),
    }
    return RunRecord(**(fields | changes))


def make_row(number: int, outcome: Outcome = Outcome.CREDITED, **changes: Any) -> ReportRow:
    fields: dict[str, Any] = {
        "row_number": number,
        "cells": (f"{number:05d}", "1250", "USD", ""),
        "outcome": outcome,
        "reference": "q3",
        "money": Money(1250, None, "USD"),
    }
    return ReportRow(**(fields | changes))


def totals_of(rows: Iterable[ReportRow]) -> dict[str, ControlTotal]:
    """What the loader would have counted."""
    totals: dict[str, ControlTotal] = {}
    for row in rows:
        if row.money is not None:
            totals.setdefault(row.money.currency_code or "", ControlTotal()).add(row.money)
    return totals


class Report(Protocol):
    def __call__(
        self, rows: list[ReportRow], run: RunRecord | None = ..., history: History | None = ..., **changes: Any
    ) -> Summary: ...


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """Write the reports of these rows, of a batch that is in balance unless told otherwise."""

    def write(
        rows: list[ReportRow], run: RunRecord | None = None, history: History | None = None, **changes: Any
    ) -> Summary:
        counted: dict[str, Any] = {"rows_read": len(rows), "totals": totals_of(rows)}
        told = history or History(runs=[run] if run else [], runs_in_all=1 if run else 0)
        return write_reports(make_batch(**(counted | changes)), told, lambda: iter(rows), tmp_path / "reports")

    return write
