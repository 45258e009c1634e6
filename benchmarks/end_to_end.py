"""A whole durable run beside a bare tuned aiohttp loop, in one go, against a server that does next to no work.

    python benchmarks/end_to_end.py --rows 100000 --rounds 3

Prints rows a second of both, round by round, and the median of the ratio: absolute figures of a shared machine say
little. A round of ours is the command from its first row read to its last report written; `sending` is that part of
it which the bare loop does too.
"""

import argparse
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent


def write_rows(path: Path, rows: int) -> None:
    """A payout of so many customers."""
    with path.open("w", encoding="utf-8") as stream:
        stream.write("customer_id,amount,currency_code,description,reference\n")
        for number in range(rows):
            stream.write(f"c{number:07d},{100 + number % 977},USD,thanks for your loyalty,q3-2026\n")


def bare(base_url: str, path: Path, concurrency: int) -> float:
    """Rows a second of the bare loop."""
    command = [sys.executable, str(HERE / "bare_loop.py"), base_url, str(path), str(concurrency)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def ours(base_url: str, path: Path, concurrency: int, folder: Path) -> tuple[float, float]:
    """Rows a second of a whole run, and of its sending alone."""
    ledger = folder / f"{time.monotonic_ns()}.sqlite3"
    command = [sys.executable, "-m", "batch_credits", "run", str(path), "--yes", "--quiet", "--rate", "0"]
    command += ["--concurrency", str(concurrency), "--ledger", str(ledger), "--reports", str(folder / "reports")]
    environment = {**os.environ, "CHARGEBEE_BASE_URL": base_url, "CHARGEBEE_API_KEY": "k", "CHARGEBEE_SITE": "bench"}
    began = time.perf_counter()
    subprocess.run(command, check=True, env=environment)
    seconds = time.perf_counter() - began
    connection = sqlite3.connect(ledger)
    started, ended = connection.execute("SELECT started_at, ended_at FROM run").fetchone()
    rows = connection.execute("SELECT count(*) FROM credit_request WHERE state = 'credited'").fetchone()[0]
    connection.close()
    return rows / seconds, rows / ((ended - started) / 1000)


def main() -> None:
    """Race them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=100)
    chosen = parser.parse_args()
    server = subprocess.Popen(
        [sys.executable, str(HERE / "echo_server.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None and server.stdin is not None
    base_url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
    ratios = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "rows.csv"
        write_rows(path, chosen.rows)
        for _ in range(chosen.rounds):
            ceiling = bare(base_url, path, chosen.concurrency)
            whole, sending = ours(base_url, path, chosen.concurrency, folder)
            ratios.append(sending / ceiling)
            print(f"bare {ceiling:,.0f}   ours: sending {sending:,.0f}, whole run {whole:,.0f} rows/s", flush=True)
    server.stdin.close()
    server.wait()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"sending / bare: median {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    print(f"peak memory of any process: {peak:.0f} MiB")


if __name__ == "__main__":
    main()
