"""A whole durable run beside a bare tuned aiohttp loop, in one go, against a server that does next to no work.

    python benchmarks/end_to_end.py --rows 100000 --rounds 3
    python benchmarks/end_to_end.py --processes 2                  beside the same bare loop, which has one core
    python benchmarks/end_to_end.py --sync-ms 5                    beside the same run on the disk as it is
    python benchmarks/end_to_end.py --rows 1000000 --rounds 1      by phase

Prints rows a second of both, round by round, and the median of the ratio: absolute figures of a shared machine say
little. A round of ours is the command from its start to its last report written; `sending` is that part of it which
the bare loop does too.
"""

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from rounds import spread

HERE = Path(__file__).parent
FIRST_POST_ROWS = 100  # of the small file
PHASES = ("plan", "progress_started", "progress_ended")  # the events that end one


@dataclass(frozen=True)
class Round:
    """One run: rows a second, CPU and memory. `phases` are seconds: to the plan, to admit, to send, to report."""

    sending: float
    whole: float
    microseconds: float  # of CPU a row, in the run's own process
    shard_microseconds: float  # the same in all its shards
    peak_mib: float  # of the largest process
    commits: int
    phases: tuple[float, ...]


def write_rows(path: Path, rows: int) -> Path:
    """A payout of so many customers."""
    with path.open("w", encoding="utf-8") as stream:
        stream.write("customer_id,amount,currency_code,description,reference\n")
        for number in range(rows):
            stream.write(f"c{number:07d},{100 + number % 977},USD,thanks for your loyalty,q3-2026\n")
    return path


@contextmanager
def echo_server() -> Iterator[str]:
    """The base URL of a server that does next to no work."""
    command = [sys.executable, str(HERE / "echo_server.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"  # leaving closes its input, which ends it


def bare(base_url: str, file: Path, concurrency: int, *, close: bool = False) -> tuple[float, float]:
    """Rows a second of the bare loop, and microseconds of CPU a row; `close`: with a connection for each request."""
    command = [sys.executable, str(HERE / "bare_loop.py"), base_url, str(file), str(concurrency)]
    command += ["--close"] if close else []
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return told["rows"] / told["seconds"], told["cpu"] / told["rows"] * 1e6


def ours(
    base_url: str,
    file: Path,
    concurrency: int,
    folder: Path,
    *,
    processes: int = 1,
    sync_ms: float = 0.0,
    documented: bool = False,
) -> Round:
    """One whole run, with a ledger of its own; `documented`: by the transport for any version of aiohttp."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        own = Path(name)
        began = time.time()
        program = [str(HERE / "measured.py"), str(own / "cost.json"), str(sync_ms)]
        program += ["--documented"] if documented else []
        said = _run(program, base_url, file, own, "--concurrency", str(concurrency), "--processes", str(processes))
        ended = time.time()
        cost = json.loads((own / "cost.json").read_text())
        connection = sqlite3.connect(own / "ledger.sqlite3")
        started_ms, ended_ms = connection.execute("SELECT started_at, ended_at FROM run").fetchone()
        [rows] = connection.execute("SELECT count(*) FROM credit_request WHERE state = 'credited'").fetchone()
        connection.close()
    events = [json.loads(line) for line in said.splitlines()]
    ends = {event["event"]: datetime.fromisoformat(event["at"]).timestamp() for event in events}
    moments = [began, *(ends[name] for name in PHASES), ended]
    return Round(
        sending=rows / ((ended_ms - started_ms) / 1000),
        whole=rows / (ended - began),
        microseconds=cost["cpu"] / rows * 1e6,
        shard_microseconds=cost["shards_cpu"] / rows * 1e6,
        peak_mib=max(cost["peak_mib"], cost["shard_peak_mib"]),
        commits=cost["commits"],
        phases=tuple(later - earlier for earlier, later in pairwise(moments)),
    )


def _run(program: list[str], base_url: str, file: Path, folder: Path, *options: str) -> str:
    """Run the command in this folder; what it said to stderr."""
    command = [sys.executable, *program, "run", str(file), "--yes", "--rate", "0", "--log-format", "json", *options]
    command += ["--ledger", str(folder / "ledger.sqlite3"), "--reports", str(folder / "reports")]
    environment = {**os.environ, "CHARGEBEE_BASE_URL": base_url, "CHARGEBEE_API_KEY": "k", "CHARGEBEE_SITE": "bench"}
    return subprocess.run(command, check=True, env=environment, capture_output=True, text=True).stderr


def seconds_to_first_post(base_url: str, folder: Path) -> float:
    """From the start of the command to the first POST of a small file that arrives."""
    file = write_rows(folder / "small.csv", FIRST_POST_ROWS)
    _first_post(base_url)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        began = time.monotonic()
        _run(["-m", "batch_credits"], base_url, file, Path(name))
    told = _first_post(base_url)
    assert told["posts"] == FIRST_POST_ROWS, told
    return told["first_post"] - began


def _first_post(base_url: str) -> dict[str, float]:
    with urllib.request.urlopen(f"{base_url}/first_post", timeout=30) as answer:
        told: dict[str, float] = json.load(answer)
    return told


def show(name: str, one: Round, rows: int) -> None:
    load, admit, send, report = one.phases
    shards = f" and {one.shard_microseconds:.0f} in all shards" if one.shard_microseconds else ""
    print(
        f"{name}: sending {one.sending:,.0f}, whole run {one.whole:,.0f} rows/s; CPU {one.microseconds:.0f} us a row"
        f"{shards}; peak {one.peak_mib:.0f} MiB"
    )
    commits = "" if shards else f"; {one.commits:,} commits, {one.commits / rows:.4f} a row"
    print(
        f"   start, load and validate {load:.1f} s, admit {admit:.1f} s, send {send:.1f} s, report {report:.1f} s"
        f"{commits}",
        flush=True,
    )


def main() -> None:
    """Race them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=100)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--sync-ms", type=float, default=0.0, help="what every group commit takes longer; one process")
    chosen = parser.parse_args()
    if chosen.sync_ms and chosen.processes > 1:
        parser.error("--sync-ms slows the commits of one process only")
    ratios = []
    with echo_server() as base_url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = write_rows(folder / "rows.csv", chosen.rows)
        for _ in range(chosen.rounds):
            if chosen.sync_ms:
                base = ours(base_url, file, chosen.concurrency, folder)
                show("the disk as it is", base, chosen.rows)
                ceiling = base.sending
            else:
                ceiling, microseconds = bare(base_url, file, chosen.concurrency)
                print(f"bare: {ceiling:,.0f} rows/s; CPU {microseconds:.0f} us a row", flush=True)
            one = ours(base_url, file, chosen.concurrency, folder, processes=chosen.processes, sync_ms=chosen.sync_ms)
            show(f"{chosen.sync_ms:g} ms more a commit" if chosen.sync_ms else "ours", one, chosen.rows)
            ratios.append(one.sending / ceiling)
        first = [seconds_to_first_post(base_url, folder) for _ in range(chosen.rounds)]
    against = "the disk as it is" if chosen.sync_ms else "bare"
    print(f"sending / {against}: {spread(ratios)}")
    print(f"from the start to the first POST of {FIRST_POST_ROWS} rows: {spread(first)} s")


if __name__ == "__main__":
    main()
