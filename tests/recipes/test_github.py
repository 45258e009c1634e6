"""A workflow that GitHub's schema takes, in which zizmor finds nothing, and whose step pays."""

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.harness import payout
from tests.recipes.conftest import DEPLOY, KEY, ROOT, TOOLS, Payout, Said, ran

WORKFLOW = DEPLOY / "github" / "payout.yml"


def steps() -> list[dict[str, Any]]:
    """The steps of its job."""
    import yaml

    found: list[dict[str, Any]] = yaml.safe_load(WORKFLOW.read_text())["jobs"]["pay"]["steps"]
    return found


def test_its_schema_takes_it(tmp_path: Path) -> None:
    checked = [TOOLS / "check-jsonschema", "--builtin-schema", "vendor.github-workflows"]
    ran([*checked, WORKFLOW], cwd=ROOT).exited(0)
    (tmp_path / "x.yml").write_text(WORKFLOW.read_text().replace("runs-on", "runs-onto"))
    ran([*checked, "x.yml"], cwd=tmp_path).exited(1)


def test_zizmor_finds_nothing(tmp_path: Path) -> None:
    audit = [TOOLS / "zizmor", "--offline", "--no-progress", "--quiet"]
    ran([*audit, WORKFLOW], cwd=ROOT).exited(0)
    (tmp_path / "x.yml").write_text(WORKFLOW.read_text().replace('"$FILE"', "${{ inputs.file }}"))
    assert "template-injection" in ran([*audit, "x.yml"], cwd=tmp_path).text


def test_secrets_are_in_the_environment_of_the_one_step_that_pays() -> None:
    having = [step["name"] for step in steps() if "secrets." in str(step)]
    assert having == ["Pay"] and "secrets." not in next(step["run"] for step in steps() if step.get("name") == "Pay")


def paid(here: Payout, ledger: str, **more: str) -> Said:
    """Run the step that pays as GitHub does, in the folder of the file."""
    [step] = [step for step in steps() if step.get("name") == "Pay"]
    assert set(step["env"]) == {"FILE", "CHARGEBEE_SITE", "CHARGEBEE_API_KEY", "BATCH_CREDITS_LEDGER", "PGPASSWORD"}
    told = {
        "FILE": "inbox/tonight.csv", "CHARGEBEE_SITE": "acme", "CHARGEBEE_API_KEY": KEY, "PGPASSWORD": "none",
        "BATCH_CREDITS_LEDGER": ledger, "CHARGEBEE_BASE_URL": here.site.url, "PATH": f"{here.folder}/bin:/usr/bin:/bin",
    }  # fmt: skip
    programs = here.folder / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "sleep").write_text(f"#!/bin/sh\necho $1 >> {here.folder}/slept\n")
    (programs / "sleep").chmod(0o755)
    (programs / "batch-credits").unlink(missing_ok=True)
    (programs / "batch-credits").symlink_to(TOOLS / "batch-credits")
    return ran(["bash", "-e", "-c", step["run"]], cwd=here.folder, variables={**told, **more})


def test_it_pays_once(tonight: Payout, postgres_url: str) -> None:
    for _ in range(2):
        paid(tonight, postgres_url).exited(0)
        assert len(tonight.times()) == 5 and set(tonight.times().values()) == {1}
    assert not (tonight.folder / "slept").exists()
    assert list((tonight.folder / "reports").rglob("results.csv")), "where the next step looks"


@pytest.mark.parametrize("ledger", ["", "ledger.sqlite3"])
def test_a_ledger_that_the_runner_would_forget_is_refused(tonight: Payout, ledger: str) -> None:
    assert "forgets" in paid(tonight, ledger).exited(2).text and tonight.times() == {}


def test_what_it_tries_again(tonight: Payout, postgres_url: str) -> None:
    paid(tonight, postgres_url, CHARGEBEE_API_KEY="another").exited(4)
    assert (tonight.folder / "slept").read_text().split() == ["60", "300", "900"]
    tonight.lay(*payout("tonight", 2), *payout("missing", 1))
    paid(tonight, postgres_url).exited(1)
    tonight.file.with_suffix(".control.csv").write_text("currency,total\nUSD,1.00\n")
    paid(tonight, postgres_url).exited(2)
    assert (tonight.folder / "slept").read_text().split() == ["60", "300", "900"], "no more than before"
