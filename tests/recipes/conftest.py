"""What every recipe is tried with: a payout, a simulated Chargebee, and environments that are thrown away.

`make recipes` runs these tests; it has the tools that they ask.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.harness import Row, Site, clean_environment, payout, write_csv

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
TOOLS = Path(sys.executable).parent
KEY = "recipes_key_that_nobody_may_see"
INSTALLED = "/opt/batch-credits/bin/batch-credits"  # where recipes have the program
MINUTES = 60


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them take tools or time that `make test` has not."""
    here = f"{Path(__file__).parent}{os.sep}"
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.recipes)


@dataclass(frozen=True)
class Said:
    """What a process said, and its exit code."""

    code: int
    text: str

    def exited(self, code: int) -> "Said":
        """Assert the code, and that nobody was shown the key."""
        assert self.code == code, f"exit {self.code}, not {code}:\n{self.text}"
        assert KEY not in self.text
        return self


def ran(
    command: Sequence[object], *, cwd: Path, minutes: float = 1, variables: Mapping[str, str] | None = None,
    is_bare: bool = False,
) -> Said:  # fmt: skip
    """Run a process to its end. `is_bare`: with these variables and no others."""
    environment = {**({} if is_bare else clean_environment()), **(variables or {})}
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=minutes * MINUTES, check=False,
    )  # fmt: skip
    return Said(done.returncode, done.stdout)


@dataclass(frozen=True)
class Payout:
    """A machine as the recipes have it: a file with its control totals, a key in a file, a site that knows the key."""

    folder: Path
    site: Site

    @property
    def file(self) -> Path:
        """What is to be paid tonight."""
        return self.folder / "inbox" / "tonight.csv"

    def lay(self, *rows: Row) -> None:
        """Lay a file of these rows, with their totals."""
        write_csv(self.file, rows)
        cents = sum(int(str(row[1])) for row in rows)
        total = f"{cents // 100}.{cents % 100:02d}"
        self.file.with_suffix(".control.csv").write_text(f"currency,rows,total\nUSD,{len(rows)},{total}\n")
        self.file.with_suffix(".control.json").write_text(f'{{"totals": {{"USD": "{total}"}}}}')

    def moved(self, text: str) -> str:
        """A recipe's text with this machine's places in it, and the site's address where the site is named."""
        here = {
            INSTALLED: f"{TOOLS}/batch-credits",
            "/opt/batch-credits": f"{DEPLOY}/cron",
            "/var/lib/batch-credits": f"{self.folder}",
            "/etc/batch-credits": f"{self.folder}",
            "%S/batch-credits": f"{self.folder}",
            "%d": f"{self.folder}",
            "/secrets/key": f"{self.folder}/key",
        }
        for place, instead in here.items():
            text = text.replace(place, instead)
        return text

    def times(self) -> dict[tuple[str, str], int]:
        """How often each (customer, reference) was credited."""
        return dict(self.site.times("tonight"))


@pytest.fixture
def tonight(tmp_path: Path) -> Iterator[Payout]:
    """A payout of five rows that all can be paid."""
    with Site("--api-key", KEY) as site:
        here = Payout(tmp_path, site)
        (tmp_path / "inbox").mkdir()
        (tmp_path / "key").write_text(f"{KEY}\n")
        here.lay(*payout("tonight", 5))
        yield here


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the wheel and the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    ran([sys.executable, "-m", "build", "--installer", "uv", "-o", folder, ROOT], cwd=folder, minutes=3).exited(0)
    return folder


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    """The wheel that a release would have."""
    [wheel] = built.glob("*.whl")
    return wheel


def environment_of(folder: Path, *packages: object, options: Sequence[object] = ()) -> Path:
    """A new virtual environment with these packages. Returns the folder of its programs."""
    ran([TOOLS / "uv", "venv", "--quiet", "--python", sys.executable, folder], cwd=folder.parent).exited(0)
    install = [TOOLS / "uv", "pip", "install", "--quiet", "--python", folder / "bin" / "python", *options, *packages]
    ran(install, cwd=folder.parent, minutes=5, variables={"HOME": os.environ.get("HOME", "/")}).exited(0)
    return folder / "bin"
