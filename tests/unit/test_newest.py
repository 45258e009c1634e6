"""Which Python `make newest` takes."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "newest.py"


def newest(tmp_path: Path, **answers: str) -> str:
    """What is printed where these are on PATH, each a command that answers so; and two in pyenv."""
    for name, answer in answers.items():
        program(tmp_path / "bin" / name.replace("_", "."), answer)
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], capture_output=True, text=True, check=True,
        env={"PATH": f"{tmp_path / 'gone'}:{tmp_path / 'bin'}", "PYENV_ROOT": str(tmp_path / "pyenv")},
    )  # fmt: skip
    return done.stdout.strip().removeprefix(str(tmp_path))


def program(path: Path, answer: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{answer}\n")
    path.chmod(0o755)


def test_the_newest_release_that_runs(tmp_path: Path) -> None:
    program(tmp_path / "pyenv" / "versions" / "3.97.2" / "bin" / "python3", "echo 97 2 final")
    program(tmp_path / "pyenv" / "versions" / "3.97.1" / "bin" / "python3", "echo 97 1 final")
    others = {"python3_96": "echo 96 4 final", "python3_98": "exit 127", "python3_99": "echo 99 0 candidate"}
    assert newest(tmp_path, **others) == "/pyenv/versions/3.97.2/bin/python3"
    assert newest(tmp_path, **others, python3_100="echo 100 0 final") == "/bin/python3.100"


@pytest.mark.parametrize("answer", ["exit 1", f"echo {sys.version_info.minor} 99 final"])
def test_none_where_none_is_newer_than_the_usual_one(tmp_path: Path, answer: str) -> None:
    assert newest(tmp_path, python3_99=answer) == ""
