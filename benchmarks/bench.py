"""All benchmarks, by one command: who is compared takes turns in the same round, and is divided by that round's base.

    python benchmarks/bench.py                    100,000 rows sent, 1,000,000 loaded and reported, three rounds
    python benchmarks/bench.py --quick            fewer rows
    python benchmarks/bench.py --show benchmarks/results/0.2.0.json     the table of an earlier run

Writes benchmarks/results/VERSION.json, and its table into docs/speed.md. Another part is a function in PARTS: it takes
one round of its turns, and notes them.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import growth
import load
import page
import start
from end_to_end import bare, echo_server, ours, write_rows
from rivals import Missing, race
from rounds import RESULTS, ROOT, Turns, about, read, write

BARE, CLOSING = "bare aiohttp loop, tuned", "bare aiohttp loop, a connection for each request"
SYNC_MS = 5.0
RIVALS = (  # what it is called here, its name in rivals.py, rows of a long run, threads
    ("`curl --parallel`, 100 at once (checks the status alone)", "curl", 20_000, 100),
    ("`requests`, 100 threads", "requests", 2_000, 100),
    ("newman", "newman", 200, 1),
    ("vendor's SDK, in sequence", "sdk", 200, 1),
    ("vendor's SDK, 20 threads", "sdk", 400, 20),
)


@dataclass
class Bench:
    """What a part needs: sizes, a folder, a server that does next to no work, and where turns are noted."""

    rows: int  # sent in each turn
    loaded: int  # rows of a CSV file
    excel: int  # rows of a workbook
    ledger: int  # rows of a large ledger; 0: none is built
    rivals: bool
    concurrency: int
    folder: Path
    base_url: str
    turns: Turns = field(default_factory=Turns)
    left_out: set[str] = field(default_factory=set)


def sending(bench: Bench) -> None:
    """The loops and the command: as it is, by the documented transport, on a slow disk, in two processes."""
    file = write_rows(bench.folder / "rows.csv", bench.rows)
    about_run = (bench.base_url, file, bench.concurrency)
    for name, close in ((BARE, False), (CLOSING, True)):
        rate, microseconds = bare(*about_run, close=close)
        bench.turns.add(name, bench.rows, bench.rows / rate, microseconds * bench.rows / 1e6, base=BARE)
    one = ours(*about_run, bench.folder)
    documented = ours(*about_run, bench.folder, documented=True)
    slow = ours(*about_run, bench.folder, sync_ms=SYNC_MS)
    two = ours(*about_run, bench.folder, processes=2)
    for name, turn, base in (
        ("sending", one, BARE),
        ("sending, documented transport", documented, CLOSING),
        ("sending, two processes", two, BARE),
        (f"sending, {SYNC_MS:g} ms more a commit", slow, "sending"),
    ):
        bench.turns.add(name, bench.rows, bench.rows / turn.sending, None, base=base)
    for name, turn in (
        ("whole run", one),
        ("whole run, documented transport", documented),
        ("whole run, two processes", two),
    ):
        cpu = (turn.microseconds + turn.shard_microseconds) * bench.rows / 1e6
        base = CLOSING if turn is documented else BARE
        bench.turns.add(name, bench.rows, bench.rows / turn.whole, cpu, base=base, peak_mib=turn.peak_mib)


def rivals(bench: Bench) -> None:
    """Whatever else adds credits; slow, hence of fewer rows."""
    for title, name, most, threads in RIVALS if bench.rivals else ():
        rows = min(most, bench.rows)
        try:
            rate = race(name, bench.base_url, write_rows(bench.folder / f"{name}.csv", rows), threads)
        except Missing as missing:
            bench.left_out.add(str(missing))
            continue
        bench.turns.add(title, rows, rows / rate, None, base=BARE)


def loading(bench: Bench) -> None:
    """A file that is loaded, beside pandas' own reading of it."""
    csv_file, workbook = bench.folder / "payout.csv", bench.folder / "payout.xlsx"
    if not csv_file.exists():
        load.write_files(bench.folder, bench.loaded, bench.excel)
    sides = (("pandas_csv", csv_file, "CSV", bench.loaded), ("pandas_excel", workbook, "a workbook", bench.excel))
    for base, file, kind, rows in sides:
        names = {
            base: f"pandas reads {kind}",
            "validate": f"load and validate {kind}",
            "admit": f"load and admit {kind}",
        }
        for measure, name in names.items():
            told = load.measure(measure, file)
            about_it = {"base": names[base], "peak_mib": told["mib"]}
            bench.turns.add(name, rows, told["seconds"], told["cpu"], **about_it)


def large_ledger(bench: Bench) -> None:
    """What reads a ledger of many credited rows: each command's share, and the reports."""
    ledger, program = bench.folder / "large.sqlite3", [sys.executable, growth.__file__, "--rows", str(bench.ledger)]
    if not bench.ledger:
        return
    if not ledger.exists():
        subprocess.run([*program, "--build", str(ledger)], check=True)
    for name in growth.MEASURES:
        command = [*program, "--measure", name, str(ledger)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        seconds, cpu, mib = json.loads(done.stdout)
        title = f"{name} of a large ledger" if name != "report" else "report"
        bench.turns.add(title, bench.ledger, seconds, cpu, peak_mib=mib)


def starting(bench: Bench) -> None:
    """How long a person waits before anything happens."""
    [(_, asked)] = start.measure(1, {"this": ROOT}).items()
    for what, [figure] in asked.items():
        bench.turns.add(f"start: {what}", 1, figure["seconds"], figure["cpu"])


PARTS: tuple[Callable[[Bench], None], ...] = (sending, starting, rivals, loading, large_ledger)


def main() -> None:
    """Take the rounds, keep them, write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="20,000 rows sent, 200,000 loaded and reported")
    parser.add_argument("--rows", type=int, help="sent in each turn")
    parser.add_argument("--loaded", type=int, help="rows of a CSV file; of a workbook a tenth; of a large ledger")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=100)
    parser.add_argument("--no-rivals", action="store_true")
    parser.add_argument("--results", type=Path, help="[default: benchmarks/results/VERSION.json]")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "speed.md", help="where its table goes")
    parser.add_argument("--show", type=Path, metavar="RESULTS", help="only print the table of these")
    chosen = parser.parse_args()
    if chosen.show:
        print(page.table(*read(chosen.show)), end="")
        return
    rows = chosen.rows or (20_000 if chosen.quick else 100_000)
    loaded = chosen.loaded or (200_000 if chosen.quick else 1_000_000)
    told = about(chosen.rounds)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        base_url = stack.enter_context(echo_server())
        sizes = (rows, loaded, max(1, loaded // 10), loaded, not chosen.no_rivals, chosen.concurrency)
        bench = Bench(*sizes, folder, base_url)
        for number in range(chosen.rounds):
            print(f"round {number + 1} of {chosen.rounds}", file=sys.stderr, flush=True)
            for part in PARTS:
                part(bench)
    results = chosen.results or RESULTS / f"{told['version']}.json"
    write(results, {**told, "left_out": sorted(bench.left_out)}, bench.turns.figures.values())
    text = page.table(*read(results))
    page.put(chosen.page, text)
    print(text, end="")


if __name__ == "__main__":
    main()
