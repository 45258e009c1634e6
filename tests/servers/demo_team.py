"""`make demo-team`: one batch on three workers that share a ledger in PostgreSQL, and one of them killed half-way.

All of it is of this machine and of PyPI: PostgreSQL from a wheel, a simulated Chargebee. Nothing is left but reports.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from batch_credits.ledger import Ledger
from batch_credits.model.address import place
from batch_credits.views.workers import workers_view
from tests.servers.postgres import programs, server

ROWS = 900
KILLED_AFTER = ROWS // 3  # credits
END_SECONDS = 120.0
REPORTS = Path("reports")
COMMAND = [sys.executable, "-m", "batch_credits"]
# Short, so that the demo is: a lost worker is given up after two seconds instead of a minute.
QUICK = {"BATCH_CREDITS_LEASE": "2", "BATCH_CREDITS_QUARANTINE": "3", "BATCH_CREDITS_TIMEOUT": "2"}
SLOWLY = ["--rate", "0", "--concurrency", "4"]


def main() -> int:
    """Play it. Returns the exit code of the run."""
    with tempfile.TemporaryDirectory(prefix="batch-credits-demo-") as folder, server() as postgres:
        [[version]] = postgres.tell("SHOW server_version")
        print(f"PostgreSQL {version} from {programs()}, on port {postgres.port}, for as long as this takes", flush=True)
        file = _payout(Path(folder))
        with _sandbox() as site:
            environment = {**os.environ, **QUICK, "CHARGEBEE_BASE_URL": site, "CHARGEBEE_API_KEY": "demo"}
            environment |= {"CHARGEBEE_SITE": "demo-test", "BATCH_CREDITS_LEDGER": postgres.database()}
            return _play(file, site, environment)


def _play(file: Path, site: str, environment: dict[str, str]) -> int:
    detach = [*COMMAND, "run", str(file), "--yes", *SLOWLY, "--detach", "--quiet"]
    subprocess.run(detach, env=environment, check=True)
    workers = [
        subprocess.Popen([*COMMAND, "work", *SLOWLY, "--quiet"], env=environment, start_new_session=True)
        for _ in range(2)
    ]
    for number, worker in enumerate(workers, 2):
        print(f"worker {number} of 3 is process {worker.pid}", flush=True)
    run = subprocess.Popen(
        [*COMMAND, "run", str(file), "--yes", *SLOWLY, "--reports", str(REPORTS), "--no-progress", "--quiet"],
        env=environment,
    )
    print(f"worker 1 of 3 is process {run.pid}, which follows the batch and writes the reports", flush=True)
    try:
        doomed = workers[0]
        _wait_until_it_works(doomed.pid, site, environment)
        doomed.kill()
        doomed.wait()
        print(f"killed worker 2 of 3 (process {doomed.pid}) half-way; the others take over what it had", flush=True)
        code = run.wait(END_SECONDS)
        credits = _truth(site)
        print(f"{len(credits)} credited, {len(credits) - len(set(credits))} of them twice", flush=True)
        [*_, results] = sorted(REPORTS.glob("demo-team-*/results.csv"), key=lambda path: path.stat().st_mtime)
        print(f"the report: {results}", flush=True)
        return code
    finally:
        for worker in (*workers, run):
            if worker.poll() is None:
                worker.send_signal(signal.SIGTERM)
        for worker in (*workers, run):
            worker.wait()


def _wait_until_it_works(pid: int, site: str, environment: dict[str, str]) -> None:
    """Until a third is credited, and this worker has something in hand."""
    until = time.monotonic() + END_SECONDS
    while time.monotonic() < until:
        if len(_truth(site)) >= KILLED_AFTER:
            with Ledger.open_for_reading(place(environment["BATCH_CREDITS_LEDGER"])) as ledger:
                if any(each.shards and each.pid == pid for each in workers_view(ledger)):
                    return
        time.sleep(0.1)


def _payout(folder: Path) -> Path:
    file = folder / "demo-team.csv"
    lines = [f"c-{number},{100 + number},USD,Loyalty,demo" for number in range(ROWS)]
    file.write_text("\n".join(["customer_id,amount,currency_code,description,reference", *lines, ""]))
    return file


@contextmanager
def _sandbox() -> Iterator[str]:
    """A simulated Chargebee, which answers after a while. Gives its address."""
    command = [*COMMAND, "sandbox", "--port", "0", "--faults", "latency_ms=40"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip().rpartition(" ")[2]
        finally:
            process.kill()


def _truth(site: str) -> list[tuple[str, str]]:
    """Who was credited for what, by the site's own account."""
    with urllib.request.urlopen(f"{site}/_sandbox/truth", timeout=30) as answer:
        return [(credit["customer_id"], credit["reference"]) for credit in json.load(answer)["credits"]]


if __name__ == "__main__":
    raise SystemExit(main())
