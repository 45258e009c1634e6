"""docs/monitoring.md says what there is, and nothing else."""

import re
from pathlib import Path

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from batch_credits.cli import batch_credits
from batch_credits.cli.config import leaves
from batch_credits.metrics.exposition import openmetrics
from batch_credits.metrics.keeper import EVERY_SECONDS
from tests.unit.metrics.test_exposition import FULL

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
LOGS = (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")


def every_metric() -> dict[str, tuple[str, set[str]]]:
    """Type and labels of its samples, by name."""
    families = text_string_to_metric_families(openmetrics(FULL).decode())
    return {sample.name: (family.type, set(sample.labels)) for family in families for sample in family.samples}


def test_the_table_has_every_metric_with_its_type_and_labels() -> None:
    rows = re.findall(r"^\| `(batch_credits_\w+)` \| (\w+) \|([^|]*)\|", PAGE, re.MULTILINE)
    of_all = {"site", "command", "profile"}
    assert {name: (kind, {*of_all, *re.findall(r"`(\w+)`", more)}) for name, kind, more in rows} == every_metric()


def test_alerts_are_about_metrics_that_there_are() -> None:
    [rules] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert set(re.findall(r"batch_credits_\w+", rules)) <= every_metric().keys()
    assert len(re.findall(r"- alert: ", rules)) == len(re.findall(r"  expr: ", rules)) == 6


def test_the_options_that_the_pages_name_are_options() -> None:
    known = {flag for _, command in leaves(batch_credits) for each in command.params for flag in each.opts}
    for page in (PAGE, LOGS):
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page)) <= known
    assert f"every {EVERY_SECONDS:.0f} seconds" in PAGE


def test_the_pages_lead_to_files_that_there_are() -> None:
    for page in (PAGE, LOGS):
        for target in re.findall(r"\]\(([^)#]+)\)", page):
            assert (ROOT / "docs" / target).exists(), target
    schemas = {path.name for path in (ROOT / "docs" / "schemas").glob("*.json")}
    assert set(re.findall(r"schemas/(\w+\.json)", LOGS)) == schemas - {"common.json", "doctor.json", "notice.json"}
