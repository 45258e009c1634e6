"""Promise: the site's limits are kept, whatever the file asks for."""

import signal
from pathlib import Path

import pytest

from tests.acceptance.harness import KEY, Command, Site, each_once, finish, payout, stop, wait_until, write_csv


def test_the_limit_is_reached_and_never_passed(tmp_path: Path) -> None:
    """More rows than a minute allows: the first minute's go at once, the others wait."""
    file = write_csv(tmp_path / "payout.csv", payout("rate", 50))
    with Site("--rate", "30") as site:
        command = Command(tmp_path, site.url)
        process = command.start("run", file, "--yes", "--rate", 30, "--share", 1)
        wait_until(lambda: site.posts == 30)
        stop(process, signal.SIGINT)
        finish(process, 5).exited(4)
        truth = site.truth()
        assert truth["throttled"] == 0
        assert truth["peak_window"] == 30
        assert command.report("payout").counts == {"credited": 30, "pending": 20}


def test_the_share_leaves_room_for_others(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "payout.csv", payout("share", 30))
    with Site() as site:
        command = Command(tmp_path, site.url)
        process = command.start("run", file, "--yes", "--rate", 40, "--share", 0.5)
        wait_until(lambda: site.posts == 20)
        stop(process, signal.SIGINT)
        finish(process, 5).exited(4)
        assert site.truth()["peak_window"] == 20


def test_calls_at_one_instant_are_bounded(tmp_path: Path) -> None:
    rows = payout("instant", 40)
    with Site("--concurrency", "5", "--faults", "latency_ms=20") as site:
        command = Command(tmp_path, site.url)
        command.run(write_csv(tmp_path / "payout.csv", rows), "--concurrency", 5).exited(0)
        truth = site.truth()
        assert truth["max_in_flight"] == 5
        assert truth["throttled"] == 0
        assert site.times() == each_once(rows)


def test_who_overruns_the_site_slows_down_and_loses_nothing(tmp_path: Path) -> None:
    """A limit set too high: the site says so, everybody waits, and each row is credited once all the same."""
    rows = payout("over", 12)
    with Site("--concurrency", "3", "--faults", "latency_ms=30") as site:
        command = Command(tmp_path, site.url)
        command.run(write_csv(tmp_path / "payout.csv", rows), "--concurrency", 10).exited(0)
        summary = command.report("payout").summary
        assert summary["throttled"] == site.truth()["throttled"] > 0
        assert site.times() == each_once(rows)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_more_calls_at_once_than_a_site_takes_are_noted_and_kept(tmp_path: Path, log_format: str) -> None:
    file = write_csv(tmp_path / "payout.csv", payout("note", 3))
    command = Command(tmp_path, environment={"CHARGEBEE_SITE": "acme-test", "CHARGEBEE_API_KEY": KEY})
    ended = command("run", file, "--concurrency", 80, "--log-format", log_format).exited(2)  # nobody can be asked
    assert "--concurrency 80 is above the 50 calls at one instant" in ended.err
    assert "is above" not in command("run", file, "--concurrency", 50, "--log-format", log_format).exited(2).err


@pytest.mark.slow
def test_a_whole_limit_is_used_and_nothing_is_refused(tmp_path: Path) -> None:
    """1,100 rows at 600 a minute: 600 go at once, 500 a minute later, and the next minute has room left.

    A slow machine takes its time over 500 requests; one that left the limit unused would take another minute.
    """
    rows = payout("whole", 1_100)
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site("--rate", "600", "--faults", "latency_ms=150") as site:
        command = Command(tmp_path, site.url)
        command("run", file, "--yes", "--rate", 600, "--share", 1, "--concurrency", 50, timeout=120).exited(0)
        truth = site.truth()
        assert 60.0 <= truth["last_arrival"] - truth["first_arrival"] <= 90.0
        assert truth["throttled"] == 0
        assert truth["peak_window"] == 600
        assert site.times() == each_once(rows)


@pytest.mark.slow
def test_two_runs_on_one_site_share_its_limit(tmp_path: Path) -> None:
    """Two ledgers know nothing of each other: refusals make room, few are needed, and little of the limit is lost.

    What is on the way when the limit is reached is refused, so it is the concurrency that says how many these are.
    """
    rows = {name: payout(name, 600) for name in ("one", "other")}
    with Site("--rate", "600", "--faults", "latency_ms=50") as site:
        started = []
        for name, own in rows.items():
            (tmp_path / name).mkdir()
            file = write_csv(tmp_path / name / "payout.csv", own)
            command = Command(tmp_path / name, site.url)
            started.append(command.start("run", file, "--yes", "--rate", 600, "--concurrency", 10, "--no-progress"))
        for process in started:
            finish(process, 200).exited(0)
        truth = site.truth()
        assert all(site.times(f"{name}-") == each_once(own) for name, own in rows.items())
        assert truth["last_arrival"] - truth["first_arrival"] <= 1.2 * 120.0  # 1,200 rows at 600 a minute
        assert 0 < truth["throttled"] < 0.02 * truth["requests"]["POST"]
