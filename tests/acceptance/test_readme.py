"""Promise: whoever has the README alone finishes the sample payout, by its commands, and sees what it shows."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

from tests.acceptance.harness import Command
from tests.acceptance.terminal import Terminal
from tests.acceptance.test_screens import same_each_time

ROOT = Path(__file__).parents[2]


def blocks_of_readme() -> list[str]:
    """What stands in its console blocks."""
    return re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


def test_the_sample_payout_by_the_readme_alone(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    (tmp_path / "reports").mkdir()
    _make, shown, commands, *_ = blocks_of_readme()
    demo = re.search(r"batch-credits (run .*--ledger \S+);", (ROOT / "Makefile").read_text())
    assert demo is not None
    person = Command(tmp_path)
    with Terminal(person, *shlex.split(demo[1]), columns=110) as terminal:
        terminal.end().exited(1)
        assert same_each_time(shown) in same_each_time(terminal.screen)
    activate, *others, run = [line.removeprefix("$ ").partition(" #")[0] for line in commands.splitlines()]
    assert activate.strip() == ". .venv/bin/activate"
    for command in others:
        if command.startswith("batch-credits "):
            with Terminal(person, *shlex.split(command)[1:]) as terminal:
                terminal.end().exited(0)
        else:
            subprocess.run(command, shell=True, cwd=tmp_path, check=True)
    with Terminal(person, *shlex.split(run)[1:]) as terminal:
        terminal.until(r"Credit 3 rows, 60\.50 USD.*\[y/N\]:")
        terminal.types(b"y\n")
        assert "All 3 rows credited." in terminal.end().exited(0).out
