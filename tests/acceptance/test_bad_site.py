"""A large payout on a site where one call in five goes wrong, killed a dozen times: one credit each, without repair."""

import random
import signal
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.harness import Command, Site, each_once, finish, write_csv

ONE_IN_FIVE = (
    "lost_before=0.02,lost_after=0.02,error_before=0.02,error_after=0.02,unavailable_before=0.01,unavailable_after=0.02,"
    "html=0.01,html_after=0.02,truncated=0.02,garbled=0.01,throttled_bare=0.01,lock_timeout=0.01,read_only=0.005,late=0.005,"
    "late_seconds=1,list_error=0.05,latency_ms=4"
)


@pytest.mark.slow
def test_fifteen_hundred_rows_survive_a_bad_site_and_a_dozen_kills(tmp_path: Path) -> None:
    chance = random.Random(7)
    rows = [(f"b-{n % 1200}", 100 + n, "USD", "Loyalty", f"q3-{n // 1200}") for n in range(1500)]
    path = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", ONE_IN_FIVE, "--seed", "7") as site:
        command = Command(tmp_path, site.url)
        killed = 0
        while killed < 12:
            process = command.start_run(path, "--timeout", "5", "--no-progress")
            try:
                process.wait(chance.uniform(0.7, 1.6))
                process.communicate()
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                killed += 1
        for _ in range(8):  # the only repair there is
            ended = finish(command.start_run(path, "--timeout", "5", "--no-progress"), 300)
            if ended.code == 0:
                break
        ended.exited(0)

        truth = site.truth()
        assert site.times("b-") == each_once(rows)
        assert truth["max_calls_per_customer"] == 1
        assert {n for by_reference in truth["payloads_by_reference"].values() for n in by_reference.values()} == {1}
    assert command.report("payout").counts == {"credited": 1500}
