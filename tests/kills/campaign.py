"""Real kills: the command as a process, SIGKILLed at named and at random points, then run again until it ends.

    python -m tests.kills.campaign --kills 1000 --jobs 2

A share of the stories then undoes what it paid, and is killed while it does. The sandbox's own truth is the judge:
every customer has exactly one credit per reference, and at most one deduction of it. A failure prints the seed, and
the command that plays this one story again.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.acceptance.harness import WARM, Running, Site, finish
from tests.kills.victim import POINTS

ROWS = 24
FAULTS = (
    "lost_after=0.04,lost_before=0.04,error_after=0.03,truncated=0.03,throttled=0.03,latency_ms=3,keys_forget=0.2,"
    "store_nfd=0.3,store_folded=0.3,store_lower=0.3,echo_nfc=0.2,key_headers=1,"
    "proxy_403_after=0.01,proxy_401_after=0.01,proxy_302_after=0.01,proxy_503_after=0.02,repeat_refusal=0.1"
)
SILENCES = ((), ("--silence", "email"), ("--silence", "webhook,actions"))  # a later run's options, under the same keys
QUARANTINE_SECONDS = "1"
MAX_RUNS = 20
UNDONE = 0.4  # of the stories
ROOT = Path(__file__).resolve().parents[2]
VICTIM = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.kills.victim import main; main()"


@dataclass
class Story:
    """What happened to one file: how often it was killed where, and what was wrong in the end."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    faults: list[str] = field(default_factory=list)


def sandbox(seed: int) -> Site:
    """Start a sandbox process; its truth outlives every kill. Somebody's credit and deduction are there before, as on
    every site in use: where none is, a person must say what became of rows that were killed before any was answered."""
    site = Site("--faults", FAULTS, "--seed", str(seed))
    strangers = {"customer_id": "stranger", "currency_code": "USD"}
    site.tell("credits", credits=[{**strangers, "amount": 1000}, {**strangers, "amount": 1, "type": "decrement"}])
    return site


def play(seed: int, folder: Path, base_url: str) -> Story:
    """Run one file through a few kills to its end, and judge it."""
    chance = random.Random(seed)
    story = Story(seed)
    path = folder / f"s{seed}.csv"
    path.write_text(_file(seed, chance), encoding="utf-8")
    arguments = _arguments(path, folder, seed)
    environment = {**os.environ, "CHARGEBEE_BASE_URL": base_url, "CHARGEBEE_API_KEY": "k"}
    environment |= {"BATCH_CREDITS_QUARANTINE": QUARANTINE_SECONDS, "PYTHONPATH": str(ROOT)}
    for _ in range(chance.randint(2, 9)):
        _killed_run(chance, arguments, environment, story)
    _finish(arguments, environment, story)
    story.faults += _judge(path, folder, base_url, seed)
    if chance.random() < UNDONE and not story.faults:
        _undo(chance, arguments, environment, story, folder)
        story.faults += _judge_undone(path, base_url, seed)
    return story


def _finish(arguments: list[str], environment: dict[str, str], story: Story) -> None:
    """Run until it ends well."""
    code, last = None, story.runs + MAX_RUNS
    while story.runs < last and code != 0:
        story.runs += 1
        code = finish(Running(arguments, ROOT, environment), 120).code
    if code != 0:
        story.faults.append(f"{arguments[0]} never ended well: exit {code}")


def _undo(
    chance: random.Random, arguments: list[str], environment: dict[str, str], story: Story, folder: Path
) -> None:
    """Reverse the batch through a few kills."""
    [summary] = (folder / "reports").glob(f"s{story.seed}-*/summary.json")
    reverse = ["reverse", json.loads(summary.read_text())["batch"], *arguments[2:]]
    for _ in range(chance.randint(1, 4)):
        _killed_run(chance, reverse, environment, story)
    _finish(reverse, environment, story)


def _judge_undone(path: Path, base_url: str, seed: int) -> list[str]:
    """Each credit is deducted once, and no more than it was."""
    wanted = Counter(
        (customer, f"reversal of {reference}", amount)
        for customer, amount, _, _, reference in (line.split(",") for line in path.read_text().splitlines()[1:])
    )
    taken = Counter(
        (c["customer_id"], c["reference"], str(c["amount"]))
        for c in _as_sent(_truth(base_url))
        if c["customer_id"].startswith(f"s{seed}-") and c["type"] == "decrement"
    )
    return [f"{key}: deducted {taken[key]} times" for key in wanted | taken if taken[key] != wanted[key]]


def _truth(base_url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{base_url}/_sandbox/truth", timeout=60) as answer:
        truth: dict[str, Any] = json.load(answer)
    return truth


def _as_sent(truth: dict[str, Any]) -> list[dict[str, Any]]:
    """Every credit with the texts that were asked for, in whatever form the site keeps them."""
    return [credit | truth["as_sent"].get(credit["id"], {}) for credit in truth["credits"]]


def _file(seed: int, chance: random.Random) -> str:
    lines = ["customer_id,amount,currency_code,description,reference"]
    for row in range(ROWS):  # some customers have two rows, which must never be under way at once
        lines.append(f"s{seed}-{row - chance.randint(0, 1)},{100 + row},USD,kill story {seed},Pr\u00e4mie \u00a0R{row}")
    return "\n".join(lines) + "\n"


def _arguments(path: Path, folder: Path, seed: int) -> list[str]:
    arguments = ["run", str(path), "--yes", "--rate", "0", "--no-progress", "--concurrency", "6", "--timeout", "5"]
    return [*arguments, "--ledger", str(folder / f"s{seed}.sqlite3"), "--reports", str(folder / "reports")]


def _killed_run(chance: random.Random, arguments: list[str], environment: dict[str, str], story: Story) -> None:
    """One run that is meant to die: at a named point by its own hand, or at a random moment by ours."""
    story.runs += 1
    arguments = [*arguments, *chance.choice(SILENCES)]
    point = chance.choice((*POINTS, "random", "random"))
    if point == "random":
        process = Running(arguments, ROOT, environment)
        try:
            process.wait(chance.uniform(0.01, 1.0))
        except subprocess.TimeoutExpired:
            process.kill()
            story.kills[point] += 1
        finish(process)
        return
    victim = [point, str(chance.randint(1, _most(point))), *arguments]
    if finish(Running(victim, ROOT, environment, script=VICTIM), 120).code == -signal.SIGKILL:
        story.kills[point] += 1


def _most(point: str) -> int:
    """How often a point is passed in a run of this size, about."""
    return {"in_staging": 1, "before_admit": 1, "before_report": 1}.get(point, 5 if "commit" in point else 8)


def _judge(path: Path, folder: Path, base_url: str, seed: int) -> list[str]:
    wanted = Counter(tuple(line.split(",")[i] for i in (0, 4, 1)) for line in path.read_text().splitlines()[1:])
    truth = _truth(base_url)
    listed = Counter(
        (c["customer_id"], c["reference"], str(c["amount"]))
        for c in _as_sent(truth)
        if c["customer_id"].startswith(f"s{seed}-")
    )
    faults = [f"{key}: {n} credits instead of {wanted[key]}" for key, n in listed.items() if n != wanted[key]]
    faults += [f"{key}: lost" for key in wanted if key not in listed]
    if truth["max_calls_per_customer"] > 1:
        faults.append("two calls at once on one customer")
    for customer, references in truth["payloads_by_reference"].items():
        if customer.startswith(f"s{seed}-"):
            faults += [f"{customer} {reference}: {n} payloads" for reference, n in references.items() if n > 1]
    faults += [f"key {key} stood for {calls} calls" for key, calls in truth["calls_by_key"].items() if calls > 1]
    [summary] = (folder / "reports").glob(f"s{seed}-*/summary.json")
    counts = json.loads(summary.read_text())["counts"]
    if counts["credited"] != ROWS:
        faults.append(f"the report says {counts}")
        results = next((folder / "reports").glob(f"s{seed}-*/results.csv")).read_text(encoding="utf-8")
        faults += [line for line in results.splitlines() if ",review," in line or ",in_doubt," in line]
    return faults


def campaign(kills: int, jobs: int, start: int, say: bool = True) -> list[Story]:
    """Play stories until so many processes were killed. Returns all of them."""
    stories: list[Story] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        folder = Path(name)
        with sandbox(start) as site, ThreadPoolExecutor(jobs) as pool:
            seed = start
            while sum(sum(s.kills.values()) for s in stories) < kills:
                many = min(4 * jobs, kills)
                wave = list(pool.map(lambda n: play(n, folder, site.url), range(seed, seed + many)))
                seed += many
                stories += wave
                if say:
                    _report(stories, time.monotonic() - began)
    return stories


def _report(stories: list[Story], seconds: float) -> None:
    kills: Counter[str] = sum((story.kills for story in stories), Counter())
    bad = [story for story in stories if story.faults]
    print(f"{len(stories)} stories, {sum(kills.values())} kills, {len(bad)} bad, {seconds:.0f} s", flush=True)
    for story in bad[:3]:
        print(f"  seed {story.seed}: {'; '.join(story.faults[:3])}")
        print(f"  again: python -m tests.kills.campaign --only {story.seed}")


def main() -> int:
    """Play a campaign, or one story again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--start", type=int, default=1)
    parser.add_argument("--only", type=int, help="play the story of this seed alone")
    chosen = parser.parse_args()
    if chosen.only is not None:
        stories = campaign(1, 1, chosen.only)[:1]
    else:
        stories = campaign(chosen.kills, chosen.jobs, chosen.start)
    kills: Counter[str] = sum((story.kills for story in stories), Counter())
    WARM.close()
    print(f"kills by point: {dict(kills)}")
    print(f"processes run: {sum(story.runs for story in stories)}")
    return 1 if any(story.faults for story in stories) else 0


if __name__ == "__main__":
    sys.exit(main())
