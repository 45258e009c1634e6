"""One ledger without a site: admission, then claiming, journaling and recording in groups, then the reports.

    python benchmarks/ledger_alone.py PLACE ROWS GROUP

PLACE is a new ledger: a path, or a database's address. Rows are made beforehand, chunk by chunk, which is not counted.
Prints a JSON object: for each step its seconds, and how many of them this process had a CPU.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from batch_credits.chargebee.bodies import add_bodies
from batch_credits.jobs.report import report_batch
from batch_credits.ledger import Ledger
from batch_credits.loader.table import CHUNK_ROWS
from batch_credits.model import ControlTotal, Finding, Learned, NewBatch, PlannedCredit, RequestState
from batch_credits.model.address import place
from batch_credits.model.credit_requests import RequestColumns
from batch_credits.model.loaded import LoadedRows
from batch_credits.settings import InputOptions

HEADERS = ("customer_id", "amount", "currency_code", "description", "reference")
KEY = "9" * 64


class Spent:
    """Seconds by step, on the wall and of CPU."""

    def __init__(self) -> None:
        self.steps: dict[str, list[float]] = {}

    @contextmanager
    def on(self, step: str) -> Iterator[None]:
        """Count this block."""
        seconds, cpu = time.perf_counter(), time.process_time()
        yield
        so_far = self.steps.setdefault(step, [0.0, 0.0])
        so_far[0] += time.perf_counter() - seconds
        so_far[1] += time.process_time() - cpu


def chunk_of(first: int, count: int) -> tuple[LoadedRows, list[str]]:
    """So many rows, each of a customer of its own, and what would be sent for them."""
    numbers = range(first, first + count)
    columns: dict[str, list[Any]] = {
        "customer_id": [f"c{number:07d}" for number in numbers],
        "amount": [100 + number % 977 for number in numbers],
        "currency_code": ["USD"] * count,
        "description": ["thanks for your loyalty"] * count,
        "reference": ["q3-2026"] * count,
        "credit_type": ["general"] * count,
        "amount_in_decimal": [None] * count,
    }
    requests = RequestColumns(**columns)
    texts = (columns["customer_id"], map(str, columns["amount"]), *(columns[name] for name in HEADERS[2:]))
    return LoadedRows([n + 2 for n in numbers], list(zip(*texts, strict=True)), requests, []), add_bodies(requests)


def admit(ledger: Ledger, rows: int, spent: Spent) -> int:
    """Stage and admit a batch; its number."""
    columns = {header: index for index, header in enumerate(HEADERS)}
    options = InputOptions().as_json()
    batch = ledger.admission.begin(NewBatch(KEY, "bench", "rows.csv", "0" * 64, HEADERS, columns, options))
    for first in range(0, rows, CHUNK_ROWS):
        chunk, bodies = chunk_of(first, min(CHUNK_ROWS, rows - first))
        with spent.on("admission"):
            ledger.admission.stage_columns(batch, chunk, bodies)
    total = sum(100 + number % 977 for number in range(rows))
    with spent.on("admission"):
        ledger.admission.finish(batch, rows, {"USD": ControlTotal(rows, total)})
        ledger.admission.admit(batch)
    return batch


def journal(ledger: Ledger, batch: int, rows: int, group: int) -> None:
    """Send to nobody: each commit opens the attempts of a group and records the answers of the one before."""
    run = ledger.runs.start(batch)
    ledger.claims.claim(batch, run)
    after, answered = 0, list[Finding]()
    while page := ledger.claims.planned_page(batch, RequestState.PENDING, after, group):
        ledger.claims.commit(run, answered, page)
        answered, after = [_credited(credit) for credit in page], page[-1].request_id
    ledger.claims.commit(run, answered, [])
    ledger.runs.end(run, requests=rows, throttled=0, retries=0, stopped=None)


def _credited(credit: PlannedCredit) -> Finding:
    learned = Learned(http_status=200, credit_id=f"pc_{credit.request_id}", closing_balance="100")
    return Finding.about(credit, RequestState.CREDITED, learned, open_attempts=0)


def main(where: str, rows: int, group: int) -> None:
    """Measure one ledger."""
    spent = Spent()
    with Ledger.open(place(where)) as ledger:
        batch = admit(ledger, rows, spent)
        with spent.on("journal"):
            journal(ledger, batch, rows, group)
        with spent.on("report"), tempfile.TemporaryDirectory() as folder:
            summary = report_batch(ledger, ledger.batches.one(KEY), Path(folder))
    assert summary.in_balance
    print(json.dumps(spent.steps))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
