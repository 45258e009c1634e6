"""Everything that adds credits, side by side in one run, against one server that does next to no work.

    python benchmarks/side_by_side.py                              100,000 rows, three rounds
    python benchmarks/side_by_side.py --rows 20000 --rounds 1 --no-rivals

In each round everyone takes a turn, and is divided by the bare loop of the same round. Prints Markdown: medians, with
the least and the most of all rounds. Rivals get fewer rows, since they are slow, and rates are what is compared.
"""

import argparse
import os
import platform
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from end_to_end import FIRST_POST_ROWS, Round, bare, echo_server, ours, seconds_to_first_post, spread, write_rows
from rivals import Missing, race

BARE = "bare aiohttp loop, tuned"
SENDING, WHOLE = "batch-credits, sending", "batch-credits, whole run"
TWO = ", `--processes 2`"
SYNC_MS = 5.0
RIVALS = (  # what it is called here, its name in rivals.py, rows, threads
    ("`curl --parallel`, 100 at once (checks the status alone)", "curl", 20_000, 100),
    ("`requests`, 100 threads", "requests", 2_000, 100),
    ("newman", "newman", 200, 1),
    ("vendor's SDK, in sequence", "sdk", 200, 1),
    ("vendor's SDK, 20 threads", "sdk", 400, 20),
)


class Results:
    """What each contender reached, round by round."""

    def __init__(self) -> None:
        self.rates: dict[str, list[float]] = defaultdict(list)
        self.costs: dict[str, list[float]] = defaultdict(list)  # microseconds of CPU a row, in all processes
        self.peaks: dict[str, float] = {}  # MiB of the largest process

    def add(self, name: str, rate: float, microseconds: float = 0.0, peak_mib: float = 0.0) -> None:
        """Note a turn."""
        print(f"  {name}: {rate:,.0f} rows/s", file=sys.stderr, flush=True)
        self.rates[name].append(rate)
        if microseconds:
            self.costs[name].append(microseconds)
        if peak_mib:
            self.peaks[name] = max(peak_mib, self.peaks.get(name, 0.0))

    def lines(self) -> Iterable[str]:
        """A line of the table for each."""
        ceilings = self.rates[BARE]
        for name, rates in self.rates.items():
            ratios = [rate / ceiling for rate, ceiling in zip(rates, ceilings, strict=True)]
            form = ".2f" if median(ratios) >= 0.1 else ".4f"
            cpu = f"{median(self.costs[name]):.0f}" if self.costs[name] else ""
            peak = f"{self.peaks[name]:.0f}" if name in self.peaks else ""
            yield f"| {name} | {median(rates):,.0f} | {spread(ratios, form)} | {cpu} | {peak} |"


def take_turns(base_url: str, folder: Path, rows: int, concurrency: int, results: Results) -> list[Round]:
    """One round of the loops and of the command: as it is, in two processes, and on a slower disk."""
    file = write_rows(folder / "rows.csv", rows)
    results.add(BARE, *bare(base_url, file, concurrency))
    one = ours(base_url, file, concurrency, folder)
    results.add(SENDING, one.sending)
    results.add(WHOLE, one.whole, one.microseconds, one.peak_mib)
    two = ours(base_url, file, concurrency, folder, processes=2)
    results.add(SENDING + TWO, two.sending)
    results.add(WHOLE + TWO, two.whole, two.microseconds + two.shard_microseconds, two.peak_mib)
    slow = ours(base_url, file, concurrency, folder, sync_ms=SYNC_MS)
    results.add(f"{SENDING}, {SYNC_MS:g} ms more a commit", slow.sending)
    return [one, two, slow]


def race_rivals(base_url: str, folder: Path, results: Results, left_out: set[str]) -> None:
    """One round of the rivals."""
    for title, name, rows, threads in RIVALS:
        try:
            results.add(title, race(name, base_url, write_rows(folder / f"{name}.csv", rows), threads))
        except Missing as missing:
            left_out.add(str(missing))


def machine() -> str:
    """CPU, cores, system and Python."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cores = f"{os.cpu_count()} cores"
    model = models[0] if models else platform.processor() or platform.machine()
    return f"{model}, {cores}, {platform.system()}, Python {platform.python_version()}"


def main() -> None:
    """Race them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="of the loops and of batch-credits")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=100)
    parser.add_argument("--no-rivals", action="store_true")
    chosen = parser.parse_args()
    results, left_out = Results(), set[str]()
    rounds, first = [], []
    with echo_server() as base_url, tempfile.TemporaryDirectory() as name:
        for number in range(chosen.rounds):
            print(f"round {number + 1} of {chosen.rounds}", file=sys.stderr, flush=True)
            rounds.append(take_turns(base_url, Path(name), chosen.rows, chosen.concurrency, results))
            if not chosen.no_rivals:
                race_rivals(base_url, Path(name), results, left_out)
            first.append(seconds_to_first_post(base_url, Path(name)))
    print(f"\n{machine()}; loopback; {chosen.rows:,} rows, {chosen.rounds} rounds: median (least to most).\n")
    print("| | rows/s | of the bare loop | CPU us a row | peak MiB |\n|---|---|---|---|---|")
    print("\n".join(results.lines()))
    slowed = [slow.sending / one.sending for one, _, slow in rounds]
    own = median(two.microseconds for _, two, _ in rounds)
    each = median(two.shard_microseconds for _, two, _ in rounds) / 2
    print(f"\n- Sending with {SYNC_MS:g} ms more a commit, of sending without: {spread(slowed)}")
    print(f"- Commits a row: {spread([one.commits / chosen.rows for one, _, _ in rounds], '.4f')}")
    print(f"- `--processes 2`, CPU us a row: {own:.0f} in the run itself, {each:.0f} in each shard")
    print(f"- From the start to the first POST of {FIRST_POST_ROWS} rows: {spread(first)} s")
    for sentence in sorted(left_out):
        print(f"- {sentence}")


if __name__ == "__main__":
    main()
