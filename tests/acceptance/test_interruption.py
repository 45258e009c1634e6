"""Promise: a run that dies, or is told to stop, at any moment loses nothing and pays nobody twice."""

import random
import signal
import time
from pathlib import Path

import pytest

from tests.acceptance.harness import Command, Row, Site, each_once, finish, payout, stop, wait_until, write_csv

SLOW_SITE = "latency_ms=30"
STORMY_SITE = (
    "latency_ms=5,lost_before=0.05,lost_after=0.05,error_after=0.05,truncated=0.03,html=0.03,lock_timeout=0.05,"
    "faulty_tries=3"
)


def grouped(prefix: str, count: int) -> list[Row]:
    """Rows of ten customers, so that each has a queue."""
    return [(f"{prefix}-{number % 10}", 100 + number, "USD", "Loyalty", f"r{number}") for number in range(count)]


def kill_and_run_again(command: Command, file: Path, site: Site, after_posts: list[int]) -> None:
    """Kill the run each time so many more posts have arrived; then let it run to its end."""
    for more in after_posts:
        target = site.posts + more
        process = command.start_run(file, "--concurrency", 10)
        wait_until(lambda target=target, process=process: site.posts >= target or process.poll() is not None)  # type: ignore[misc]
        process.kill()
        process.communicate()
    command.run(file).exited(0)


def credit_a_witness(command: Command, site: Site) -> None:
    """One credit, so that absence can be believed at all; then every row is lost once on its way."""
    command.run(write_csv(command.folder / "witness.csv", payout("witness", 1))).exited(0)
    site.tell("settings", faults="lost_before=1,faulty_tries=1")


def test_killed_half_way(tmp_path: Path) -> None:
    rows = payout("k", 200)
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", SLOW_SITE) as site:
        command = Command(tmp_path, site.url)
        kill_and_run_again(command, file, site, [100])
        assert site.times() == each_once(rows)
        report = command.report("payout")
        assert report.counts == {"credited": 200}
        assert report.summary["in_balance"] is True


@pytest.mark.parametrize("seed", [1, *[pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 6)]])
def test_killed_again_and_again_while_much_goes_wrong(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    rows = grouped("k", 120)
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site("--seed", str(seed), "--faults", STORMY_SITE) as site:
        command = Command(tmp_path, site.url)
        kill_and_run_again(command, file, site, [chance.randrange(1, 40) for _ in range(4)])
        assert site.times() == each_once(rows), f"seed {seed}"
        assert command.report("payout").counts == {"credited": 120}


def test_killed_while_it_reads_the_file(command: Command, shared_site: Site) -> None:
    rows = payout("reading", 2_500)  # which take longer to read than it takes to see that there is a ledger
    file = write_csv(command.folder / "payout.csv", rows)
    process = command.start_run(file)
    wait_until(command.ledger.exists)
    process.kill()
    process.communicate()
    command.run(file).exited(0)
    assert shared_site.times("reading-") == each_once(rows)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_lets_answers_come_in_and_writes_the_reports(tmp_path: Path, number: signal.Signals) -> None:
    if signal.getsignal(number) == signal.SIG_IGN:
        pytest.skip("whoever runs the tests has it ignored, as nohup does, and so has what they start")
    rows = payout("s", 150)
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", "latency_ms=200") as site:
        command = Command(tmp_path, site.url)
        process = command.start_run(file, "--concurrency", 10)
        wait_until(lambda: site.posts >= 25)
        stop(process, number)
        finish(process, 5).exited(4)
        report = command.report("payout")
        credited = {row["credit_id"] for row in report.results if row["credit_outcome"] == "credited"}
        assert credited == {credit["id"] for credit in site.credits()}, "every answer on its way was recorded"
        assert report.counts == {"credited": len(credited), "pending": 150 - len(credited)}
        assert report.summary["exit_code"] == 4 and report.summary["stopped"]
        command.run(file).exited(0)
        assert site.times() == each_once(rows)
        assert site.posts == 150, "what was recorded is not sent again"


def test_the_second_signal_ends_at_once(tmp_path: Path) -> None:
    rows = payout("s", 60)
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", "latency_ms=3000") as site:
        command = Command(tmp_path, site.url)
        process = command.start_run(file, "--concurrency", 20)
        wait_until(lambda: site.posts >= 20)
        stop(process, signal.SIGINT)
        time.sleep(0.2)
        stop(process, signal.SIGINT)
        finish(process, 2).exited(4)
        report = command.report("payout")
        assert report.counts == {"in_doubt": 20, "pending": 40}, "what was not sent is not in doubt"
        site.tell("settings", faults="")
        wait_until(lambda: len(site.credits()) == 20)
        command.run(file).exited(0)
        assert site.times() == each_once(rows)


def test_a_signal_while_the_site_goes_down_does_not_hang(tmp_path: Path) -> None:
    """Lost answers must not open the breaker of a run that is stopping: nobody would close it again."""
    file = write_csv(tmp_path / "payout.csv", payout("s", 200))
    with Site("--faults", "latency_ms=1000") as site:
        command = Command(tmp_path, site.url)
        process = command.start_run(file, "--concurrency", 20)
        wait_until(lambda: site.posts >= 20)
        stop(process, signal.SIGINT)
        time.sleep(0.1)
        site.kill()
        finish(process, 5).exited(4)
    assert command.report("payout").counts == {"in_doubt": 20, "pending": 180}


def test_a_signal_while_the_site_turns_read_only_does_not_hang(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "payout.csv", payout("s", 200))
    with Site("--faults", "latency_ms=500,read_only=1") as site:
        command = Command(tmp_path, site.url)
        process = command.start_run(file, "--concurrency", 20)
        wait_until(lambda: site.posts >= 1)
        stop(process, signal.SIGINT)
        finish(process, 5).exited(4)
    assert command.report("payout").counts == {"pending": 200}


def test_a_signal_while_doubt_waits_for_its_quarantine(tmp_path: Path) -> None:
    rows = payout("s", 5)
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site() as site:
        command = Command(tmp_path, site.url, {"BATCH_CREDITS_QUARANTINE": "30"})
        credit_a_witness(command, site)
        process = command.start_run(file)
        wait_until(lambda: site.truth()["requests"].get("GET", 0) >= 5)
        stop(process, signal.SIGINT)
        finish(process, 5).exited(4)
        assert command.report("payout").counts == {"in_doubt": 5}
        command.run(file, BATCH_CREDITS_QUARANTINE="1").exited(0)
        assert site.times("s-") == each_once(rows)


@pytest.mark.slow  # it looks for 18 seconds before it leaves
def test_no_wait_leaves_doubt_for_the_next_run(tmp_path: Path) -> None:
    rows = payout("s", 3)
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site() as site:
        command = Command(tmp_path, site.url, {"BATCH_CREDITS_QUARANTINE": "60"})
        credit_a_witness(command, site)
        command.run(file, "--no-wait", timeout=30).exited(3)
        assert command.report("payout").counts == {"in_doubt": 3}
        assert not site.credits("s-")
        command.run(file, BATCH_CREDITS_QUARANTINE="0").exited(0)
        assert site.times("s-") == each_once(rows)
