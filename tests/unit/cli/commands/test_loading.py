"""What is asked for most, and by every completion of a shell, loads next to nothing."""

import json
import subprocess
import sys
from typing import Any

import click
import pytest

from batch_credits.cli import batch_credits, run_command_line
from batch_credits.cli.commands import COMMANDS, loading

SHOW_WHAT_IS_LOADED = """
import json, sys
before = set(sys.modules)
sys.argv[1:] = json.loads(sys.argv[1])
from batch_credits.__main__ import main
try:
    main()
except SystemExit as ended:
    sys.stdout.flush()
    print(json.dumps([ended.code, sorted(set(sys.modules) - before)]))
"""
OF_THE_COMMAND_LINE = {
    "batch_credits", "batch_credits.__main__", "batch_credits.errors", "batch_credits.text",
    "batch_credits.text.colour", "batch_credits.text.visible", "batch_credits.cli",
    "batch_credits.cli.commands", "batch_credits.cli.telling", "batch_credits.cli.telling.screen",
    "batch_credits.cli.telling.speech",
}  # fmt: skip
FOREIGN = {"aiohttp", "babel", "jinja2", "numpy", "orjson", "pandas", "platformdirs", "pydantic", "python_calamine",
           "tqdm", "uvloop", "xlsxwriter"}  # fmt: skip
SLOW = {"asyncio", "sqlite3", "multiprocessing", "ssl", "tempfile", "unittest"}


def loaded_by(*arguments: str, **environment: str) -> set[str]:
    """The modules that a call imports."""
    done = subprocess.run(
        [sys.executable, "-c", SHOW_WHAT_IS_LOADED, json.dumps(arguments)], capture_output=True, text=True, check=True,
        env=environment,
    )  # fmt: skip
    code, modules = json.loads(done.stdout.splitlines()[-1])
    assert code == 0
    return set(modules)


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["-h"]])
def test_a_line_of_help_loads_the_command_line_alone(arguments: list[str]) -> None:
    loaded = loaded_by(*arguments)
    assert {name for name in loaded if name.partition(".")[0] == "batch_credits"} == OF_THE_COMMAND_LINE
    assert not {name.partition(".")[0] for name in loaded} & (FOREIGN | SLOW)


def test_so_does_the_completion_of_a_commands_name() -> None:
    loaded = loaded_by(_BATCH_CREDITS_COMPLETE="zsh_complete", COMP_WORDS="batch-credits re", COMP_CWORD="1")
    assert {name for name in loaded if name.partition(".")[0] == "batch_credits"} == OF_THE_COMMAND_LINE


def test_every_command_is_in_the_module_of_its_name() -> None:
    for name, command in batch_credits.commands.items():
        assert isinstance(command, click.Command)
        assert (command.name, command.callback and command.callback.__module__) == (
            name, f"batch_credits.cli.commands.{name}",
        )  # fmt: skip
        assert name in batch_credits.commands and command.help
    assert "install" not in batch_credits.commands and batch_credits.commands.get("install") is None


def test_the_help_has_a_line_for_each(call: Any) -> None:
    code, out, _ = call("--help")
    listed = dict(line.strip().split("  ", 1) for line in out.partition("Commands:\n")[2].splitlines())
    assert code == 0
    assert {name: line.strip() for name, line in listed.items()} == COMMANDS


def test_ctrl_c_while_a_command_is_loaded_ends_before_anything_was_sent(call: Any, monkeypatch: Any) -> None:
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("batch_credits.cli.commands.import_module", interrupted)
    assert call("run", "payout.csv", "--yes") == (2, "", "")
    with pytest.raises(click.exceptions.Exit), loading():
        raise KeyboardInterrupt


def test_a_command_that_is_none() -> None:
    assert run_command_line(["install"]) == 2
