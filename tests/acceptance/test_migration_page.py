"""Promise: docs/migration.md leads through an import: its commands are carried out here, in their order."""

import csv
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import KEY, Site, clean_environment

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "migration.md").read_text(encoding="utf-8")
SAMPLE = "sample_data/migration_import.csv"
BATCH = "91079704"  # as the page calls it


def customers(last: int) -> str:
    """The file of a site that has so many of the sample's."""
    return "".join(f"legacy-{number:04}\n" for number in range(1, last + 1))


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[dict[str, Site]]:
    """The sandbox that the page starts, the test site, and the real one, where a customer of the file is missing."""
    (tmp_path / "all").write_text(customers(61))
    (tmp_path / "most").write_text(customers(59) + "legacy-0061\n")
    with Site() as local, Site("--customers", str(tmp_path / "all")) as test, Site(
        "--customers", str(tmp_path / "most")
    ) as real:  # fmt: skip
        yield {"": local, "acme-test": test, "acme": real}


class Engineer:
    """Somebody who types what the page says."""

    def __init__(self, folder: Path, sites: dict[str, Site]) -> None:
        self.folder = folder
        self.sites = sites
        self.environment: dict[str, str] = {}
        self.batch = BATCH

    def types(self, line: str) -> str:
        """Carry out a line; a question is answered with yes. Returns what is said."""
        words = shlex.split(line)
        if words[0] == "export":
            self.environment |= dict(word.split("=", 1) for word in words[1:])
            return ""
        if words[0] == "unset":
            for name in words[1:]:
                self.environment.pop(name, None)
            return ""
        if words[1] == "sandbox":
            return ""
        asks = words[1] in ("run", "reverse") and "--yes" not in words
        typed = line.replace(BATCH, self.batch).replace("/tmp/", f"{self.folder}/") + " --yes" * asks
        site = self.sites[self.environment.get("CHARGEBEE_SITE", "")]
        ours = {name: text.replace("/srv/migration", str(self.folder)).replace("/tmp/", f"{self.folder}/")
                for name, text in self.environment.items()}  # fmt: skip
        there = {"CHARGEBEE_BASE_URL": site.url, "CHARGEBEE_API_KEY": KEY} if self.environment else {}
        pace = {"BATCH_CREDITS_RATE": "0"} if words[1] not in ("status", "report") else {}
        done = subprocess.run(
            typed, shell=True, cwd=self.folder, capture_output=True, text=True, check=False, timeout=60,
            env={**clean_environment(), "HOME": str(self.folder), **ours, **there, **pace,
                 "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert done.returncode in (0, 1), f"{typed}\n{said}"
        if words[1] == "status":
            self.batch = done.stdout.split()[0]
        return said


@pytest.mark.slow
def test_the_page_leads_through_an_import(tmp_path: Path, sites: dict[str, Site]) -> None:
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    [totals] = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "totals.csv").write_text(totals)
    engineer = Engineer(tmp_path, sites)
    commands = [line.removeprefix("$ ") for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
                for line in block.replace("\\\n", " ").splitlines()]  # fmt: skip
    for line in commands:
        if "failed.csv" in line:
            _mend(tmp_path / "reports" / f"migration_import-{engineer.batch}" / "failed.csv")
        if line.endswith("wrong_ones.csv"):
            break  # all is taken back by then
        said = engineer.types(line)
        if "--control" in line and " check " in line:
            assert "says" not in said.split("Next")[0]
    assert len(sites[""].times()) == len(sites["acme-test"].times()) == 60
    added = [each for each in sites["acme"].credits() if each["type"] == "increment"]
    assert len(added) == len({each["customer_id"] for each in added}) == 60
    taken = [each for each in sites["acme"].credits() if each["type"] == "decrement"]
    assert len(taken) == 59  # what the batch credited; the row that was mended is another's
    closing = tmp_path / "reports" / f"migration_import-{engineer.batch}" / "closing.csv"
    assert closing.exists()
    assert not Path("/srv/migration").exists()


def _mend(failed: Path) -> None:
    """The customer who is missing has another id."""
    text = failed.read_text(encoding="utf-8")
    assert len(list(csv.reader(text.splitlines()))) == 2
    failed.write_text(text.replace("legacy-0060", "legacy-0061"), encoding="utf-8")
