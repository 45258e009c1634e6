"""CONTRIBUTING.md names what there is: every make target, and no file that has gone."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_every_make_target_is_told_and_no_other() -> None:
    [targets] = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    rows = re.findall(r"^\| (`make .*?) \|", PAGE, re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"[a-z-]+", row)}
    assert told - {"make"} == set(targets.split())


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md", "docs/protocol.md"])
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    names = re.findall(r"`([a-z_./]+(?:\.py|\.sql|\.toml|\.md|/))`", text)
    assert names
    for name in names:
        assert (ROOT / name).exists() or (ROOT / "batch_credits" / name).exists(), name


def test_the_architecture_names_every_room_and_every_module_of_the_root() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    first_cells = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    told = {name for cell in first_cells for name in re.findall(r"`([a-z_]+)/?`", cell)}
    package = ROOT / "batch_credits"
    rooms = {path.parent.name for path in package.glob("*/__init__.py")}
    assert told == rooms | {path.stem for path in package.glob("*.py") if not path.stem.startswith("__")}


def test_what_a_commit_is_held_to_is_what_make_check_runs() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    [check] = re.findall(r"^check:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for tool in re.findall(r"\$\(BIN\)/([a-z-]+)", check):
        assert f"entry: .venv/bin/{tool}" in hooks
