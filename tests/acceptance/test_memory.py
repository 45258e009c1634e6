"""Promise: a file of 200,000 rows takes less than 300 MiB, and a larger one no more."""

import os
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


def peak_mib(command: Command, *arguments: object) -> float:
    """The most memory that the command held at one time."""
    with Path(os.devnull).open("w") as nowhere:
        process = subprocess.Popen(
            [sys.executable, "-m", "batch_credits", *map(str, arguments)],
            cwd=command.folder, env=clean_environment(), stdout=nowhere, stderr=nowhere,
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in (0, 2), process.returncode
    return usage.ru_maxrss / 1024


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
