"""Promise: a file of 200,000 rows takes less than 300 MiB, and a larger one no more."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.harness import Command, clean_environment

ROWS = 200_000
LIMIT_MIB = 300


def write_rows(path: Path, count: int) -> Path:
    with path.open("w", encoding="utf-8") as stream:
        stream.write("customer_id,amount,currency_code,description,reference\n")
        stream.writelines(
            f"customer-{n},{100 + n % 9000},USD,Loyalty payout of the third quarter,q3\n" for n in range(count)
        )
    return path


# A process counts as its own what the one that started it held: so a small one starts the command.
MEASURE = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
assert code in (0, 2), code
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak_mib(command: Command, *arguments: object) -> float:
    """The most memory that the command held at one time."""
    called = [sys.executable, "-m", "batch_credits", *map(str, arguments)]
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, *called],
        cwd=command.folder, env=clean_environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(measured.stdout) / 1024


@pytest.mark.slow
def test_two_hundred_thousand_rows_fit(alone: Command) -> None:
    large = write_rows(alone.folder / "large.csv", ROWS)
    small = write_rows(alone.folder / "small.csv", ROWS // 10)
    peak = peak_mib(alone, "check", large, "--ledger", alone.ledger)
    assert peak < LIMIT_MIB
    assert peak < peak_mib(alone, "check", small, "--ledger", alone.ledger) + 60, "it must not grow with the file"


@pytest.mark.slow
def test_planning_two_hundred_thousand_rows_fits_too(alone: Command) -> None:
    large = write_rows(alone.folder / "large.csv", ROWS)
    assert peak_mib(alone, "run", large, "--sandbox", "--ledger", alone.ledger, "--reports", alone.reports) < LIMIT_MIB


def test_a_tenth_of_it_fits(alone: Command) -> None:
    assert peak_mib(alone, "check", write_rows(alone.folder / "small.csv", ROWS // 10)) < LIMIT_MIB
