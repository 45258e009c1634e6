"""What all benchmarks share: turns that are taken round by round, their medians and spread, the machine, the JSON."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import batch_credits

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"


@dataclass
class Figure:
    """What one contender took, round by round. A ratio divides its turn by its base's turn of the same round."""

    name: str
    base: str  # by whose turns it is divided; its own name: by none
    rows: int  # of a turn
    seconds: list[float] = field(default_factory=list)  # on the wall
    cpu: list[float] = field(default_factory=list)  # seconds, of all processes that are ours; empty: not known
    peak_mib: float = 0.0  # of its largest process, in any round; 0: not known


class Turns:
    """The figures of a run of the benchmarks, in the order in which they first came."""

    def __init__(self) -> None:
        self.figures: dict[str, Figure] = {}

    def add(
        self, name: str, rows: int, seconds: float, cpu: float | None, *, base: str = "", peak_mib: float = 0.0
    ) -> None:
        """Note a turn."""
        print(f"  {name}: {seconds:.2f} s", file=sys.stderr, flush=True)
        one = self.figures.setdefault(name, Figure(name, base or name, rows))
        one.seconds.append(round(seconds, 4))
        if cpu is not None:
            one.cpu.append(round(cpu, 4))
        one.peak_mib = max(one.peak_mib, round(peak_mib, 1))


def spread(numbers: Sequence[float], form: str = ".2f") -> str:
    """`0.91 (0.88 to 0.93)`: the median, the least and the most."""
    return f"{median(numbers):{form}} ({min(numbers):{form}} to {max(numbers):{form}})"


def machine() -> str:
    """CPU, cores, system and Python."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cores = f"{os.cpu_count()} cores"
    model = models[0] if models else platform.processor() or platform.machine()
    return f"{model}, {cores}, {platform.system()}, Python {platform.python_version()}"


def commit() -> str:
    """What is measured, as git names it, with `+` if it was changed since; empty outside of a checkout."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    changed = git("status", "--porcelain", "--", "batch_credits", "benchmarks/*.py")
    return git("rev-parse", "--short=9", "HEAD") + ("+" if changed else "")


def about(rounds: int) -> dict[str, Any]:
    """What was measured, where, when, and how many processes waited for a CPU as it began."""
    return {
        "version": batch_credits.__version__,
        "commit": commit(),
        "machine": machine(),
        "load": round(os.getloadavg()[0], 1),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "rounds": rounds,
    }


def write(path: Path, told: dict[str, Any], each: Iterable[Any]) -> None:
    """Keep the figures, a line for each."""
    figures = ",\n  ".join(json.dumps(asdict(one)) for one in each)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, indent=1)[:-2] + f',\n "figures": [\n  {figures}\n ]\n}}\n')


def read(path: Path) -> tuple[dict[str, Any], dict[str, Figure]]:
    """What `write` kept."""
    told = json.loads(path.read_text(encoding="utf-8"))
    return told, {one["name"]: Figure(**one) for one in told.pop("figures")}
