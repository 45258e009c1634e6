"""Promise: whatever goes wrong on the way to the site, every row is credited once; running again is the repair."""

from pathlib import Path

import pytest

from batch_credits.sandbox.faults import READ_FAULTS, WRITE_FAULTS
from tests.acceptance.harness import Command, Site, each_once, payout, write_csv

RERUNS = 3
NEEDS_LOOKS = "lost_after=0.2"  # a fault of reading can hit only where something is looked for


def plan_of(fault: str) -> str:
    """The fault at 20 %, with times that a test can wait for."""
    plan = f"{fault}=0.2,hang_seconds=30,late_seconds=1"
    if fault in READ_FAULTS:
        return f"{plan},{NEEDS_LOOKS},faulty_tries=1"
    return f"{plan},faulty_tries=2"


def quarantine_of(fault: str) -> str:
    """Longer than a request can be on its way at this site; only `late` ones arrive after their connection's end."""
    if fault == "late":
        return "2.5"
    return "1" if fault in READ_FAULTS else "0"  # looks that fail are repeated soon only before its end


@pytest.mark.parametrize("fault", [*WRITE_FAULTS, *READ_FAULTS])
def test_every_row_is_credited_once_under_the_fault(tmp_path: Path, fault: str) -> None:
    rows = payout("f", 24)
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site("--seed", "11", "--faults", plan_of(fault)) as site:
        command = Command(tmp_path, site.url, {"BATCH_CREDITS_QUARANTINE": quarantine_of(fault)})
        for _ in range(RERUNS):
            ended = command.run(file, "--timeout", 1)
            if ended.code == 0:
                break
        truth = site.truth()
        assert truth["faults"].get(fault), "the seed hits nothing: choose another"
        assert site.times() == each_once(rows), f"--seed 11 --faults {plan_of(fault)}\n{ended.said}"
        ended.exited(0)
        assert command.report("payout").counts == {"credited": 24}
        assert all(len(payloads) == 1 for payloads in truth["payloads_by_reference"].values())
