"""What asking costs: the questions that each command asks Chargebee, beside the fewest that its lists permit.

    python benchmarks/asking.py                       files of 20, 100 and 1,000 rows
    python benchmarks/asking.py --rows 20 20000       of others
    python benchmarks/asking.py --json FILE

Counts are the sandbox's own. The bound is counted here from what the site holds, by what the provider's lists promise
(a hundred a page; credits by customer or from a moment on, customers by a hundred ids), and not by the command's code:

    check --online        the customers, a hundred a call
    run --verify-first    the customers, each list in its pages: a look before the first send
    run --pilot 20        the pilot's customers, the same
    reconcile             the cheaper of the list since the day before, and of one list a customer; of 20 customers or
                          fewer one list each, which show what is older, too
    reconcile --whole     the same of everything that the site lists
    settle after a kill   of what the killed run left open: one list for a row that is listed, and for one that is not
                          two, at once and after the quarantine, with one witness for all
"""

import argparse
import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PAGE = 100  # credits or customers that one answer lists
PILOT = 20
FEW_CUSTOMERS = 20  # each is asked for in any case
SETTLED_SECONDS = 1.0  # after which what was on its way to the site has arrived, or never will
COMMAND = [sys.executable, "-m", "batch_credits"]
SHAPES = {"one row a customer": 1, "ten rows a customer": 10, "one customer": 0}  # rows a customer; 0: all
MAX_OF_ONE_CUSTOMER = 500  # his rows go one after the other


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions of one command: all, and by what they ask for."""

    command: str
    shape: str
    rows: int
    customers: int
    bound: int
    asked: int
    by_list: Mapping[str, int]


def pages(credits: int) -> int:
    """The answers that list so many: one says that there are none."""
    return max(1, -(-credits // PAGE))


def fewest_for_customers(sizes: Sequence[int]) -> int:
    """One list for each customer, who has so many credits."""
    return sum(map(pages, sizes))


@dataclass
class Trial:
    """A site and a ledger, and what was asked there."""

    folder: Path
    url: str

    def truth(self) -> dict[str, Any]:
        """The site's own account."""
        with urllib.request.urlopen(f"{self.url}/_sandbox/truth", timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def seed(self, credits: Sequence[Mapping[str, object]]) -> None:
        """Credits that somebody else made before."""
        for start in range(0, len(credits), 1_000):
            body = json.dumps({"credits": credits[start : start + 1_000]}).encode()
            request = urllib.request.Request(f"{self.url}/_sandbox/credits", body, method="POST")
            urllib.request.urlopen(request, timeout=60).close()

    def start(self, *words: object, ledger: str = "ledger.sqlite3") -> "subprocess.Popen[bytes]":
        """Begin a command."""
        return subprocess.Popen(
            [*COMMAND, *map(str, words), "--ledger", str(self.folder / ledger)],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def call(self, *words: object, ledger: str = "ledger.sqlite3", code: int = 0) -> Counter[str]:
        """Run a command to its end. Returns what it asked for, by list."""
        before = Counter(self.truth()["questions"])
        process = self.start(*words, ledger=ledger)
        if process.wait(1_800) != code:
            raise SystemExit(f"{' '.join(map(str, words))}: exit {process.returncode}, not {code}")
        return Counter(self.truth()["questions"]) - before

    def _environment(self) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("BATCH_", "CHARGEBEE_"))}
        quick = {"BATCH_CREDITS_QUARANTINE": "2", "BATCH_CREDITS_RATE": "0"}
        return {**ours, **quick, "CHARGEBEE_BASE_URL": self.url, "CHARGEBEE_API_KEY": "k"}


@contextmanager
def trial(*options: str) -> Iterator[Trial]:
    """A sandbox of its own, with an empty folder."""
    command = [*COMMAND, "sandbox", "--port", "0", *options]
    with tempfile.TemporaryDirectory() as folder, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as site:
        try:
            assert site.stdout is not None
            yield Trial(Path(folder), site.stdout.readline().split()[-1])
        finally:
            site.terminate()


def write(folder: Path, rows: int, each: int, name: str = "payout.csv") -> tuple[Path, list[int]]:
    """A payout of so many rows, with so many of each customer (0: all of one). Returns the rows of each customer."""
    each = each or rows
    with (folder / name).open("w", encoding="utf-8", newline="") as stream:
        lines = csv.writer(stream)
        lines.writerow(("customer_id", "amount", "currency_code", "description", "reference"))
        for number in range(rows):
            lines.writerow((f"cbdemo{number // each:010}", 100, "USD", "thanks", f"q3-{number % each}"))
    sizes = Counter(number // each for number in range(rows))
    return folder / name, [*sizes.values()]


def paid(shape: str, rows: int) -> Iterator[Asked]:
    """Of a file that is checked, paid, and reconciled."""
    with trial() as site:
        file, sizes = write(site.folder, rows, SHAPES[shape])

        def told(command: str, bound: int, asked: Counter[str]) -> Asked:
            return Asked(command, shape, rows, len(sizes), bound, asked.total(), dict(asked))

        yield told("check --online", pages(len(sizes)), site.call("check", file, "--online"))
        piloted = Counter(number // (SHAPES[shape] or rows) for number in range(min(PILOT, rows)))
        first = fewest_for_customers([*piloted.values()])
        yield told("run --pilot 20", first, site.call("run", file, "--yes", "--pilot", PILOT))
        batch = _batch_of(site.folder / "ledger.sqlite3")
        cheaper = fewest_for_customers(sizes)
        if len(sizes) > FEW_CUSTOMERS:
            cheaper = min(cheaper, pages(rows))
        yield told("reconcile", cheaper, site.call("reconcile", batch))
        yield told("reconcile --whole", cheaper, site.call("reconcile", batch, "--whole"))
        again = site.call("run", file, "--yes", "--verify-first", ledger="another.sqlite3")
        yield told("run --verify-first, all listed", fewest_for_customers(sizes), again)
    with trial() as site:
        file, sizes = write(site.folder, rows, SHAPES[shape])
        asked = site.call("run", file, "--yes", "--verify-first")
        bound = len(sizes)  # each of them has an empty list
        yield Asked("run --verify-first, none listed", shape, rows, len(sizes), bound, asked.total(), dict(asked))


def _batch_of(ledger: Path) -> str:
    with sqlite3.connect(ledger) as database:
        [key] = database.execute("SELECT key FROM batch").fetchone()
    database.close()
    return str(key)[:8]


def killed(rows: int) -> Asked:
    """Of a run that goes on where another was killed: what that left open is looked for."""
    with trial("--faults", "latency_ms=20") as site:
        file, _ = write(site.folder, rows, 1)
        process = site.start("run", file, "--yes")
        try:
            while site.truth()["posts"] < rows // 2 and process.poll() is None:
                time.sleep(0.02)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        with sqlite3.connect(site.folder / "ledger.sqlite3") as database:
            [left] = database.execute(
                "SELECT count(*) FROM credit_request WHERE state IN ('in_flight', 'in_doubt')"
            ).fetchone()
            [recorded] = database.execute("SELECT count(*) FROM credit_request WHERE state = 'credited'").fetchone()
        database.close()
        time.sleep(SETTLED_SECONDS)
        listed = len(site.truth()["credits"]) - recorded
        bound = listed + 2 * (left - listed) + 1
        asked = site.call("run", file, "--yes")
        return Asked("settle after a kill", "one row a customer", rows, rows, bound, asked.total(), dict(asked))


def table(found: Sequence[Asked]) -> str:
    """The same for people."""
    lines = [f"{'command':<32} {'file':<20} {'rows':>7} {'bound':>7} {'asked':>7}"]
    lines += [f"{a.command:<32} {a.shape:<20} {a.rows:>7,} {a.bound:>7,} {a.asked:>7,}" for a in found]
    return "\n".join(lines)


def measured(rows: Sequence[int]) -> Iterator[Asked]:
    """All of it, for files of so many rows each."""
    for number in rows:
        for shape in SHAPES:
            if SHAPES[shape] or number <= MAX_OF_ONE_CUSTOMER:
                yield from paid(shape, number)
        yield killed(number)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[20, 100, 1_000])
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    results: list[Asked] = []
    for one in measured(chosen.rows):
        results.append(one)
        print(table([one]).splitlines()[1], file=sys.stderr, flush=True)
    print(table(results))
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(each) for each in results], indent=1) + "\n", encoding="utf-8")
