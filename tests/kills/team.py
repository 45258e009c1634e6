"""Four workers on one ledger in PostgreSQL, killed, stopped past their lease, cut off from the database and the site.

    python -m tests.kills.team --seeds 20 --rows 20000

The site ignores idempotency keys in half of the seeds. The sandbox's own truth is the judge: every customer has one
credit, and the report must be that of a run alone on a file. A failure prints its seed.
"""

import argparse
import contextlib
import csv
import random
import signal
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.acceptance.harness import WARM, Command, Running, Site, finish, payout, write_csv
from tests.acceptance.team import LEASE, QUICK, Colleague, Wire
from tests.servers.postgres import Server, server

WORKERS = 4
HARMS = ("kill", "stop", "cut", "leave", "dark")
PAUSE_SECONDS = (0.3, 2.5)  # between two of them
FAULTS = (
    "latency_ms=4,lost_after=0.002,lost_before=0.002,error_after=0.002,truncated=0.002,throttled=0.002,faulty_tries=2"
)
SITE = {"CHARGEBEE_SITE": "acme-test"}
OF_THE_SITE = ("credit_id", "credit_finished_at", "credit_closing_balance", "credit_attempts", "credit_http_status")
MOST_SECONDS = 600.0
MOST_HARMS = 12  # after which doubt has the time that it takes


@dataclass
class Story:
    """What happened with one seed, and what was wrong in the end."""

    seed: int
    harms: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


class Team:
    """Workers that come and go."""

    def __init__(self, folder: Path, site: Site, where: str, chance: random.Random, keys: str) -> None:
        self._folder, self._site, self._where, self._chance, self._keys = folder, site, where, chance, keys
        self._workers: list[tuple[Running, Wire]] = []

    def fill(self) -> None:
        """Have as many as there shall be."""
        self._workers = [(worker, wire) for worker, wire in self._workers if worker.poll() is None]
        while len(self._workers) < WORKERS:
            wire = Wire(self._where)
            self._workers.append((self._colleague(wire.where).work("--concurrency", 8), wire))

    def _colleague(self, where: str) -> Colleague:
        return Colleague(self._folder, self._site.url, {**QUICK, **SITE}, where)

    def harm(self) -> str:
        """Do something to one of them. Returns what."""
        worker, wire = self._chance.choice(self._workers)
        what = self._chance.choice(HARMS)
        match what:
            case "kill":
                worker.kill()
            case "leave":
                worker.terminate()
            case "stop":
                worker.send_signal(signal.SIGSTOP)
                time.sleep(LEASE * self._chance.choice((0.3, 1.5)))
                worker.send_signal(signal.SIGCONT)
            case "cut":
                wire.cut()
                time.sleep(LEASE * self._chance.choice((0.2, 1.5)))
                wire.mend()
            case "dark":
                self._site.tell("settings", faults=FAULTS.replace("lost_before=0.002", "lost_before=0.9") + self._keys)
                time.sleep(self._chance.uniform(0.2, 1.5))
                self._site.tell("settings", faults=FAULTS + self._keys)
        return what

    def end(self) -> None:
        """Let all of them go."""
        for worker, _ in self._workers:
            worker.terminate()
        for worker, wire in self._workers:
            with contextlib.suppress(Exception):
                finish(worker, 60)
            wire.__exit__()


def play(seed: int, rows: int, postgres: Server, folder: Path) -> Story:
    """One batch by four workers through a few harms, and the judge's word."""
    chance, story, began = random.Random(seed), Story(seed), time.monotonic()
    wanted = payout(f"s{seed}", rows)
    file = write_csv(folder / "payout.csv", wanted)
    where = postgres.database()
    keys = ",keys_forget=1" if seed % 2 else ""
    with Site("--faults", FAULTS + keys, "--seed", str(seed)) as site:
        team = Team(folder, site, where, chance, keys)
        boss = Colleague(folder, site.url, {**QUICK, **SITE}, where)
        boss.run(file, "--detach", timeout=300).exited(0)
        team.fill()
        until = began + MOST_SECONDS
        while (
            time.monotonic() < until and story.harms.total() < MOST_HARMS and len(site.times()) < rows * 0.95
        ):
            time.sleep(chance.uniform(*PAUSE_SECONDS))
            story.harms[team.harm()] += 1
            team.fill()
        ended = boss.run(file, timeout=MOST_SECONDS)
        if ended.code != 0:
            story.faults.append(f"the run ended with {ended.code}: {ended.out[-600:]}")
        team.end()
        times = site.times()
        story.faults += [f"{who}: credited {count} times" for who, count in times.items() if count > 1][:5]
        lost = rows - len(times)
        story.faults += [f"{lost} were not credited"] if lost else []
        story.faults += _compared(boss, file, folder, seed)
    postgres.drop(where)
    story.seconds = time.monotonic() - began
    return story


def _compared(boss: Colleague, file: Path, folder: Path, seed: int) -> list[str]:
    """The report beside that of a run alone on a file, but for what the site and the clock say."""
    with Site("--seed", str(seed)) as calm:
        alone = Command(folder / "alone", calm.url, dict(SITE))
        alone.folder.mkdir()
        alone.run(file, timeout=MOST_SECONDS).exited(0)
        ours, theirs = (_told(each.report("payout").directory / "results.csv") for each in (boss, alone))
    return [] if ours == theirs else ["the report is another one than that of a run alone"]


def _told(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        return [{k: v for k, v in row.items() if k not in OF_THE_SITE} for row in csv.DictReader(stream)]


def main() -> int:
    """Play the seeds. Returns 1 where one failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--rows", type=int, default=20_000)
    chosen = parser.parse_args()
    failed = 0
    with server() as postgres:
        for seed in range(chosen.first, chosen.first + chosen.seeds):
            with tempfile.TemporaryDirectory(prefix="team-") as folder:
                story = play(seed, chosen.rows, postgres, Path(folder))
            harms = ", ".join(f"{count} {what}" for what, count in sorted(story.harms.items()))
            print(f"seed {seed}: {story.seconds:.0f} s; {harms}; {'; '.join(story.faults) or 'well'}", flush=True)
            if story.faults:
                failed += 1
                print(f"  again: python -m tests.kills.team --seeds 1 --first {seed} --rows {chosen.rows}", flush=True)
    WARM.close()
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
