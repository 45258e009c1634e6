"""The storm: many seeded schedules of the real protocol, pool, limiter and ledger in virtual time.

    python -m tests.simulation.storm --seeds 10000 --jobs 2      play them, and count
    python -m tests.simulation.storm --replay 4711               play one, and tell every event

Exits with 1 if any schedule broke a promise.
"""

import argparse
import gc
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

from tests.simulation.schedule import draw
from tests.simulation.world import play

REPLAY = "python -m tests.simulation.storm --replay"
_CHUNK = 200
_SHOWN_FAILURES = 20


@dataclass
class Tally:
    """What a number of schedules came to."""

    schedules: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    reviews: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[int, tuple[str, str]]] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.schedules += other.schedules
        self.rows += other.rows
        self.reviews += other.reviews
        self.failures += other.failures

    def kinds(self) -> Counter[str]:
        """In how many schedules each kind of violation came first."""
        return Counter(kind for _seed, (kind, _what) in self.failures)


def play_seeds(seeds: range) -> Tally:
    """Play these seeds one after another."""
    if not gc.get_freeze_count():  # once: later it would keep for ever what schedules leave behind
        gc.freeze()  # the modules stay; what a schedule leaves behind is all that is worth collecting
    tally = Tally()
    for seed in seeds:
        try:
            judge = play(draw(seed))
        except Exception as error:  # of the harness, or of the product where it must not raise
            tally.failures.append((seed, ("raised", repr(error))))
        else:
            tally.rows += judge.outcomes
            tally.reviews += judge.reviews
            if judge.violations:
                tally.failures.append((seed, judge.violations[0]))
        tally.schedules += 1
    return tally


def _chunks(start: int, seeds: int) -> Iterator[range]:
    for first in range(start, start + seeds, _CHUNK):
        yield range(first, min(first + _CHUNK, start + seeds))


def _parts(start: int, seeds: int, jobs: int) -> Iterator[Tally]:
    if jobs == 1:
        yield from map(play_seeds, _chunks(start, seeds))
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("forkserver")) as pool:
        try:
            yield from pool.map(play_seeds, _chunks(start, seeds))
        finally:
            pool.shutdown(cancel_futures=True)


def storm(start: int, seeds: int, jobs: int, *, stop_early: bool) -> Tally:
    """Play them all, in `jobs` processes, showing how far it is."""
    total, began = Tally(), time.monotonic()
    for part in _parts(start, seeds, jobs):
        show_failures(part, len(total.failures))
        total.add(part)
        rate = total.schedules / (time.monotonic() - began)
        print(f"\r{total.schedules:,} schedules, {rate:.0f} a second, {len(total.failures)} failed", end="", flush=True)
        if stop_early and total.failures:
            break
    print()
    return total


def show_failures(part: Tally, shown: int) -> None:
    """Name failed seeds, the first of them, each with the command that replays it."""
    for seed, (kind, what) in part.failures[: max(0, _SHOWN_FAILURES - shown)]:
        print(f"\nseed {seed}: {kind}: {what}\n  {REPLAY} {seed}")


def replay(seed: int) -> int:
    """Play one seed, and tell every event with its virtual time."""
    schedule = draw(seed)
    print(schedule.site)
    for batch in schedule.batches:
        print(*batch, sep="\n")
    judge = play(schedule, print)
    print("outcomes:", dict(judge.outcomes), dict(judge.reviews))
    for kind, what in judge.violations:
        print(f"{kind}: {what}")
    return 1 if judge.violations else 0


def main(arguments: list[str] | None = None) -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.storm")
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--stop-early", action="store_true", help="end at the first failure")
    parser.add_argument("--replay", type=int, metavar="SEED")
    chosen = parser.parse_args(arguments)
    if chosen.replay is not None:
        return replay(chosen.replay)
    total = storm(chosen.start, chosen.seeds, chosen.jobs, stop_early=chosen.stop_early)
    print(f"rows: {dict(total.rows)}; in review: {dict(total.reviews)}")
    print(f"violations by kind: {dict(total.kinds())}")
    return 1 if total.failures else 0


if __name__ == "__main__":
    sys.exit(main())
