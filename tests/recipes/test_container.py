"""The Dockerfile by hadolint; its lock file by its hashes. The image itself is built by `make image`."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

from tests.recipes.conftest import DEPLOY, ROOT, TOOLS, environment_of, ran

DOCKERFILE = DEPLOY / "container" / "Dockerfile"
LOCK = DEPLOY / "container" / "requirements.lock"


def test_hadolint_has_nothing_against_it(tmp_path: Path) -> None:
    assert ran([TOOLS / "hadolint", "--failure-threshold", "style", DOCKERFILE], cwd=ROOT).exited(0).text == ""
    (tmp_path / "Dockerfile").write_text(DOCKERFILE.read_text().replace("USER 10001:10001", "USER root"))
    assert "DL3002" in ran([TOOLS / "hadolint", "Dockerfile"], cwd=tmp_path).exited(1).text


def test_it_is_nobody_in_particular_and_has_no_ledger_to_forget() -> None:
    last = DOCKERFILE.read_text().rpartition("\nFROM ")[2]
    assert re.search(r"^USER (\d+):(\d+)$", last, re.MULTILINE)
    assert "HOME=/nonexistent" in last and "VOLUME" not in last and "BATCH_CREDITS_LEDGER=" not in last
    ignored = DOCKERFILE.with_name("Dockerfile.dockerignore").read_text().splitlines()
    assert ignored[1:] == ["*", "!deploy/container/requirements.lock", "!dist/batch_credits-*.whl"]


def test_every_dependency_is_locked_within_its_bounds_with_hashes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [Requirement(text) for text in [*project["dependencies"], *project["optional-dependencies"]["postgres"]]]
    found = re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==(\S+)( ;[^\\]*)? \\\n((?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)",
                       LOCK.read_text(), re.MULTILINE)  # fmt: skip
    locked: dict[str, set[str]] = {}  # of some two, for one Python or another
    for name, version, *_ in found:
        locked.setdefault(name, set()).add(version)
    assert len(found) == len(re.findall(r"^\w", LOCK.read_text(), re.MULTILINE)), "each has hashes"
    for requirement in needed:
        versions = locked[requirement.name.lower()]
        assert all(map(requirement.specifier.contains, versions)), f"{requirement}: run `make lock`"


def test_it_can_be_installed_and_the_program_runs_with_it(tmp_path: Path, wheel: Path) -> None:
    programs = environment_of(tmp_path / "locked", "--requirements", LOCK, options=["--require-hashes"])
    python = programs / "python"
    ran([TOOLS / "uv", "pip", "install", "--quiet", "--python", python, "--no-deps", wheel], cwd=tmp_path).exited(0)
    ran([TOOLS / "uv", "pip", "check", "--quiet", "--python", python], cwd=tmp_path).exited(0)
    sample = ROOT / "sample_data" / "loyalty_payout.csv"
    command = [programs / "batch-credits", "run", sample, "--sandbox", "--yes", "--quiet", "--ledger", "l.sqlite3"]
    assert "In balance" in ran(command, cwd=tmp_path).exited(1).text
    said = ran([programs / "batch-credits", "status", "--ledger", "postgresql://127.0.0.1:1/none"], cwd=tmp_path)
    assert "takes more than is installed" not in said.exited(2).text, "what a team's ledger needs is in it"
