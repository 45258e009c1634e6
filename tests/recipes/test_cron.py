"""The crontab says when, and its line runs with what cron gives; the script tries again after 4 and 5 alone."""

import re
from datetime import datetime
from pathlib import Path

import pytest

from tests.acceptance.harness import payout
from tests.recipes.conftest import DEPLOY, TOOLS, Payout, ran

CRONTAB = (DEPLOY / "cron" / "batch-credits.crontab").read_text()
SCRIPT = DEPLOY / "cron" / "nightly.sh"
BARE = {"HOME": "/nonexistent", "LOGNAME": "batch-credits"}


def lines() -> tuple[dict[str, str], str, str]:
    """The crontab as cron reads it: its variables, when, and the command."""
    said = [line for line in CRONTAB.splitlines() if line and not line.startswith("#")]
    variables = dict(line.split("=", 1) for line in said if re.match(r"[A-Z_]+=", line))
    [entry] = said[len(variables) :]
    *when, command = entry.split(None, 5)
    return variables, " ".join(when), command


def test_when() -> None:
    from cronsim import CronSim

    _, when, command = lines()
    times = CronSim(when, datetime(2026, 3, 28))
    assert [next(times).isoformat() for _ in range(3)] == [f"2026-03-{day}T02:30:00" for day in (28, 29, 30)]
    assert "%" not in command, "cron takes it for the end of the line"


def test_the_line_as_cron_runs_it(tonight: Payout) -> None:
    variables, _, command = lines()
    told = {name: tonight.moved(value) for name, value in variables.items()}
    told |= {**BARE, "CHARGEBEE_BASE_URL": tonight.site.url, "BATCH_CREDITS": f"{TOOLS}/batch-credits"}
    for _ in range(2):
        said = ran([told["SHELL"], "-c", tonight.moved(command)], cwd=tonight.folder, variables=told, is_bare=True)
        said.exited(0)
        assert set(tonight.times().values()) == {1} and len(tonight.times()) == 5
    [reports] = (tonight.folder / "reports").iterdir()
    assert (reports / "results.csv").exists() and not Path("/nonexistent").exists()


def test_a_row_that_is_refused_and_a_total_that_does_not_hold(tonight: Payout) -> None:
    told = {
        **BARE, "BATCH_CREDITS": f"{TOOLS}/batch-credits", "PATH": "/usr/bin:/bin",
        "CHARGEBEE_BASE_URL": tonight.site.url, "BATCH_CREDITS_API_KEY_FILE": str(tonight.folder / "key"),
        "BATCH_CREDITS_LEDGER": str(tonight.folder / "ledger.sqlite3"), "PAUSE_SECONDS": "0",
    }  # fmt: skip
    control = tonight.file.with_suffix(".control.csv")
    tonight.lay(*payout("tonight", 2), *payout("missing", 1))
    ran([SCRIPT, tonight.file, control], cwd=tonight.folder, variables=told, is_bare=True).exited(1)
    assert len(tonight.times()) == 2
    control.write_text("currency,rows,total\nUSD,3,1.00\n")
    ran([SCRIPT, tonight.file, control], cwd=tonight.folder, variables=told, is_bare=True).exited(2)
    (tonight.folder / "key").write_text("another")
    tonight.lay(*payout("tonight-too", 2))
    said = ran([SCRIPT, tonight.file, control], cwd=tonight.folder, variables={**told, "TRIES": "3"}, is_bare=True)
    assert said.exited(4).text.count("key") >= 3, "it was tried three times"


@pytest.mark.parametrize(
    ("codes", "tries", "ends", "calls"),
    [([0], 5, 0, 1), ([1], 5, 1, 1), ([2], 5, 2, 1), ([3], 5, 3, 1), ([4, 5, 0], 5, 0, 3), ([5, 1], 5, 1, 2),
     ([4, 4, 4], 2, 4, 2), ([5, 5], 2, 5, 2), ([137, 0], 5, 137, 1)],
)  # fmt: skip
def test_what_it_tries_again(tmp_path: Path, codes: list[int], tries: int, ends: int, calls: int) -> None:
    program = tmp_path / "program"
    program.write_text(f"""#!/bin/sh
echo "$@" >> {tmp_path}/calls
set -- {" ".join(map(str, codes))}
shift $(($(wc -l < {tmp_path}/calls) - 1))
exit "$1"
""")
    program.chmod(0o755)
    told = {"BATCH_CREDITS": str(program), "TRIES": str(tries), "PAUSE_SECONDS": "0", "PATH": "/usr/bin:/bin"}
    ran([SCRIPT, "a b.csv", "c.csv"], cwd=tmp_path, variables=told, is_bare=True).exited(ends)
    said = (tmp_path / "calls").read_text().splitlines()
    assert len(said) == calls and all(line.startswith("run a b.csv --control c.csv --yes") for line in said)
