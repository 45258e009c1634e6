"""What is packed: the wheel alone runs the README's demo; the sdist makes the same wheel; pipx and uv take it."""

import hashlib
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.acceptance.harness import clean_environment
from tests.recipes.conftest import ROOT, TOOLS, environment_of, ran

SAMPLE = ROOT / "sample_data" / "loyalty_payout.csv"
AT_RUN_TIME = (".sql", ".html", ".css", ".js", ".toml", ".typed")


def demo(program: Path, folder: Path) -> None:
    """The README's demo."""
    command = [program, "run", SAMPLE, "--sandbox", "--yes", "--ledger", folder / "demo.sqlite3"]
    said = ran(command, cwd=folder, minutes=2).exited(1).text
    assert "197 credited, 3 failed, 0 in doubt" in said and "In balance" in said


def test_twine_has_nothing_against_them(built: Path) -> None:
    packed = sorted(built.iterdir())
    assert [path.suffix for path in packed] == [".whl", ".gz"]
    ran([TOOLS / "twine", "check", "--strict", *packed], cwd=built).exited(0)


def test_the_wheel_has_all_that_is_needed_at_run_time(wheel: Path) -> None:
    package = ROOT / "batch_credits"
    needed = {
        str(path.relative_to(ROOT)) for path in package.rglob("*")
        if path.suffix in (".py", *AT_RUN_TIME) and "__pycache__" not in path.parts
    }  # fmt: skip
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        [page] = [name for name in names if name.endswith("share/man/man1/batch-credits.1")]
        assert packed.read(page) == (ROOT / "docs" / "man" / "batch-credits.1").read_bytes()
    assert needed <= names and {"batch_credits/py.typed", "batch_credits/ledger/statements/claims.sql"} <= needed
    assert not [name for name in names if name.startswith(("tests", "deploy"))]


def test_the_wheel_alone_runs_the_demo(tmp_path: Path, wheel: Path) -> None:
    programs = environment_of(tmp_path / "clean", wheel)
    demo(programs / "batch-credits", tmp_path)
    assert (tmp_path / "clean" / "share" / "man" / "man1" / "batch-credits.1").exists()
    typed = "import batch_credits, pathlib; print(pathlib.Path(batch_credits.__file__).with_name('py.typed').exists())"
    assert "True" in ran([programs / "python", "-I", "-c", typed], cwd=tmp_path).exited(0).text


def test_the_sdist_makes_the_same_wheel(tmp_path: Path, built: Path, wheel: Path) -> None:
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as packed:
        packed.extractall(tmp_path, filter="data")
    [source] = tmp_path.iterdir()
    command = [sys.executable, "-m", "build", "--installer", "uv", "--wheel", "-o", tmp_path / "again", source]
    ran(command, cwd=tmp_path, minutes=3).exited(0)
    [again] = (tmp_path / "again").iterdir()
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(wheel.read_bytes()).digest()


@pytest.mark.parametrize("tool", ["pipx", "uv"])
def test_a_person_installs_it(tmp_path: Path, wheel: Path, tool: str) -> None:
    places = {"PIPX_HOME": "tools", "PIPX_BIN_DIR": "bin", "PIPX_MAN_DIR": "man", "XDG_DATA_HOME": "data"}
    places |= {"UV_TOOL_DIR": "tools", "UV_TOOL_BIN_DIR": "bin"}
    told = {name: str(tmp_path / folder) for name, folder in places.items()}
    told |= {"PATH": f"{TOOLS}:{os.environ['PATH']}", "HOME": os.environ.get("HOME", "/")}
    command = [TOOLS / "pipx", "install", wheel] if tool == "pipx" else [TOOLS / "uv", "tool", "install", wheel]
    ran(command, cwd=tmp_path, minutes=5, variables=told).exited(0)
    demo(tmp_path / "bin" / "batch-credits", tmp_path)


def test_the_page_for_man_is_shown_without_a_warning() -> None:
    page = ROOT / "docs" / "man" / "batch-credits.1"
    shown = subprocess.run(
        ["man", "--warnings", "--local-file", page], env={**clean_environment(), "MANWIDTH": "100"}, check=True,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert shown.stderr == "" and "reconcile" in shown.stdout
    lint = ["mandoc", "-Tlint", "-Wwarning", str(page)]
    said = subprocess.run(lint, capture_output=True, text=True, timeout=60, check=False)
    against = [line for line in said.stdout.splitlines() if "missing date" not in line]  # it is the program's version
    assert against == [] and "mandoc: " not in said.stderr
