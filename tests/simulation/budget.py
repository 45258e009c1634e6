"""One budget for a site: many seeded stories of workers that share its limit, in virtual time.

    python -m tests.simulation.budget --seeds 10000 --jobs 2      play them, and count
    python -m tests.simulation.budget --replay 4711               play one, and tell every event

Exits with 1 if the site ever saw more requests in a minute than its limit, or slots were lost for ever.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

from tests.simulation.budget_world import play

REPLAY = "python -m tests.simulation.budget --replay"
_CHUNK = 100


@dataclass
class Tally:
    """What a number of seeds came to."""

    seeds: int = 0
    arrivals: int = 0
    failures: list[tuple[int, tuple[str, str]]] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.seeds += other.seeds
        self.arrivals += other.arrivals
        self.failures += other.failures


def play_seeds(seeds: range) -> Tally:
    """Play these seeds one after another."""
    tally = Tally()
    for seed in seeds:
        try:
            judge = play(seed)
        except Exception as error:  # of the harness, or of the product where it must not raise
            tally.failures.append((seed, ("raised", repr(error))))
        else:
            tally.arrivals += judge.arrivals
            if judge.violations:
                tally.failures.append((seed, judge.violations[0]))
        tally.seeds += 1
    return tally


def _parts(start: int, seeds: int, jobs: int) -> Iterator[Tally]:
    chunks = [range(first, min(first + _CHUNK, start + seeds)) for first in range(start, start + seeds, _CHUNK)]
    if jobs == 1:
        yield from map(play_seeds, chunks)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("forkserver")) as pool:
        yield from pool.map(play_seeds, chunks)


def play_all(start: int, seeds: int, jobs: int) -> Tally:
    """Play them all, in `jobs` processes, showing how far it is."""
    total, began = Tally(), time.monotonic()
    for part in _parts(start, seeds, jobs):
        for seed, (kind, what) in part.failures:
            print(f"\nseed {seed}: {kind}: {what}\n  {REPLAY} {seed}")
        total.add(part)
        rate = total.seeds / (time.monotonic() - began)
        print(f"\r{total.seeds:,} seeds, {rate:.0f} a second, {len(total.failures)} failed", end="", flush=True)
    kinds = dict(Counter(kind for _seed, (kind, _what) in total.failures))
    print(f"\n{total.arrivals:,} arrivals; violations by kind: {kinds}")
    return total


def main(arguments: list[str] | None = None) -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.budget")
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--replay", type=int, metavar="SEED")
    chosen = parser.parse_args(arguments)
    if chosen.replay is not None:
        violations = play(chosen.replay, print).violations
        for kind, what in violations:
            print(f"{kind}: {what}")
        return 1 if violations else 0
    return 1 if play_all(chosen.start, chosen.seeds, chosen.jobs).failures else 0


if __name__ == "__main__":
    sys.exit(main())
