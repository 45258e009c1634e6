"""docs/speed.md has the table that the kept figures of this version give, and the one command makes both."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import batch_credits

ROOT = Path(__file__).parents[3]
BENCH = ROOT / "benchmarks" / "bench.py"
PAGE = ROOT / "docs" / "speed.md"


def table_of(page: Path) -> str:
    begin, end = "<!-- written by `make bench` -->", "<!-- end of it -->"
    return page.read_text(encoding="utf-8").split(begin)[1].split(end)[0].strip()


def shown(results: Path) -> str:
    command = [sys.executable, str(BENCH), "--show", str(results)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_the_table_of_the_page_is_that_of_the_kept_figures() -> None:
    table = table_of(PAGE)
    assert "| whole run |" in table
    assert table == shown(ROOT / "benchmarks" / "results" / f"{batch_credits.__version__}.json")


@pytest.mark.slow
def test_the_one_command_measures_keeps_and_shows(tmp_path: Path) -> None:
    page, results = tmp_path / "speed.md", tmp_path / "results.json"
    shutil.copy(PAGE, page)
    sizes = ["--rows", "60", "--loaded", "100", "--rounds", "1", "--no-rivals"]
    command = [sys.executable, str(BENCH), *sizes, "--results", str(results), "--page", str(page)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    told = json.loads(results.read_text())
    figures = {one["name"]: one for one in told["figures"]}
    assert all(len(one["seconds"]) == 1 and min(one["seconds"]) > 0 for one in figures.values())
    assert {one["base"] for one in figures.values()} <= set(figures)
    assert told["version"] == batch_credits.__version__
    assert table_of(page) == shown(results)
    assert page.read_text().split("<!-- ")[0] == PAGE.read_text().split("<!-- ")[0]


@pytest.mark.slow
def test_a_soak_of_seconds_is_judged(tmp_path: Path) -> None:
    kept = tmp_path / "soak.json"
    command = [sys.executable, str(ROOT / "benchmarks" / "soak.py"), "--minutes", "3", "--rate", "20", "--window", "1"]
    done = subprocess.run(
        [*command, "--every", "0.2", "--json", str(kept)], capture_output=True, text=True, check=False
    )
    told = json.loads(kept.read_text())
    assert told["rows"] == 61
    assert "memory" in told["found"]["undecided"]
    assert done.returncode == (1 if told["found"]["wrong"] else 3), done.stderr
    assert not [sentence for sentence in told["found"]["wrong"] if "calls for" in sentence or "exit code" in sentence]
