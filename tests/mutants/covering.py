"""Which tests execute which lines, and how long each of them takes: learned once for every state of the code."""

import ast
import hashlib
import json
import os
import pickle
import re
import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from coverage.numbits import numbits_to_nums

from tests.mutants.contexts import SECONDS
from tests.mutants.mutations import Mutant, named_statements

ROOT = Path(__file__).parents[2]
KEPT = Path(sys.prefix) / "mutants"  # goes with the virtual environment
PYTEST = (
    "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.mutants.contexts", "-m", "not slow",
    "--hypothesis-seed=0",
)  # fmt: skip
FOLDERS = ("tests/unit", "tests/integration")
_LEFT_OUT = ("tests/unit/sandbox/", "tests/unit/test_layers.py")  # none of them runs what decides about money
_EXECUTED = """
SELECT file.path, context.context, line_bits.numbits FROM line_bits
JOIN file ON file.id = line_bits.file_id JOIN context ON context.id = line_bits.context_id WHERE context.context <> ''
"""


class Covering:
    """What the tests of one state of the code execute."""

    def __init__(self, lines: dict[str, dict[int, set[int]]], names: list[str], seconds: dict[str, float]) -> None:
        self._lines = lines
        self._names = names
        self.seconds = seconds
        self._used: dict[str, dict[str, set[int]]] = {}  # by file and name: the lines where it is used
        self._made_of: dict[tuple[str, str], set[str]] = defaultdict(set)  # what is made of it there

    def tests_of(self, mutant: Mutant) -> list[str]:
        """The tests to run, those first that stand for the module, then the quickest."""
        lines = self._lines.get(mutant.path, {})
        found: set[int] = set().union(*(lines.get(line, set()) for line in mutant.lines))
        if not mutant.lines:
            found = self._of_names(set(mutant.names), set()) or set().union(*lines.values())
        own = _own_test(mutant.path)
        names = {self._names[number] for number in found} | {name for name in self.seconds if name.startswith(own)}
        return sorted(names, key=lambda name: (not name.startswith(own), self.seconds.get(name, 0.0), name))

    def _of_names(self, names: set[str], seen: set[str]) -> set[int]:
        """The tests of the lines where one of these is used, or what is made of it at the top of a module."""
        found: set[int] = set()
        further: set[str] = set()
        for path, uses in self._uses().items():
            for name in names & uses.keys():
                for line in uses[name]:
                    found |= self._lines.get(path, {}).get(line, set())
                further |= self._made_of.get((path, name), set())
        further -= names | seen
        return found | (self._of_names(further, names | seen) if further else set())

    def _uses(self) -> dict[str, dict[str, set[int]]]:
        if not self._used:
            for path in sorted((ROOT / "batch_credits").rglob("*.py")):
                at, source = path.relative_to(ROOT).as_posix(), path.read_text()
                uses: dict[str, set[int]] = defaultdict(set)
                for number, line in enumerate(source.splitlines(), 1):
                    for name in (*re.findall(r"[A-Za-z_]\w*", line), *re.findall(r'"\w+"', line)):
                        uses[name].add(number)
                self._used[at] = uses
                lines = source.splitlines()
                for statement in ast.parse(source).body:
                    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                        first, *more = lines[statement.value.lineno - 1 : statement.value.end_lineno]
                        made = "\n".join((first.encode()[statement.value.col_offset :].decode(), *more))
                        for name in re.findall(r"[A-Za-z_]\w*", made):
                            self._made_of[at, name].add(statement.targets[0].id)
            self._note_views()
        return self._used

    def _note_views(self) -> None:
        """Where a view is used is where the statements are that ask it."""
        folder = ROOT / "batch_credits" / "ledger" / "statements"
        views = {name for _, name, _ in named_statements((folder / "views.sql").read_text())}
        for path in sorted(folder.glob("*.sql")):
            at = path.relative_to(ROOT).as_posix()
            for _, statement, text in named_statements(path.read_text()):
                for view in views & {f'"{word}"' for word in re.findall(r"\w+", text)} - {statement}:
                    self._used.setdefault(at, {})[view] = set()
                    self._made_of[at, view].add(statement)


def _own_test(path: str) -> str:
    """The file of tests that mirrors a module and its statements, or the folder for a package as a whole."""
    mirrored = Path("tests/unit") / Path(path).relative_to("batch_credits")
    if mirrored.parent.name == "statements":
        return f"{mirrored.parent.parent}/test_{mirrored.stem}.py"
    return f"{mirrored.parent}/test_{mirrored.stem}.py" if mirrored.suffix == ".py" else f"{mirrored.parent}/"


def learned(copies: list[Path]) -> Covering:
    """From what an earlier call has learned of the same code, or by running every test once in these copies.

    Raises:
        SystemExit: a test fails without any mutant, so nothing could be learned from a test that fails with one.
    """
    kept = KEPT / f"{_fingerprint()}.pickle"
    if not kept.exists():
        print(f"running the tests once, to learn which execute which lines ({len(copies)} at a time)", flush=True)
        tests = [f for folder in FOLDERS for f in sorted((ROOT / folder).rglob("test_*.py"))]
        paths = [path for test in tests if not (path := test.relative_to(ROOT).as_posix()).startswith(_LEFT_OUT)]
        with ThreadPoolExecutor() as pool:
            shares = [(copy, paths[number :: len(copies)]) for number, copy in enumerate(copies)]
            covering = _joined(pool.map(_count, *zip(*shares, strict=True)))
        KEPT.mkdir(exist_ok=True)
        for old in KEPT.glob("*.pickle"):
            old.unlink()
        kept.write_bytes(pickle.dumps(covering))
    return Covering(*pickle.loads(kept.read_bytes()))


def _fingerprint() -> str:
    content = hashlib.sha256()
    for folder in ("batch_credits", "tests"):
        for path in sorted((ROOT / folder).rglob("*.*")):
            if path.suffix in (".py", ".sql", ".html", ".css", ".json") and "mutants" not in path.parts[-2:]:
                content.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return content.hexdigest()[:16]


def _count(copy: Path, paths: list[str]) -> tuple[Path, Path]:
    data, seconds, settings = copy / "coverage.data", copy / "seconds.json", copy / "coverage.ini"
    settings.write_text(f"[run]\nsource = batch_credits\ndata_file = {data}\n")
    command = (sys.executable, "-m", "coverage", "run", f"--rcfile={settings}", *PYTEST, *paths)
    environment = {**os.environ, "PYTHONPATH": str(copy), "COVERAGE_CORE": "ctrace", SECONDS: str(seconds)}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"a test fails without any mutant:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
    return data, seconds


def _joined(
    counted: Iterable[tuple[Path, Path]],
) -> tuple[dict[str, dict[int, set[int]]], list[str], dict[str, float]]:
    lines: dict[str, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    names: dict[str, int] = {}
    took: dict[str, float] = {}
    for file, seconds in counted:
        took |= json.loads(seconds.read_text())
        # By its documented tables: CoverageData itself takes minutes for thousands of contexts.
        with closing(sqlite3.connect(file)) as data:
            for path, name, bits in data.execute(_EXECUTED):
                of_file, number = lines[path[path.rindex("/batch_credits/") + 1 :]], names.setdefault(name, len(names))
                for line in numbits_to_nums(bits):
                    of_file[line].add(number)
    return {path: dict(of_file) for path, of_file in lines.items()}, list(names), took
