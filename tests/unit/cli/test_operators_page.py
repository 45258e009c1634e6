"""What docs/operators.md says of settings is what the program does."""

import re
from pathlib import Path
from typing import Any

from batch_credits.cli import batch_credits
from batch_credits.cli.config import USERS_OWN, leaves
from tests.unit.cli.test_config import folder, own, parsed

__all__ = ["folder"]

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")


def test_the_readme_leads_there() -> None:
    assert "(docs/operators.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_settings_file_that_it_shows_is_one(folder: Any) -> None:
    [example] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    own(folder).write_text(example.replace("/srv/payouts/acme.key", __file__))
    found = parsed("run").params
    assert found["ledger"] == Path("/srv/payouts/ledger.sqlite3")
    assert (found["site"], found["max_amount"]) == ("acme", (("USD", "500"),))


def test_the_keys_that_it_keeps_from_a_working_directory_are_those() -> None:
    [row] = re.findall(r"^\| (.*) \| refused \|", PAGE, re.MULTILINE)
    assert {f"--{key.replace('_', '-')}" for key in re.findall(r"`(\w+)`", row)} == set(USERS_OWN)


def test_the_options_that_it_names_are_options() -> None:
    commands = [command for _, command in leaves(batch_credits)]
    known = {flag for command in commands for p in command.params for flag in p.opts}
    assert set(re.findall(r"--[a-z][a-z-]+", PAGE)) <= known | {"--help"}
