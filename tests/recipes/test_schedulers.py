"""Airflow's DAG and Dagster's job, imported and run in environments of their own."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.acceptance.harness import clean_environment, payout
from tests.recipes.conftest import DEPLOY, KEY, Payout, environment_of

HERE = Path(__file__).parent
AIRFLOW, DAGSTER = "apache-airflow==3.3.*", "dagster==1.13.*"  # which the recipes name
SECONDS = 300


def played(python: Path, script: str, recipe: Path, lines: Sequence[object], cwd: Path, **more: str) -> list[Any]:
    """What a script said of a recipe, and of each line that it was told."""
    done = subprocess.run(
        [python, HERE / script, recipe], input="\n".join(map(json.dumps, lines)), cwd=cwd, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=SECONDS, env={**clean_environment(), **more}, check=False,
    )  # fmt: skip
    assert KEY not in done.stdout, "the key is in a log"
    said = [json.loads(line.removeprefix("RAN ")) for line in done.stdout.splitlines() if line.startswith("RAN ")]
    assert len(said) == len(lines) + 1, done.stdout[-5000:]
    return said


def nights(here: Payout) -> dict[str, tuple[str, str, str]]:
    """Files, with the totals that are said of them, and the key that is used: what a scheduler meets."""
    found = {}
    for name, rows, key in (
        ("good", payout("tonight", 5), KEY), ("again", payout("tonight", 5), KEY),
        ("some", [*payout("tonight-b", 2), *payout("missing", 1)], KEY), ("other", payout("tonight-c", 2), KEY),
        ("refused", payout("tonight-d", 2), "another key"),
    ):  # fmt: skip
        here.lay(*rows)
        control = here.file.with_suffix(".control.json")
        if name == "other":
            control.write_text('{"totals": {"USD": "1.00"}}')
        name = "good" if name == "again" else name
        file = here.file.rename(here.file.with_name(f"{name}.csv"))
        found[name if name not in found else "again"] = (str(file), str(control.rename(file.with_suffix(".json"))), key)
    return found


def test_airflow(tonight: Payout, tmp_path: Path, wheel: Path) -> None:
    programs = environment_of(tmp_path / "airflow", AIRFLOW, wheel)
    dags = tmp_path / "dags"
    dags.mkdir()
    recipe = dags / "batch_credits_dag.py"
    recipe.write_text((DEPLOY / "airflow" / "batch_credits_dag.py").read_text())
    told = {
        "AIRFLOW_HOME": str(tmp_path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags), "AIRFLOW_VAR_BATCH_CREDITS_LEDGER": str(tmp_path / "ledger.sqlite3"),
        "AIRFLOW_VAR_BATCH_CREDITS_REPORTS": str(tmp_path / "reports"),
    }  # fmt: skip
    migrated = subprocess.run(
        [programs / "airflow", "db", "migrate"], env={**clean_environment(), **told}, cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert migrated.returncode == 0, migrated.stdout
    lines = [
        {
            "conf": {"file": file, "control": control},
            "variables": {
                "AIRFLOW_CONN_CHARGEBEE": json.dumps(
                    {"conn_type": "http", "login": "acme", "password": key, "host": tonight.site.url}
                )
            },
        }
        for file, control, key in nights(tonight).values()
    ]
    first, *said = played(programs / "python", "in_airflow.py", recipe, lines, tmp_path, **told)
    assert first == ["batch_credits_nightly", 5, 900]
    assert said == [["success", 1], ["success", 1], ["failed", 1], ["failed", 1], ["failed", 2]]
    assert len(tonight.times()) == 7 and set(tonight.times().values()) == {1}


def test_dagster(tonight: Payout, tmp_path: Path, wheel: Path) -> None:
    programs = environment_of(tmp_path / "dagster", DAGSTER, wheel)
    lines = []
    for name, (file, control, key) in nights(tonight).items():
        (tmp_path / f"{name}.key").write_text(f"{key}\n")
        chargebee = {
            "site": "acme", "key_file": str(tmp_path / f"{name}.key"), "base_url": tonight.site.url,
            "ledger": str(tmp_path / "ledger.sqlite3"), "reports": str(tmp_path / "reports"),
        }  # fmt: skip
        lines.append({"chargebee": chargebee, "payout": {"file": file, "control": control}})
    recipe = DEPLOY / "dagster" / "batch_credits_job.py"
    told = {"DAGSTER_HOME": str(tmp_path), "DAGSTER_DISABLE_TELEMETRY": "1"}
    first, *said = played(programs / "python", "in_dagster.py", recipe, lines, tmp_path, **told)
    assert first == ["batch_credits_nightly", "30 2 * * *", 1]
    assert said == [[True, 1], [True, 1], [False, 1], [False, 1], [False, 6]]
    assert len(tonight.times()) == 7 and set(tonight.times().values()) == {1}
