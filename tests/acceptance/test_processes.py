"""Promise: a run shared among processes credits everyone once, and ends as any run does."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import Command, Ended, Site, each_once, finish, payout, stop, wait_until, write_csv

TWO = ("--processes", 2, "--concurrency", 10)
STORMY_SITE = "latency_ms=5,lost_before=0.05,lost_after=0.05,error_after=0.05,truncated=0.03,faulty_tries=3"


@pytest.fixture
def slow_site() -> Iterator[Site]:
    with Site("--faults", "latency_ms=30") as site:
        yield site


def shards_of(process_id: int) -> list[int]:
    """The processes that a run has started."""
    children = Path(f"/proc/{process_id}/task/{process_id}/children")
    return [int(child) for child in children.read_text().split()] if children.exists() else []


def run_when_free(command: Command, file: Path, *arguments: object) -> Ended:
    """Run as soon as the processes of a dead run have ended, which hold the ledger until then."""
    found: list[Ended] = []

    def has_run() -> bool:
        found.append(command.run(file, *arguments))
        return "is using the ledger" not in found[-1].said

    wait_until(has_run)
    return found[-1]


def test_each_process_sends_its_part(tmp_path: Path) -> None:
    rows = [*payout("p", 300), *payout("p", 20, "q4"), *payout("missing", 3)]
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", STORMY_SITE) as site:
        command = Command(tmp_path, site.url)
        command.run(file, *TWO, BATCH_CREDITS_QUARANTINE="2").exited(1)
        assert site.times("p-") == each_once(rows[:320])
        report = command.report("payout")
        assert report.counts == {"credited": 320, "failed": 3}
        assert report.summary["in_balance"] is True
        assert report.summary["requests"] >= site.posts
        posts = site.posts
        command.run(file, *TWO).exited(1)
        assert site.posts == posts


@pytest.mark.slow
@pytest.mark.parametrize("to_all", [False, True], ids=["a terminal", "a service manager"])
def test_a_signal_lets_the_answers_of_every_process_come_in(tmp_path: Path, slow_site: Site, to_all: bool) -> None:
    rows = payout("s", 400)
    file = write_csv(tmp_path / "payout.csv", rows)
    command = Command(tmp_path, slow_site.url)
    process = command.start_run(file, *TWO)
    wait_until(lambda: slow_site.posts >= 40)
    shards = shards_of(process.pid) if to_all else []
    stop(process, signal.SIGTERM)
    for shard in shards:
        os.kill(shard, signal.SIGTERM)
    finish(process).exited(4)
    counts = command.report("payout").counts
    assert set(counts) == {"credited", "pending"}
    assert counts["credited"] == slow_site.posts
    command.run(file, *TWO).exited(0)
    assert slow_site.times() == each_once(rows)


def test_the_run_is_killed_and_its_processes_hold_the_ledger_until_they_end(tmp_path: Path, slow_site: Site) -> None:
    rows = payout("k", 400)
    file = write_csv(tmp_path / "payout.csv", rows)
    command = Command(tmp_path, slow_site.url)
    process = command.start_run(file, *TWO)
    wait_until(lambda: slow_site.posts >= 40)
    process.kill()
    process.communicate()
    run_when_free(command, file).exited(0)
    assert slow_site.times() == each_once(rows)


def test_the_key_of_the_processes_is_in_no_argument_and_not_in_the_ledger(tmp_path: Path, slow_site: Site) -> None:
    file = write_csv(tmp_path / "payout.csv", payout("key", 60))
    command = Command(tmp_path, slow_site.url, {"CHARGEBEE_API_KEY": "live_not_to_be_seen"})
    process = command.start_run(file, *TWO)
    wait_until(lambda: slow_site.posts >= 4)
    lines = [Path(f"/proc/{shard}/cmdline").read_bytes() for shard in shards_of(process.pid)]
    finish(process).exited(0)
    assert len(lines) == 2 and all(b"batch_credits" in line for line in lines)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"live_not_to_be_seen" not in b"".join(lines) + written


def test_modules_in_the_working_directory_are_not_taken_for_its_own(command: Command) -> None:
    (command.folder / "orjson.py").write_text("raise SystemExit('not this one')")
    file = write_csv(command.folder / "payout.csv", payout("cwd", 4))
    command.run(file, *TWO).exited(0)


@pytest.mark.slow
def test_a_process_of_a_run_is_killed(tmp_path: Path, slow_site: Site) -> None:
    rows = payout("d", 400)
    file = write_csv(tmp_path / "payout.csv", rows)
    command = Command(tmp_path, slow_site.url)
    command.run(write_csv(tmp_path / "witness.csv", payout("witness", 1))).exited(0)
    process = command.start_run(file, *TWO, BATCH_CREDITS_QUARANTINE="2")
    wait_until(lambda: slow_site.posts >= 40)
    os.kill(shards_of(process.pid)[0], signal.SIGKILL)
    ended = finish(process).exited(4)
    assert "ended by itself" in ended.said
    counts = Counter(command.report("payout").counts)
    assert counts.total() == 400
    assert counts["pending"]
    command.run(file, *TWO, BATCH_CREDITS_QUARANTINE="2").exited(0)
    assert slow_site.times("d-") == each_once(rows)


def test_what_stops_one_process_stops_all(command: Command, tmp_path: Path) -> None:
    rows = payout("stop", 200)
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site("--api-key", "another", "--faults", "latency_ms=30") as site:
        ended = Command(tmp_path, site.url).run(file, *TWO).exited(4)
    assert "refused the API key" in ended.said


def test_the_bound_on_failures_is_one_for_all(tmp_path: Path, slow_site: Site) -> None:
    file = write_csv(tmp_path / "payout.csv", payout("missing", 300))
    command = Command(tmp_path, slow_site.url)
    ended = command.run(file, *TWO, "--max-failures", 20).exited(4)
    assert "more than 20 rows" in ended.said
    assert command.report("payout").counts["pending"]


@pytest.mark.parametrize("options", [("--rate", 600), ("--pilot", 3), ("--concurrency", 1)])
def test_it_is_for_sites_without_a_limit(command: Command, options: tuple[object, ...]) -> None:
    file = write_csv(command.folder / "payout.csv", payout("never", 2))
    ended = command("run", file, "--yes", "--rate", 0, *options, "--processes", 2).exited(2)
    assert "--processes" in ended.said
