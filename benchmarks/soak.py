"""One run that goes on for long, watched from outside: does it keep its pace, and does it grow?

    python benchmarks/soak.py                        an hour at 3,500 credits a minute, 58 a second
    python benchmarks/soak.py --minutes 5 --json soak.json

The site is a process of its own that does next to no work, and notes when each call came. Every few seconds it samples
the run: memory, open files, CPU, the ledger and its WAL. Memory is judged by the pages that are of no file (heap and
stacks, also where they were swapped out), a median a window, by a line through the last two thirds: see judged.py.
Pages of libraries say nothing: they are the process's own or shared, as other programs begin and end.

Exit code 0: it holds. 1: it does not; the reasons are said. 3: too short to tell, and nothing else is wrong.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from end_to_end import write_rows
from judged import LEAK_BYTES_A_CREDIT, at, by_window, late_by, leaks, of_the_bound, straight
from rounds import machine

HERE = Path(__file__).parent
TICKS = os.sysconf("SC_CLK_TCK")
MOST_OF_THE_BOUND = 1.01
MOST_FILES_MORE = 2  # open at the end than after a third: a connection comes and goes
CLOCKS = 0.02  # seconds that a call may seem to come early, since two processes read the clock
KIB = 1024


@dataclass(frozen=True)
class Sample:
    """What is seen of a run at one moment."""

    seconds: float  # since it began to send
    credits: int  # that the site has answered
    resident: int  # bytes
    anonymous: int  # of no file: heap, stacks; also what of it was swapped out
    files: int
    cpu: float  # seconds so far
    ledger: int  # bytes of the file
    wal: int


@contextmanager
def site() -> Iterator[str]:
    """The base URL of a server that does next to no work, and notes when each call came."""
    command = [sys.executable, str(HERE / "echo_server.py"), "--arrivals"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"  # leaving closes its input, which ends it


def arrivals(base_url: str) -> list[float]:
    """When each call came since the last question."""
    with urllib.request.urlopen(f"{base_url}/arrivals", timeout=30) as answer:
        told: list[float] = json.load(answer)
    return told


def size(path: Path) -> int:
    """Bytes of a file; 0 if there is none."""
    return path.stat().st_size if path.exists() else 0


def sample(pid: int, seconds: float, credits: int, ledger: Path) -> Sample:
    """Look at a process and its ledger.

    Raises:
        OSError: it has ended.
    """
    process = Path(f"/proc/{pid}")
    kib: dict[str, int] = {}
    for each in (process / "smaps_rollup").read_text().splitlines()[1:]:
        name, _, rest = each.partition(":")
        kib[name] = int(rest.split()[0])
    user, system = (process / "stat").read_text().rpartition(")")[2].split()[11:13]
    return Sample(
        seconds=round(seconds, 3),
        credits=credits,
        resident=kib["Rss"] * KIB,
        anonymous=(kib["Anonymous"] + kib["Swap"]) * KIB,
        files=len(list((process / "fd").iterdir())),
        cpu=(int(user) + int(system)) / TICKS,
        ledger=size(ledger),
        wal=size(ledger.with_name(ledger.name + "-wal")),
    )


def watch(run: subprocess.Popen[bytes], base_url: str, ledger: Path, every: float) -> tuple[list[Sample], list[float]]:
    """Sample a run from its first call until it ends; the samples, and when each call came."""
    samples: list[Sample] = []
    came = arrivals(base_url)
    while run.poll() is None:
        time.sleep(every)
        came += arrivals(base_url)
        if not came:
            continue
        try:
            samples.append(sample(run.pid, time.monotonic() - came[0], len(came), ledger))
        except (OSError, KeyError):  # it is just ending, and has no memory any more
            break
        if len(samples) % 12 == 0:
            one = samples[-1]
            print(
                f"  {one.seconds:6.0f} s: {one.credits:,} credits, {one.anonymous / KIB**2:.1f} MiB, {one.files} files,"
                f" ledger {one.ledger / KIB**2:.1f} MiB and {one.wal / KIB**2:.1f} of WAL",
                file=sys.stderr,
                flush=True,
            )
    run.wait()
    return samples, came + arrivals(base_url)


def soak(folder: Path, rows: int, rate: int, window: float, every: float) -> tuple[list[Sample], list[float], int]:
    """A run of so many rows; its samples, when its calls came, its exit code."""
    file, ledger = write_rows(folder / "rows.csv", rows), folder / "ledger.sqlite3"
    with site() as base_url, (folder / "said").open("wb") as said:
        environment = {**os.environ, "CHARGEBEE_BASE_URL": base_url, "CHARGEBEE_API_KEY": "k"}
        environment |= {"CHARGEBEE_SITE": "bench", "BATCH_CREDITS_WINDOW": f"{window:g}"}
        command = [sys.executable, "-m", "batch_credits", "run", str(file), "--yes", "--rate", str(rate)]
        command += ["--share", "1", "--ledger", str(ledger), "--reports", str(folder / "reports"), "--no-progress"]
        run = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
        try:
            samples, came = watch(run, base_url, ledger, every)
        finally:
            if run.poll() is None:
                run.terminate()
            run.wait()
    if run.returncode:
        print((folder / "said").read_text(), file=sys.stderr)
    return samples, came, run.returncode


def judge(samples: list[Sample], came: list[float], limit: int, window: float, rows: int) -> dict[str, Any]:
    """What it comes to: figures, `wrong` (what does not hold) and `undecided` (what so short a time does not tell)."""
    samples = [one for one in samples if one.credits < rows]  # what follows is the report
    seconds = [one.seconds for one in samples]

    def windows(name: str) -> list[float]:
        return by_window(seconds, [getattr(one, name) for one in samples], window)

    credits, late = windows("credits"), late_by(came, limit, window)
    memory, held = leaks(credits, windows("anonymous"))
    growth, early_slope, late_slope = straight(credits, windows("ledger"))
    bound = of_the_bound(came, limit, window)
    files = windows("files")
    more = int(files[-1] - files[len(files) // 3]) if files else 0
    wrong, undecided = [], []
    if len(came) != rows:
        wrong.append(f"{len(came):,} calls for {rows:,} rows")
    if bound is None:
        undecided.append("pace")
    elif bound > MOST_OF_THE_BOUND:
        wrong.append(f"it took {bound:.4f} times what the limit makes it take")
    if late and min(late) < -CLOCKS:
        wrong.append(f"a call came {-min(late):.3f} s before the limit allowed it")
    for name, verdict, bad in (("memory", memory, "grows"), ("ledger", growth, "bent")):
        if verdict == bad:
            wrong.append(f"{name}: {verdict}")
        elif verdict == "undecided":
            undecided.append(name)
    if more > MOST_FILES_MORE:
        wrong.append(f"{more} more files open at the end")
    return {
        "of_the_bound": bound,
        "late_p50_s": at(0.5, late),
        "late_p99_s": at(0.99, late),
        "earliest_s": min(late, default=None),
        "calls_a_window": [sum(1 for x in came if int((x - came[0]) // window) == n) for n in range(len(credits) + 1)],
        "memory": memory,
        "memory_bytes_a_credit": held.slope,
        "memory_error": None if held.error == float("inf") else held.error,
        "memory_allowed": LEAK_BYTES_A_CREDIT,
        "memory_mib": [round(each / KIB**2, 2) for each in windows("anonymous")],
        "ledger": growth,
        "ledger_bytes_a_credit": [early_slope, late_slope],
        "wal_mib_most": max((one.wal for one in samples), default=0) / KIB**2,
        "files_more": more,
        "cpu_us_a_credit": (samples[-1].cpu - samples[0].cpu) / max(1, samples[-1].credits - samples[0].credits) * 1e6
        if samples
        else None,
        "wrong": wrong,
        "undecided": undecided,
    }


def main() -> None:
    """Soak, judge, write it down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="windows of the limit")
    parser.add_argument("--rate", type=int, default=3_500, help="credits a window")
    parser.add_argument("--window", type=float, default=60.0, help="seconds; a shorter one for a trial")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two samples")
    parser.add_argument("--json", type=Path, help="where to write what was found, with every sample")
    chosen = parser.parse_args()
    rows = max(1, int(chosen.rate * chosen.minutes)) + 1  # the last one waits for the whole of the last window
    with tempfile.TemporaryDirectory() as name:
        samples, came, code = soak(Path(name), rows, chosen.rate, chosen.window, chosen.every)
    found = judge(samples, came, chosen.rate, chosen.window, rows)
    if code:
        found["wrong"].append(f"the run ended with exit code {code}")
    about = {"machine": machine(), "rows": rows, "rate": chosen.rate, "window_s": chosen.window}
    if chosen.json:
        chosen.json.parent.mkdir(parents=True, exist_ok=True)
        kept = {**about, "found": found, "fields": [each.name for each in fields(Sample)]}
        kept["samples"] = [list(astuple(one)) for one in samples]
        chosen.json.write_text(json.dumps(kept) + "\n")
    for key, value in {**about, **found}.items():
        print(f"{key}: {value}")
    sys.exit(1 if found["wrong"] else 3 if found["undecided"] else 0)


if __name__ == "__main__":
    main()
