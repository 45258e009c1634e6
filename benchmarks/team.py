"""A ledger that a team shares beside the file of one machine: both engines in one run, and 1, 2 and 4 workers.

    python benchmarks/team.py                            100,000 rows, three rounds
    python benchmarks/team.py --rows 1000000 --rounds 1
    python benchmarks/team.py --server postgresql://postgres@127.0.0.1:5432    a server of your own, on its disk

In each round everyone takes a turn, and is divided by SQLite's of the same round, or by the one worker. Without
--server a PostgreSQL from PyPI alone is started, its files and SQLite's in memory, if there is some: what syncs cost is
the disk's, and said by --server. Prints Markdown: medians, with the least and the most; beside rows a second the CPU
that each party took a row, and how many CPUs were busy for us and for others. Where both make up all CPUs of the
machine, these are what is full, and the fairest comparison is by CPU: what all CPUs would carry if they were ours.
Writes benchmarks/results/VERSION-team.json: every turn of everyone.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

import psycopg
from end_to_end import HERE, PHASES, write_rows
from rounds import RESULTS, about, machine, spread, write

from tests.servers.postgres import server

GROUPS = (100, 300, 1_000)
WORKERS = (1, 2, 4)
CPUS = os.cpu_count() or 1
TICKS = os.sysconf("SC_CLK_TCK")
MEMORY = Path("/dev/shm")
# As for a small server that does this alone; all else as PostgreSQL comes.
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB", "checkpoint_timeout": "15min"}


@dataclass(frozen=True)
class Turn:
    """What one contender took: seconds on the wall, and of CPU by party; CPUs that others had meanwhile; MiB of its
    largest process; what the server wrote."""

    seconds: float
    client: float
    server: float = 0.0
    site: float = 0.0
    others: float = 0.0
    peak_mib: float = 0.0
    commits: int = 0
    wal_bytes: int = 0
    stored_bytes: int = 0

    @property
    def cpu(self) -> float:
        """Seconds of all parties."""
        return self.client + self.server + self.site


class Postgres:
    """A server, and what it has done so far."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(f"{url}/postgres", autocommit=True)
        self._url = url
        [backend] = self._ask("SELECT pg_backend_pid()")
        self._postmaster = int(_stat(int(backend))[1])
        self._names = 0

    def _ask(self, statement: str) -> tuple[int, ...]:
        row = self._connection.execute(statement.encode()).fetchone()
        assert row is not None
        return tuple(row)

    @contextmanager
    def database(self) -> Iterator[str]:
        """An empty one, for as long as the block."""
        self._names += 1
        name = f"bench_{os.getpid()}_{self._names}"
        self._connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield f"{self._url}/{name}"
        finally:
            self._connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    def cpu(self) -> float:
        """Seconds of all its processes, and of those that have ended."""
        own = [pid for pid in _pids() if _stat(pid)[1] == str(self._postmaster)]
        return sum(map(_cpu, own)) + _cpu(self._postmaster, children=True)

    def written(self, url: str) -> tuple[int, int, int]:
        """Transactions of a database, bytes of WAL of the server, and bytes of the database."""
        name = url.rpartition("/")[2]
        time.sleep(1.5)  # what is counted arrives late
        return self._ask(
            f"SELECT xact_commit, CAST(pg_current_wal_insert_lsn() - '0/0' AS bigint), pg_database_size('{name}')"
            f" FROM pg_stat_database WHERE datname = '{name}'"
        )  # type: ignore[return-value]


def _stat(pid: int) -> list[str]:
    """What Linux says of a process, from its state on."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["", "0", *["0"] * 20]


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _cpu(pid: int, *, children: bool = False) -> float:
    """Seconds of CPU so far; with those of its children that have ended."""
    user, system, of_user, of_system = map(int, _stat(pid)[11:15])
    return (user + system + (of_user + of_system if children else 0)) / TICKS


def _busy() -> float:
    """Seconds that all CPUs of the machine were busy, for whomever."""
    user, nice, system, _, _, irq, soft, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + soft + steal) / TICKS


class Site:
    """The server that does next to no work."""

    def __init__(self) -> None:
        command = [sys.executable, str(HERE / "echo_server.py")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{self._process.stdout.readline().strip()}"

    def cpu(self) -> float:
        """Seconds so far."""
        return _cpu(self._process.pid)

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def alone(where: str, rows: int, group: int, postgres: Postgres | None) -> dict[str, Turn]:
    """The ledger without a site, by step. What the server spent is given for all steps together, by their seconds."""
    before = postgres.cpu() if postgres else 0.0
    began, busy = time.monotonic(), _busy()
    command = [sys.executable, str(HERE / "ledger_alone.py"), where, str(rows), str(group)]
    children = _cpu(os.getpid(), children=True)
    told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    spent = postgres.cpu() - before if postgres else 0.0
    ours = _cpu(os.getpid(), children=True) - children + spent
    others = (_busy() - busy - ours) / (time.monotonic() - began)
    whole = sum(seconds for seconds, _ in told.values())
    return {step: Turn(seconds, cpu, spent * seconds / whole, others=others) for step, (seconds, cpu) in told.items()}


def whole_run(
    where: str, file: Path, folder: Path, site: Site, postgres: Postgres | None, workers: int, concurrency: int
) -> tuple[Turn, Turn, Turn]:
    """The command from its start to its last report, with so many workers less one beside it; of that until all
    is admitted, and the sending."""
    environment = {**os.environ, "CHARGEBEE_BASE_URL": site.url, "CHARGEBEE_API_KEY": "k", "CHARGEBEE_SITE": "bench"}
    environment["BATCH_CREDITS_LEDGER"] = where
    pace = ["--rate", "0", "--concurrency", str(concurrency // workers)]
    mates = []
    for _ in range(workers - 1):
        command = [sys.executable, "-m", "batch_credits", "work", *pace, "--quiet"]
        mates.append(subprocess.Popen(command, env=environment))
    if mates:
        time.sleep(4)  # their start is not what is measured
    already = postgres.written(where) if postgres else (0, 0, 0)
    cost = folder / "cost.json"
    command = [sys.executable, str(HERE / "measured.py"), str(cost), "0", "run", str(file), "--yes", *pace]
    command += ["--log-format", "json", "--reports", str(folder / "reports")]

    def spent(pids: list[int]) -> list[float]:
        own = sum(_cpu(pid, children=pid == pids[-1]) for pid in pids)
        return [time.time(), own, postgres.cpu() if postgres else 0.0, site.cpu(), _busy()]

    marks = [spent([mate.pid for mate in mates])]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stderr is not None
        ours = [*(mate.pid for mate in mates), run.pid]
        for line in run.stderr:
            if json.loads(line)["event"] in PHASES:
                marks.append(spent(ours))
    told = json.loads(cost.read_text())
    marks.append(spent([mate.pid for mate in mates]))
    marks[-1][1] += told["cpu"] + told["shards_cpu"]
    assert run.returncode == 0, run.returncode
    for mate in mates:
        mate.send_signal(signal.SIGTERM)
    for mate in mates:
        mate.wait()
    now = postgres.written(where) if postgres else (told["commits"], 0, 0)
    commits, wal, stored = (after - at_first for after, at_first in zip(now, already, strict=True))
    whole = replace(_between(marks[0], marks[-1]), commits=commits, wal_bytes=wal, stored_bytes=stored)
    begun, _, started, ended, _ = marks
    whole = replace(whole, peak_mib=max(told["peak_mib"], told["shard_peak_mib"]))
    return whole, _between(begun, started), _between(started, ended)


def _between(first: list[float], last: list[float]) -> Turn:
    seconds, client, server_cpu, at_site, busy = (after - before for before, after in zip(first, last, strict=True))
    return Turn(seconds, client, server_cpu, at_site, others=(busy - client - server_cpu - at_site) / seconds)


@dataclass
class Contender:
    """Who took turns, round by round. `base`: by whose turn of the same round one is divided."""

    name: str
    base: str
    rows: int  # of a turn
    turns: list[Turn] = field(default_factory=list)


class Results:
    """All contenders, in the order in which they first came."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self.each: dict[str, Contender] = {}

    def add(self, name: str, turn: Turn, base: str = "") -> None:
        """Note a turn."""
        print(f"  {name}: {self._rows / turn.seconds:,.0f} rows/s", file=sys.stderr, flush=True)
        self.each.setdefault(name, Contender(name, base or name, self._rows)).turns.append(turn)

    def lines(self) -> Iterator[str]:
        """A line of the table for each."""
        for name, one in self.each.items():
            turns, bases = one.turns, self.each[one.base].turns
            ratios = [of.seconds / turn.seconds for turn, of in zip(turns, bases, strict=True)]
            cells = [f"{median(self._rows / turn.seconds for turn in turns):,.0f}", spread(ratios)]
            for party in ("client", "server", "site"):
                cells.append(f"{median(getattr(turn, party) for turn in turns) / self._rows * 1e6:.0f}")
            busy = median(turn.cpu / turn.seconds for turn in turns)
            cells.append(f"{busy:.2f} and {median(turn.others for turn in turns):.2f}")
            cells.append(f"{median(CPUS * self._rows / turn.cpu for turn in turns):,.0f}")
            yield f"| {name} | {' | '.join(cells)} |"


def take_turns(chosen: argparse.Namespace, results: Results, postgres: Postgres, site: Site, folder: Path) -> None:
    """One round."""
    rows = chosen.rows
    for group in GROUPS:
        with postgres.database() as url, tempfile.TemporaryDirectory(dir=folder) as own:
            file = alone(f"{own}/ledger.sqlite3", rows, group, None)
            shared = alone(url, rows, group, postgres)
        steps = {"journal": f"claim, journal, record in groups of {group}"}
        if group == GROUPS[-1]:
            steps |= {"admission": "admission", "report": "reports"}
        for step, title in steps.items():
            results.add(f"{title}: SQLite", file[step])
            results.add(f"{title}: PostgreSQL", shared[step], f"{title}: SQLite")
    source = write_rows(folder / "rows.csv", rows)
    about = (site, None, 1, chosen.concurrency)
    with tempfile.TemporaryDirectory(dir=folder) as own:
        whole, admitting, sending = whole_run(f"{own}/ledger.sqlite3", source, Path(own), *about)
        results.add(WHOLE, whole)
        results.add(SENDING, sending)
        results.add(ADMITTING, admitting)
    for workers in WORKERS:
        with postgres.database() as url, tempfile.TemporaryDirectory(dir=folder) as own:
            whole, admitting, sending = whole_run(url, source, Path(own), site, postgres, workers, chosen.concurrency)
        name = f", PostgreSQL, {workers} worker{'s' * (workers > 1)}"
        if workers == 1:
            results.add("start, read, validate and admit, PostgreSQL", admitting, ADMITTING)
        results.add(f"whole run{name}", whole, WHOLE)
        results.add(f"sending{name}", sending, SENDING if workers == 1 else "sending, PostgreSQL, 1 worker")


WHOLE, SENDING, ADMITTING = "whole run, SQLite", "sending, SQLite", "start, read, validate and admit, SQLite"


def main() -> None:
    """Race them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=100, help="of all workers together")
    parser.add_argument("--server", help="its address without a database; its user may create some")
    parser.add_argument("--results", type=Path, help="[default: benchmarks/results/VERSION-team.json]")
    chosen = parser.parse_args()
    results, told = Results(chosen.rows), about(chosen.rounds)
    in_memory = MEMORY if not chosen.server and os.access(MEMORY, os.W_OK) else None
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=in_memory)))
        url = chosen.server or stack.enter_context(server(**SETTINGS)).url("")
        postgres, site = Postgres(url.rstrip("/")), Site()
        stack.callback(site.close)
        for number in range(chosen.rounds):
            print(f"round {number + 1} of {chosen.rounds}", file=sys.stderr, flush=True)
            take_turns(chosen, results, postgres, site, folder)
    write(chosen.results or RESULTS / f"{told['version']}-team.json", told, results.each.values())
    print(f"\n{machine()}; loopback; {chosen.rows:,} rows, {chosen.rounds} rounds: median (least to most).\n")
    heads = ["", "rows/s", "of SQLite, or of one worker", "client, us of CPU a row", "server", "site"]
    heads += ["CPUs busy for us and others", f"rows/s that {CPUS} CPUs carry"]
    print(f"| {' | '.join(heads)} |")
    print("|---|---|---|---|---|---|---|---|")
    print("\n".join(results.lines()))
    one = results.each["whole run, PostgreSQL, 1 worker"].turns
    for what, each in (("transactions", "commits"), ("bytes of WAL", "wal_bytes"), ("bytes stored", "stored_bytes")):
        print(f"- one worker, {what} a row: {spread([getattr(turn, each) / chosen.rows for turn in one], '.4g')}")
    print(f"- one worker, MiB at most: {spread([turn.peak_mib for turn in one], '.0f')}")


if __name__ == "__main__":
    main()
