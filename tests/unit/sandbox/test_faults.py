"""The faults there are, and that the module and the command's help explain each."""

import re

from click.testing import CliRunner

from batch_credits.cli import batch_credits
from batch_credits.sandbox import faults
from batch_credits.sandbox.plan import PARAMETERS


def explained(text: str) -> list[str]:
    """The names at the beginnings of indented lines; two with the same explanation have a comma between them."""
    lines = [re.match(r" {4}(\w+(?:, \w+)*)(?:  |$)", line) for line in text.splitlines()]
    return [name for line in lines if line for name in line[1].split(", ")]


def test_every_name_is_explained_once_in_the_module() -> None:
    assert sorted(explained(faults.__doc__ or "")) == sorted([*faults.FAULT_NAMES, *PARAMETERS])


def test_no_name_means_two_things() -> None:
    assert len(set(faults.FAULT_NAMES)) == len(faults.FAULT_NAMES)


def test_the_help_of_the_command_lists_every_name() -> None:
    shown = CliRunner().invoke(batch_credits, ["sandbox", "--help"], terminal_width=80)

    assert shown.exit_code == 0
    assert {*faults.FAULT_NAMES, *PARAMETERS} <= set(re.findall(r"\w+", shown.output))
    assert max(map(len, shown.output.splitlines())) <= 80
