"""Help in sections: none forgets an option, and each says what is set elsewhere."""

import re
from pathlib import Path
from typing import Any

import click
import pytest

from batch_credits.cli import batch_credits
from batch_credits.cli.options.sections import SECTIONS, Sectioned

SECTIONED = [name for name, command in batch_credits.commands.items() if isinstance(command, Sectioned)]


def flags(command: click.Command) -> set[str]:
    options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    return {next(name for name in option.opts if name.startswith("--")) for option in options}


def test_every_option_of_these_commands_stands_in_one_section() -> None:
    in_sections = [flag for section in SECTIONS.values() for flag in section]
    assert len(in_sections) == len(set(in_sections))
    known = set().union(*(flags(batch_credits.commands[name]) for name in SECTIONED))
    assert known == set(in_sections)
    sectioned = {"check", "run", "reverse", "reconcile", "resolve", "work", "watch", "web", "pack", "doctor"}
    assert sectioned == set(SECTIONED)


@pytest.mark.parametrize("name", SECTIONED)
def test_help_shows_every_option_once_and_no_bounds(call: Any, name: str) -> None:
    code, out, _ = call(name, "--help")
    assert code == 0
    sections = out[re.search(rf"^(?:{'|'.join(SECTIONS)}):$", out, re.MULTILINE).start() :]  # type: ignore[union-attr]
    for flag in flags(batch_credits.commands[name]):
        assert len(re.findall(rf"^  (?:-\w, )?{flag}(?: |$)", sections, re.MULTILINE)) == 1, flag
    assert "<=x" not in out and "x<=" not in out


def test_help_says_what_a_file_or_a_variable_set(call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "batch-credits.toml").write_text('max_amount = ["USD=500", "EUR=4"]\namount_unit = "major"\nrate = 9\n')
    monkeypatch.setenv("BATCH_CREDITS_RATE", "30")
    _, out, _ = call("run", "--help")
    said = "".join(out.split())  # folds may stand anywhere
    assert "nameeachcurrency.[now:USD=500,EUR=4,frombatch-credits.toml]" in said
    assert "Whatamountscount:cents,ordollars.[now:major,frombatch-credits.toml]" in said
    assert "0:nolimit.[now:30,fromBATCH_CREDITS_RATE]" in said
    assert said.count("[now:") == 4  # the ledger of the test is a variable, too
