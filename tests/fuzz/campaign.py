"""Spoils files that other programs made, makes some that hide something, and sees that each ends as it must:

rows in = rows accepted + rows rejected, every rejection with its reason; or one refusal of the whole file, with a
remedy. Never a traceback, and never without an end.

    python -m tests.fuzz.campaign --cases 50000 --jobs 2
    python -m tests.fuzz.campaign --seed 1234 --cases 1       replays one case
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from unicodedata import category

from batch_credits.errors import InputError
from batch_credits.loader.opening import open_source
from batch_credits.loader.workbook.kinds import EXCEL_KINDS
from batch_credits.planning.file_totals import refuse_unequal
from batch_credits.settings import InputOptions
from tests.fuzz.mutations import mutated
from tests.fuzz.tables import made

CORPUS = Path(__file__).parent.parent / "corpus"
SECONDS_A_CASE = 20  # hundreds of times what any takes
OPTIONS = (
    InputOptions(),
    InputOptions(reference="q3", description="d", currency="USD"),
    InputOptions(reference="q3", amount_unit="major", locale="de_DE"),
    InputOptions(header_map=(("amount", "amount"), ("reference", "note"))),
    InputOptions(encoding="cp1252", delimiter=";"),
    InputOptions(reference="q3", description="d", currency="USD", amount_unit="major"),
    InputOptions(reference="q3", description="d", currency="EUR", amount_unit="major", locale="en_US", header_row=1),
)
PART_MADE = 0.3
HIDDEN_ROWS = ("pay", "pay", "skip", None)


class Endless(Exception):
    """A case took too long."""


def corpus() -> list[Path]:
    """The files that are spoiled."""
    return sorted(path for path in CORPUS.iterdir() if path.suffix not in (".py", "") and path.is_file())


def run_case(seed: int, folder: Path) -> str:
    """Spoil one file, or make one, and load it: `loaded`, `refused`, or a traceback."""
    chance = random.Random(seed)
    path = made(chance, folder) if chance.random() < PART_MADE else _spoiled(chance, folder)
    try:
        options = chance.choice(OPTIONS)
        if path.suffix in EXCEL_KINDS:  # they hide rows, and would be refused before much of them is read
            options = replace(options, hidden_rows=chance.choice(HIDDEN_ROWS))
        return _load(path, options)
    except InputError as error:
        return "refused" if error.message and error.hint else f"a refusal without a remedy: {error.message}"
    except Exception:
        return traceback.format_exc()


def _spoiled(chance: random.Random, folder: Path) -> Path:
    source = chance.choice(corpus())
    path = folder / f"case{''.join(source.suffixes)}"
    path.write_bytes(mutated(chance, source.read_bytes(), source.suffix))
    return path


def _load(path: Path, options: InputOptions) -> str:
    rows = accepted = rejected = 0
    numbers = []
    source = open_source(path, options)
    for chunk in source.chunks():
        for row in chunk:
            assert row.request is None or not any(category(letter) == "Cf" for letter in row.request.customer_id)
            rows += 1
            numbers.append(row.row_number)
            accepted += row.request is not None
            rejected += row.request is None and bool(row.problems)
            assert row.request is None or not row.problems, "accepted, with a reason not to be"
    assert rows == accepted + rejected, f"{rows} rows, of which {accepted} accepted and {rejected} rejected"
    assert numbers == sorted(set(numbers)), "row numbers that repeat or go back"
    refuse_unequal(source)
    return "loaded"


def _share(at: Path, arguments: tuple[int, int]) -> tuple[Counter[str], list[tuple[int, str]]]:
    """Run some cases. The one at hand stands in a file: what ends the process can tell nobody."""
    first, cases = arguments
    note = at / str(os.getpid())
    signal.signal(signal.SIGALRM, _too_long)
    counts: Counter[str] = Counter()
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + cases):
            note.write_text(str(seed))
            signal.alarm(SECONDS_A_CASE)
            outcome = run_case(seed, Path(folder))
            signal.alarm(0)
            counts[outcome if outcome in ("loaded", "refused") else "failed"] += 1
            if outcome not in ("loaded", "refused"):
                failures.append((seed, outcome))
    note.unlink()
    return counts, failures


def _too_long(number: int, frame: FrameType | None) -> None:
    raise Endless(f"after {SECONDS_A_CASE} s")


def _tell(seed: int, outcome: str) -> None:
    print(f"python -m tests.fuzz.campaign --cases 1 --seed {seed}\n{outcome}", file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    start, size = time.monotonic(), 250
    shares = [
        (first, min(size, chosen.seed + chosen.cases - first))
        for first in range(chosen.seed, chosen.seed + chosen.cases, size)
    ]
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as at, ProcessPoolExecutor(chosen.jobs) as pool:
        try:
            for counted, failures in pool.map(partial(_share, Path(at)), shares):
                counts += counted
                for seed, outcome in failures:
                    _tell(seed, outcome)
        except BrokenProcessPool:
            counts["failed"] += 1
            for note in Path(at).iterdir():
                _tell(int(note.read_text()), "one of these ended its process")
    print(f"{sum(counts.values()):,} cases in {time.monotonic() - start:.0f} s: {dict(sorted(counts.items()))}")
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
