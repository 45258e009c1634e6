"""Promise: a run that nobody watches ends when it should, in order, and says so."""

import signal
import time
from pathlib import Path

import pytest

from tests.acceptance.harness import Command, Site, each_once, finish, payout, stop, wait_until, write_csv


@pytest.mark.parametrize("processes", [1, 2])
def test_by_the_deadline_all_answers_are_in(tmp_path: Path, processes: int) -> None:
    rows = payout("d", 400)
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", "latency_ms=400") as site:  # which takes 80 s for them
        command = Command(tmp_path, site.url)
        by = time.time() + 8
        pace = ("--concurrency", 2, "--processes", processes, "--timeout", 3)
        ended = command.run(file, *pace, "--deadline", "+8s").exited(4)
        assert time.time() < by
        assert "the deadline (+8s," in ended.said.replace("\n", " ")
        report = command.report("payout")
        assert set(report.counts) == {"credited", "pending"}, "nothing is in doubt"
        assert report.counts["credited"] == len(site.credits())
        assert report.summary["stopped"].startswith("the deadline (+8s")
        site.tell("settings", faults="")
        command.run(file).exited(0)
        assert site.times() == each_once(rows)


def test_a_deadline_that_has_passed_sends_nothing(command: Command, shared_site: Site) -> None:
    file = write_csv(command.folder / "payout.csv", payout("passed", 1))
    for text, said in (("2026-01-01T06:00Z", "has passed"), ("+5s", "too near"), ("soon", "no time")):
        refused = command.run(file, "--deadline", text).exited(2)
        assert said in refused.err
    assert not shared_site.credits("passed-")
    assert not command.ledger.exists()


def test_after_the_grace_a_run_ends_with_its_reports(tmp_path: Path) -> None:
    rows = payout("g", 60)
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", "latency_ms=60000") as site:
        command = Command(tmp_path, site.url)
        process = command.start_run(file, "--concurrency", 20, "--grace", 1)
        wait_until(lambda: site.posts >= 20)
        stop(process, signal.SIGTERM)
        ended = finish(process, 30).exited(4)
        assert "waiting for the answers to 20 requests on the way, 1 s at most" in ended.err
        assert command.report("payout").counts == {"in_doubt": 20, "pending": 40}


def test_an_outage_is_waited_for_as_long_as_is_said(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "payout.csv", payout("o", 200))
    with Site("--faults", "latency_ms=300") as site:
        command = Command(tmp_path, site.url)
        process = command.start_run(file, "--concurrency", 20, "--max-outage", "2s")
        wait_until(lambda: site.posts >= 25)
        site.kill()
        ended = finish(process, 60).exited(4)
        assert "The site did not come back within 2 s" in ended.said
