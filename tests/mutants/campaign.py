"""A sample of mutants of what decides about money and reports, each against the tests that execute its line.

    python -m tests.mutants.campaign --sample 300 --seed 1 --jobs 2 [--module ledger]

Neither mutmut nor cosmic-ray is used: they know no SQL, draw no sample, and mutate functions only or run one
command for all. A mutant that no test notices either shows what is not tested, or changes nothing that anybody could
see: those are listed in accepted.toml, each with the reason. Exit code 1 when fewer than 95 % of the others die.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.contexts import CHOSEN
from tests.mutants.covering import PYTEST, ROOT, Covering, learned
from tests.mutants.mutations import Mutant, files, mutants_of

MODULES = tuple(
    f"batch_credits/{pattern}"
    for pattern in (
        "protocol/*.py", "model/*.py", "call.py", "planning/plan.py", "planning/controls.py", "planning/reversal.py",
        "sending/session.py", "sending/processes.py", "jobs/reverse.py", "jobs/resolve.py", "chargebee/answers.py",
        "chargebee/lists.py", "chargebee/verdicts.py", "chargebee/bodies.py", "ledger/*.py",
        "ledger/engines/sqlite/*.py", "ledger/engines/sqlite/schema.sql",
        "ledger/statements/*.sql",
        "gate/*.py", "worker_pool/*.py", "reconciler/*.py",
        "loader/money.py", "reporter/tally.py", "reporter/tables.py", "reporter/summary.py", "reporter/record.py",
    )
)  # fmt: skip
# Lines that run in processes of their own are seen by no count: a few tests of the whole command for each.
COMMAND = {
    "sending/processes.py": ("test_processes.py",), "sending/session.py": ("test_processes.py", "test_interruption.py"),
    "jobs/reverse.py": ("test_reverse.py",), "planning/reversal.py": ("test_reverse.py",),
    "jobs/resolve.py": ("test_resolve.py",), "reconciler/looks.py": ("test_reconcile.py",),
    "reconciler/tie_out.py": ("test_reconcile.py",), "reconciler/settler.py": ("test_reconcile.py",),
}  # fmt: skip
ENOUGH = 0.95
FIRST_SECONDS, SECOND_SECONDS = 20.0, 60.0  # of tests, by what they took without a mutant
COMMAND_SECONDS = 240.0
ACCEPTED = Path(__file__).with_name("accepted.toml")

_copied = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", "node_modules")


class Desk:
    """A copy of the repository, in which one mutant at a time lives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT, folder, ignore=_copied)

    def killer_of(self, mutant: Mutant, covering: Covering) -> str | None:
        """What noticed it: a test's id, or in how many seconds it did not come to an end. None: nothing."""
        file = self.folder / mutant.path
        source = file.read_text()
        _write(file, mutant.applied(source))
        try:
            tests = covering.tests_of(mutant)
            first = _as_many(tests, covering, FIRST_SECONDS)
            return (
                self._failed(first, covering)
                or self._failed(_as_many(tests[len(first) :], covering, SECOND_SECONDS), covering)
                or self._failed_command(mutant)
            )
        finally:
            _write(file, source)

    def _failed(self, tests: list[str], covering: Covering) -> str | None:
        if not tests:
            return None
        chosen = self.folder / "chosen.json"
        chosen.write_text(json.dumps(tests))
        paths = [*dict.fromkeys(test.partition("::")[0] for test in tests)]
        return self._noticed(paths, 30 + 5 * sum(covering.seconds.get(test, 0.0) for test in tests), chosen)

    def _failed_command(self, mutant: Mutant) -> str | None:
        names = COMMAND.get(mutant.path.removeprefix("batch_credits/"))
        return self._noticed([f"tests/acceptance/{name}" for name in names], COMMAND_SECONDS) if names else None

    def _noticed(self, paths: list[str], seconds: float, chosen: Path | None = None) -> str | None:
        command = [sys.executable, *PYTEST, "-x", *paths]
        environment = {**os.environ, "PYTHONPATH": str(self.folder)}
        if chosen is not None:
            environment[CHOSEN] = str(chosen)
        with subprocess.Popen(
            command, cwd=self.folder, env=environment, text=True, start_new_session=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as running:  # fmt: skip
            try:
                said, _ = running.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                return f"no end in {seconds:.0f} s"
        if running.returncode in (0, 5):  # 5: none of the chosen was left
            return None
        words = [line for line in said.splitlines() if line.startswith(("FAILED ", "ERROR "))]
        return (words or said.splitlines() or ["ended by itself"])[-1].partition(" - ")[0]


def _write(file: Path, source: str) -> None:
    file.write_text(source)
    for compiled in file.parent.glob(f"__pycache__/{file.stem}.*"):
        compiled.unlink()  # the mutant may be of the same size and second


def _as_many(tests: list[str], covering: Covering, seconds: float) -> list[str]:
    """Those at the beginning that take no longer together."""
    for number, test in enumerate(tests):
        seconds -= covering.seconds.get(test, 0.0)
        if seconds < 0 and number:
            return tests[:number]
    return tests


def accepted() -> dict[tuple[str, str, str], str]:
    """The mutants that need not die, and why."""
    entries = tomllib.loads(ACCEPTED.read_text())["mutant"]
    return {(entry["file"], entry["before"], entry["after"]): entry["reason"] for entry in entries}


def every_mutant(module: str = "") -> list[Mutant]:
    """All mutants there are, of the modules with this in their path."""
    paths = [path for path in files(ROOT, MODULES) if module in path]
    return [mutant for path in paths for mutant in mutants_of(path, (ROOT / path).read_text())]


def main() -> int:
    """Run the campaign and say what survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.campaign")
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--module", default="", help="only paths with this in them")
    parser.add_argument("--log", type=Path, help="append what became of each, and by which test, to this file")
    given = parser.parse_args()

    began = time.monotonic()
    reasons = accepted()
    mutants = every_mutant(given.module)
    drawn = random.Random(given.seed).sample(mutants, min(given.sample, len(mutants)))
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, ThreadPoolExecutor(given.jobs) as pool:
        copies = [Desk(Path(folder) / str(number)) for number in range(given.jobs)]
        covering = learned([copy.folder for copy in copies])
        desks: SimpleQueue[Desk] = SimpleQueue()
        for copy in copies:
            desks.put(copy)

        def judged(mutant: Mutant) -> tuple[Mutant, str | None]:
            desk = desks.get()
            try:
                return mutant, desk.killer_of(mutant, covering)
            finally:
                desks.put(desk)

        killed, survivors, equivalent = 0, [], 0
        for mutant, killer in pool.map(judged, drawn):
            if given.log:
                with given.log.open("a") as log:
                    log.write(f"{mutant}\n    {killer or 'SURVIVED'}\n")
            reason = reasons.get((mutant.path, mutant.before, mutant.after))
            if killer is not None:
                killed += 1
            elif reason is not None:
                equivalent += 1
                print(f"accepted  {mutant}\n    {reason}", flush=True)
            else:
                survivors.append(mutant)
                print(f"SURVIVED  {mutant}", flush=True)
    meant = len(drawn) - equivalent
    share = killed / meant if meant else 1.0
    print(
        f"{len(drawn)} of {len(mutants)} mutants, seed {given.seed}: {killed} killed, {len(survivors)} survived,"
        f" {equivalent} accepted; {share:.1%} of those that count, in {time.monotonic() - began:.0f} s"
    )
    return 0 if share >= ENOUGH else 1


if __name__ == "__main__":
    sys.exit(main())
