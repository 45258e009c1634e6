"""What a ledger of many million credited rows costs: bytes of each row, and the time of all that reads it.

    python benchmarks/growth.py                            10,000,000 rows, ten of them still owed; some 8 GB of disk
    python benchmarks/growth.py --rows 1000000

The ledger has the real schema and is filled by SQL, since ten million credits cannot be sent in a minute. Each measure
is a process of its own, and its start-up is not counted.
"""

import argparse
import json
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from batch_credits.jobs.report import report_batch
from batch_credits.ledger import Ledger
from batch_credits.model import ControlTotal, NewBatch, RequestState
from batch_credits.planning.plan import Counted, plan_of
from batch_credits.settings import InputOptions

HEADERS = ("customer_id", "amount", "currency_code", "description", "credit_type", "reference")
OWED = 10
SLICE = 500_000
BYTES_A_ROW = 1_000  # asked for before anything is written: the ledger, the sorting of it, and the reports
KEY = "9" * 64


def build(path: Path, rows: int) -> None:
    """A ledger of one batch, all of it credited but the last ten rows."""
    with Ledger.open(path) as ledger:
        ledger.admission.begin(
            NewBatch(
                key=KEY,
                site="acme-test",
                file_name="payout.csv",
                file_sha256="0" * 64,
                headers=HEADERS,
                columns={header: index for index, header in enumerate(HEADERS)},
                options_json=InputOptions().as_json(),
            )
        )
        ledger.admission.finish(1, rows, {"USD": ControlTotal(rows, sum(100 + n % 5_000 for n in range(rows)))})
        ledger.admission.admit(1)
        ledger.runs.start(1)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -262144")
        found = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql <> ''")
        indexes = found.fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        for first in range(0, rows, SLICE):
            for statement in FILL:
                connection.execute(statement, {"first": first, "last": min(first + SLICE, rows) - 1, "rows": rows})
        connection.execute(
            "INSERT INTO identity SELECT site_id, customer_id, reference, request_id FROM credit_request"
            " ORDER BY site_id, customer_id, reference"
        )
        for _, statement in indexes:
            connection.execute(statement)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with Ledger.open(path) as ledger:  # what it seals it would have sealed after the run
        ledger.runs.end(1, requests=rows, throttled=0, retries=0, stopped=None)


# The customers come in no order, as in a real file.
_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)"
_CUSTOMER = "printf('cust-%08d', i * 7919 % :rows)"
_LAST = f"min(:last + 1, :rows - {OWED})"
FILL = (
    f"""INSERT INTO credit_request (request_id, site_id, kind, customer_id, reference, amount_minor, currency_code,
        credit_type, body, batch_id, row_number, state, attempts, credit_id, closing_balance, http_status, finished_at)
    {_NUMBERS} SELECT i + 1, 1, 'add', {_CUSTOMER}, printf('q3-%08d', i), 100 + i % 5000, 'USD', 'loyalty_credits',
        printf('customer_id=%s&amount=%d&currency_code=USD&description=Loyalty+credit+%d&credit_type=loyalty_credits'
               || '&reference=q3-%08d', {_CUSTOMER}, 100 + i % 5000, i, i),
        1, i + 2, iif(i < :rows - {OWED}, 'credited', 'pending'), i < :rows - {OWED},
        iif(i < :rows - {OWED}, hex(randomblob(8)), NULL), 100 + i % 5000, 200, 1790000000000 + i FROM n""",
    f"""INSERT INTO row (batch_id, row_number, cells, request_id)
    {_NUMBERS} SELECT 1, i + 2, json_array({_CUSTOMER}, CAST(100 + i % 5000 AS TEXT), 'USD', 'Loyalty credit ' || i,
        'loyalty_credits', printf('q3-%08d', i)), i + 1 FROM n""",
    f"""INSERT INTO entry (worker_id, at, first_attempt, last_attempt, first_finding, last_finding)
    SELECT max(worker_id), 1790000000000 + :last, :first + 1, {_LAST}, :first + 1, {_LAST} FROM worker""",
    f"""INSERT INTO attempt (request_id, run_id, generation, at, entry_id)
    {_NUMBERS} SELECT i + 1, 1, 0, 1790000000000 + i, 1 + :first / {SLICE} FROM n WHERE i < :rows - {OWED}""",
    f"""INSERT INTO finding (request_id, run_id, state, http_status, at)
    {_NUMBERS} SELECT i + 1, 1, 'credited', 200, 1790000000000 + i FROM n WHERE i < :rows - {OWED}""",
)


def opening(path: Path) -> None:
    Ledger.open(path).close()


def planning(path: Path) -> None:
    """What `run` shows of a batch that the ledger knows before it asks."""
    with Ledger.open(path) as ledger:
        batch = ledger.batches.one(KEY)
        plan = plan_of(ledger, Counted(batch.batch_id, KEY, batch.rows_read, batch.totals, is_new=False))
        assert plan.owed == OWED


def resuming(path: Path) -> None:
    """From the yes to the first page that is sent."""
    with Ledger.open(path) as ledger:
        ledger.runs.start(1)
        assert ledger.claims.unsettled(1)[RequestState.PENDING] == OWED
        assert len(ledger.claims.planned_page(1, RequestState.PENDING, 0, 500)) == OWED


def status(path: Path) -> None:
    with Ledger.open_for_reading(path) as ledger:
        for batch in ledger.batches.all():
            ledger.runs.last(batch.batch_id)
            assert sum(t.count for by in ledger.totals.known(batch.batch_id).values() for t in by.values())


def report(path: Path) -> None:
    with Ledger.open_for_reading(path) as ledger, tempfile.TemporaryDirectory(dir=path.parent) as folder:
        summary = report_batch(ledger, ledger.batches.one(KEY), Path(folder))
        assert summary.in_balance


MEASURES: dict[str, Callable[[Path], None]] = {
    function.__name__: function for function in (opening, planning, resuming, status, report)
}


def measure(name: str, path: Path) -> None:
    start, cpu = time.perf_counter(), time.process_time()
    MEASURES[name](path)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(json.dumps([seconds, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def print_bytes(path: Path, rows: int) -> None:
    with closing(sqlite3.connect(path)) as connection:
        try:
            sizes = connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY 1 ORDER BY 2 DESC").fetchall()
        except sqlite3.OperationalError:  # this SQLite cannot tell
            sizes = []
    print(f"\n  {path.stat().st_size / rows:7.1f} bytes a row in all")
    for name, size in sizes:
        if size / rows >= 0.1:
            print(f"  {size / rows:7.1f} {name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, help="where the ledger is built; removed afterwards")
    parser.add_argument("--measure", nargs=2, metavar=("NAME", "LEDGER"), help="what each process is called with")
    parser.add_argument("--build", type=Path, metavar="LEDGER", help="what the process that fills it is called with")
    chosen = parser.parse_args()
    if chosen.build:
        build(chosen.build, chosen.rows)
        return
    if chosen.measure:
        measure(chosen.measure[0], Path(chosen.measure[1]))
        return
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        if shutil.disk_usage(folder).free < chosen.rows * BYTES_A_ROW:
            parser.error(f"{folder} has too little room for {chosen.rows:,} rows: give fewer --rows")
        path = Path(folder) / "ledger.sqlite3"
        start = time.perf_counter()
        subprocess.run([sys.executable, __file__, "--rows", str(chosen.rows), "--build", str(path)], check=True)
        print(f"{chosen.rows:,} rows, {OWED} of them owed (built in {time.perf_counter() - start:.0f} s)\n")
        for name in MEASURES:
            command = [sys.executable, __file__, "--measure", name, str(path)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            seconds, cpu, mib = json.loads(done.stdout)
            speed = f"   {chosen.rows / seconds:,.0f} rows a second" if name == "report" else ""
            print(f"  {name:<10} {seconds:8.2f} s   {cpu:8.2f} s of CPU   peak {mib:4.0f} MiB{speed}")
        print_bytes(path, chosen.rows)


if __name__ == "__main__":
    main()
