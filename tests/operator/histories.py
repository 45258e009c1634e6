"""Random operators: histories of 20 steps that run, edit, mend, resolve, reverse, rename, restore and reconfigure.

    python -m tests.operator.histories --histories 2000 --jobs 2 --start 0
    python -m tests.operator.histories --replay 17        plays one and tells every step

No identity is paid twice unless the operator was told, nothing is paid or deducted that nobody asked for, and exit
codes, reports and the site's truth agree after each step. It shares no code with the product, and gives it commands
only; what the contract promises and is not kept yet is in promises.py.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.operator import acts, surroundings
from tests.operator.acts import Act
from tests.operator.history import History
from tests.operator.world import open_sites

STEPS = 20
MEMORY = Path("/dev/shm")  # where there is one: thousands of ledgers and reports need not wait for a disk
WEIGHTS: Mapping[Act, int] = {
    acts.write_sheet: 3, acts.edit: 3, acts.respell: 1, acts.rearrange: 3, acts.rename: 1, acts.check: 1, acts.run: 10,
    acts.run_as_it_comes: 2, acts.run_without_yes: 1, acts.run_against_controls: 1, acts.run_mended: 4,
    acts.run_a_report: 1, acts.report_again: 1, acts.reconcile: 2, acts.resolve: 3, acts.reverse: 3,
    acts.reverse_what_is_not: 1, surroundings.misbehave: 4, surroundings.heal: 3, surroundings.forget_keys: 1,
    surroundings.pass_time: 1, surroundings.credit_by_hand: 2, surroundings.delete_customer: 1,
    surroundings.copy_ledger: 2, surroundings.restore_ledger: 2, surroundings.lose_ledger: 1,
    surroundings.restore_an_old_copy: 2, surroundings.go_to_the_other_site: 1, surroundings.spell_the_site: 1,
    surroundings.name_another_site: 1, surroundings.take_the_other_address: 1, surroundings.leave_lying_about: 1,
    surroundings.clear_up: 2, surroundings.set_what_is_refused: 1,
}  # fmt: skip
ALWAYS = (acts.write_sheet, acts.run)


@dataclass(frozen=True)
class Played:
    """What came of one history."""

    seed: int
    harms: tuple[str, ...]
    log: tuple[str, ...]
    figures: Counter[str]


def play(seed: int, steps: int = STEPS) -> Played:
    """Play one history: by its swarm some acts are common in it, and some never happen."""
    chance = random.Random(f"swarm {seed}")
    factors = [chance.choice((0, 1, 1, 3)) or (act in ALWAYS) for act in WEIGHTS]
    weights = [weight * factor for weight, factor in zip(WEIGHTS.values(), factors, strict=True)]
    quirks = chance.choice(surroundings.QUIRKS)
    folder = Path(tempfile.mkdtemp(prefix="operator-", dir=MEMORY if MEMORY.is_dir() else None))
    try:
        with open_sites(quirks, seed) as places:
            history = History(seed, folder, places)
            history.log.append(f"quirks: {quirks or 'none'}")
            for step in range(1, steps + 1):
                act = history.chance.choices(list(WEIGHTS), weights)[0]
                history.log.append(f"-- {step} {act.__name__} at {history.branch.place.name}"
                                   f" {history.branch.place.faults}")  # fmt: skip
                history.figures[act.__name__] += 1
                try:
                    act(history)
                except Exception:
                    history.harms.append(traceback.format_exc())
                if history.harms:
                    break
            else:
                history.log.append("-- the end")
                history.finish()
            _count(history)
    finally:
        shutil.rmtree(folder)
    harms = tuple(dict.fromkeys(history.harms))
    return Played(seed, harms, (*history.log, *(f"HARM: {harm}" for harm in harms)), history.figures)


def _count(history: History) -> None:
    for branch in history.branches:
        ours = branch.place.ours()
        history.figures["credits"] += sum(not credit.is_deduction for credit in ours)
        history.figures["deductions"] += sum(credit.is_deduction for credit in ours)


def main() -> int:
    """Play histories and tell which saw harm. Exit code 1 if any."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--histories", type=int, default=2000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--replay", type=int, metavar="SEED")
    chosen = parser.parse_args()
    if chosen.replay is not None:
        played = play(chosen.replay)
        print("\n".join(played.log))
        return 1 if played.harms else 0
    began, figures, failed = time.monotonic(), Counter[str](), 0
    with get_context("spawn").Pool(chosen.jobs) as pool:
        for played in pool.imap_unordered(play, range(chosen.start, chosen.start + chosen.histories)):
            figures += played.figures
            if played.harms:
                failed += 1
                again = f"python -m tests.operator.histories --replay {played.seed}"
                print(again, *played.harms, sep="\n  ", flush=True)
    print(f"{chosen.histories:,} histories in {time.monotonic() - began:.0f} s, {failed} saw harm")
    print(", ".join(f"{name}: {count:,}" for name, count in sorted(figures.items())))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
