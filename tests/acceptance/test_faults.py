"""Promise: whatever goes wrong on the way to the site, every row is credited once; running again is the repair."""

import pytest

from batch_credits.sandbox.faults import READ_FAULTS, WRITE_FAULTS
from tests.acceptance.harness import Command, Site, each_once, payout, write_csv

RERUNS = 3
NEEDS_LOOKS = "lost_after=0.6"  # a fault of reading can hit only where something is looked for


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


# Each third with every `make test`; the others are slow. The storm and the operator's histories have all of them.
FAULTS = [
    pytest.param(fault, marks=[pytest.mark.slow] if at % 3 else [])
    for at, fault in enumerate([*WRITE_FAULTS, *READ_FAULTS])
]


@pytest.mark.parametrize("fault", FAULTS)
def test_every_row_is_credited_once_under_the_fault(command: Command, shared_site: Site, fault: str) -> None:
    rows = payout(fault, 24)
    file = write_csv(command.folder / "payout.csv", rows)
    shared_site.tell("settings", faults=plan_of(fault))
    try:
        for _ in range(RERUNS):
            ended = command.run(file, "--timeout", 1, BATCH_CREDITS_QUARANTINE=quarantine_of(fault))
            if ended.code == 0:
                break
    finally:
        shared_site.tell("settings", faults="")
    truth = shared_site.truth()
    assert truth["faults"].get(fault), "no customer of these is hit: choose other names"
    assert shared_site.times(f"{fault}-") == each_once(rows), f"--faults {plan_of(fault)}\n{ended.said}"
    ended.exited(0)
    assert command.report("payout").counts == {"credited": 24}
    assert all(len(payloads) == 1 for payloads in truth["payloads_by_reference"].values())
