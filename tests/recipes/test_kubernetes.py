"""Manifests that Kubernetes' own schemas take, and whose commands run with their variables."""

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.harness import Site
from tests.recipes.conftest import DEPLOY, ROOT, TOOLS, Payout, ran

MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))


def manifest(name: str) -> dict[str, Any]:
    """A manifest, as Kubernetes reads it."""
    import yaml

    document: dict[str, Any] = yaml.safe_load((DEPLOY / "kubernetes" / name).read_text())
    return document


def pod(name: str) -> dict[str, Any]:
    """What a manifest says of its pods."""
    spec: dict[str, Any] = manifest(name)["spec"]
    spec = spec["jobTemplate"]["spec"] if "jobTemplate" in spec else spec
    found: dict[str, Any] = spec["template"]["spec"]
    return found


def test_the_schemas_take_them(tmp_path: Path) -> None:
    ran([TOOLS / "kubernetes-validate", "--strict", "--quiet", *MANIFESTS], cwd=ROOT).exited(0)
    (tmp_path / "x.yaml").write_text(MANIFESTS[0].read_text().replace("restartPolicy", "restartPolicies"))
    assert ran([TOOLS / "kubernetes-validate", "--strict", "x.yaml"], cwd=tmp_path).code != 0


@pytest.mark.parametrize("name", [path.name for path in MANIFESTS])
def test_they_are_nobody_write_nothing_and_name_no_secret(name: str) -> None:
    said = pod(name)
    [container] = said["containers"]
    assert said["securityContext"]["runAsNonRoot"] and said["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] and "memory" in container["resources"]["limits"]
    told = {each["name"]: each for each in container["env"]}
    assert "CHARGEBEE_API_KEY" not in told and "value" not in told["PGPASSWORD"]
    assert told["BATCH_CREDITS_LEDGER"]["value"].startswith("postgresql://"), "a pod forgets its files"
    places = {each["mountPath"] for each in container["volumeMounts"]}
    paths = [told["BATCH_CREDITS_API_KEY_FILE"]["value"], *(each.partition("=")[2] for each in container["args"])]
    assert all(any(path.startswith(place) for place in places) for path in paths if path.startswith("/"))
    assert {each["name"] for each in container["volumeMounts"]} == {each["name"] for each in said["volumes"]}


def test_the_job_comes_again_where_that_can_help_and_has_time_to_end() -> None:
    job = manifest("cronjob.yaml")["spec"]
    assert job["concurrencyPolicy"] == "Forbid" and job["timeZone"]
    rules = job["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    [failing] = [each for each in rules if each["action"] == "FailJob"]
    assert failing["onExitCodes"]["values"] == [1, 2, 3]
    assert failing["onExitCodes"]["containerName"] == pod("cronjob.yaml")["containers"][0]["name"]
    assert pod("cronjob.yaml")["restartPolicy"] == "Never", "which podFailurePolicy needs"
    assert pod("cronjob.yaml")["terminationGracePeriodSeconds"] >= 180
    assert pod("worker.yaml")["terminationGracePeriodSeconds"] >= 30


def call(name: str, here: Payout, ledger: str, *more: str) -> None:
    """Run a manifest's container, with its variables, to a good end."""
    [container] = pod(name)["containers"]
    told = {each["name"]: here.moved(str(each.get("value", "a password"))) for each in container["env"]}
    told |= {"BATCH_CREDITS_LEDGER": ledger, "CHARGEBEE_BASE_URL": here.site.url}
    args = [each.replace("=/inbox", f"={here.folder}/inbox").replace("=/reports", f"={here.folder}/reports")
            for each in container["args"]]  # fmt: skip
    args = [str(here.file) if each == "/inbox/tonight.csv" else each for each in args]
    ran([TOOLS / "batch-credits", *args, *more], cwd=here.folder, variables=told).exited(0)


def test_the_job_and_then_a_worker(tonight: Payout, postgres_url: str) -> None:
    for _ in range(2):
        call("cronjob.yaml", tonight, postgres_url)
        assert len(tonight.times()) == 5 and set(tonight.times().values()) == {1}
    assert list((tonight.folder / "reports").rglob("results.csv"))
    call("worker.yaml", tonight, postgres_url, "--until-idle")
    assert isinstance(tonight.site, Site) and tonight.site.posts == 5
