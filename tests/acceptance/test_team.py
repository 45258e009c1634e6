"""Promise: colleagues and workers on one ledger of PostgreSQL's credit everyone once, whoever of them dies, and their
reports are those of one run alone.
"""

import csv
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import (
    KEY,
    Command,
    Running,
    Site,
    each_once,
    finish,
    payout,
    stop,
    wait_until,
    write_csv,
)
from tests.acceptance.team import LEASE, QUICK, Colleague, Wire

Join = Callable[[str], Colleague]
SITE = {"CHARGEBEE_SITE": "acme-test"}  # whatever the sandbox's port is
SLOWLY = ("--concurrency", 2)
STORMY = "latency_ms=5,lost_before=0.05,lost_after=0.05,error_after=0.05,truncated=0.03,faulty_tries=2"
OWN_COLUMNS = ("credit_id", "credit_finished_at", "credit_closing_balance")  # which the site and the clock say


@pytest.fixture
def slow_site() -> Iterator[Site]:
    with Site("--faults", "latency_ms=25") as site:
        yield site


@pytest.fixture
def join(tmp_path: Path, slow_site: Site, postgres_url: str) -> Join:
    """Makes a colleague of this name, with a folder of their own."""

    def joined(name: str) -> Colleague:
        folder = tmp_path / name
        folder.mkdir()
        return Colleague(folder, slow_site.url, {**QUICK, **SITE}, postgres_url)

    return joined


def told(path: Path) -> list[dict[str, str]]:
    """A table without what the site and the clock say."""
    with path.open(newline="", encoding="utf-8-sig") as stream:
        return [{k: v for k, v in row.items() if k not in OWN_COLUMNS} for row in csv.DictReader(stream)]


def results(colleague: Command, stem: str) -> Path:
    return colleague.report(stem).directory / "results.csv"


def settle(*workers: Running) -> None:
    """Tell workers to end, and wait until they have."""
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
    for worker in workers:
        finish(worker)


@pytest.mark.share
def test_workers_share_a_batch_and_the_report_is_that_of_one_run_alone(
    tmp_path: Path, join: Join, slow_site: Site
) -> None:
    rows = [*payout("w", 300), *payout("missing", 2), ("w-1", "1", "USD", "again", "q3")]
    file = write_csv(tmp_path / "payout.csv", rows)
    ana, ben = join("ana"), join("ben")
    worker = ben.work(*SLOWLY)
    wait_until(lambda: len(ana.workers()) == 1)
    ana.run(file, *SLOWLY).exited(1)
    worker.send_signal(signal.SIGTERM)
    ended = finish(worker)
    assert ended.code in (0, 1), ended.said  # as it met the rows that fail, or the run did
    assert slow_site.times("w-") == each_once(rows[:300])
    assert "rows credited" in ended.out, ended.said

    with Site("--faults", "latency_ms=1") as other:
        alone = Command(tmp_path, other.url, SITE)
        alone.run(file).exited(1)
        for name in ("results.csv", "failed.csv"):
            directory = ana.report("payout").directory
            assert told(directory / name) == told(alone.report("payout").directory / name)
    carl = join("carl")
    carl("report", ana.report("payout").summary["batch"]).exited(1)
    assert results(carl, "payout").read_bytes() == results(ana, "payout").read_bytes()


def test_two_runs_of_one_file_are_one_batch(tmp_path: Path, join: Join, slow_site: Site) -> None:
    rows = payout("t", 300)
    file = write_csv(tmp_path / "payout.csv", rows)
    ana, ben = join("ana"), join("ben")
    first, second = ana.start_run(file), ben.start_run(file)
    for run in (first, second):
        finish(run).exited(0)
    assert slow_site.times() == each_once(rows)
    assert results(ana, "payout").read_bytes() == results(ben, "payout").read_bytes()


@pytest.mark.slow
def test_files_that_overlap_credit_each_row_once(tmp_path: Path, join: Join, slow_site: Site) -> None:
    shared, ones, others = payout("s", 150), payout("o", 50), payout("x", 50)
    one = write_csv(tmp_path / "one.csv", [*ones, *shared])
    other = write_csv(tmp_path / "other.csv", [*shared, *others])
    ana, ben = join("ana"), join("ben")
    runs = [ana.start_run(one), ben.start_run(other)]
    for run in runs:
        finish(run).exited(0)
    assert slow_site.times() == each_once([*ones, *shared, *others])
    settled = {"credited", "already_credited"}
    assert set(ana.report("one").outcomes) | set(ben.report("other").outcomes) <= settled
    counts = [ana.report("one").counts, ben.report("other").counts]
    assert sum(each["credited"] for each in counts) == 250
    assert sum(each.get("already_credited", 0) for each in counts) == 150


@pytest.mark.slow
def test_a_worker_is_killed_and_another_takes_over(tmp_path: Path, join: Join, slow_site: Site) -> None:
    rows = payout("k", 300)
    file = write_csv(tmp_path / "payout.csv", rows)
    ana, ben = join("ana"), join("ben")
    worker = ben.work(*SLOWLY)
    wait_until(lambda: len(ana.workers()) == 1)
    run = ana.start_run(file, *SLOWLY)
    wait_until(lambda: ana.sees_at_work(worker))
    worker.kill()
    finish(run).exited(0)
    assert slow_site.times() == each_once(rows)
    assert ana.report("payout").counts == {"credited": 300}


@pytest.mark.slow
def test_what_is_detached_is_sent_by_whoever_works(tmp_path: Path, join: Join, slow_site: Site) -> None:
    rows = payout("d", 60)
    file = write_csv(tmp_path / "payout.csv", rows)
    ana, ben = join("ana"), join("ben")
    said = ana.run(file, "--detach").exited(0).out
    assert slow_site.posts == 0
    assert "batch-credits status" in said and "batch-credits work" in said
    ben.work_until_idle().exited(0)
    assert slow_site.times() == each_once(rows)
    ben.work_until_idle().exited(0)
    ana.run(file).exited(0)
    assert slow_site.posts == 60


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0, 60_000])
def test_a_run_does_not_wait_for_what_nobody_sends(tmp_path: Path, join: Join, slow_site: Site, rate: int) -> None:
    """A batch that was detached while no worker is there, or whose run was interrupted, is no other run's to send."""
    ana, ben = join("ana"), join("ben")
    theirs, ours = payout("da", 40), payout("db", 40)
    ana.run(write_csv(tmp_path / "theirs.csv", theirs), "--detach", "--rate", rate).exited(0)
    ben.run(write_csv(tmp_path / "ours.csv", ours), "--rate", rate).exited(0)
    assert slow_site.times() == each_once(ours)
    ana.work_until_idle().exited(0)
    assert slow_site.times() == each_once(theirs + ours)


@pytest.mark.slow
def test_a_worker_that_is_told_to_end_gives_back_what_it_has(tmp_path: Path, join: Join, slow_site: Site) -> None:
    rows = payout("e", 200)
    file = write_csv(tmp_path / "payout.csv", rows)
    ana, ben = join("ana"), join("ben")
    ana.run(file, "--detach").exited(0)
    worker = ben.work(*SLOWLY)
    wait_until(lambda: slow_site.posts >= 10)
    began = time.monotonic()
    stop(worker, signal.SIGTERM)
    assert finish(worker).code == 4
    assert time.monotonic() - began < LEASE
    assert ana.workers() == []
    sent = slow_site.posts
    ana.run(file).exited(0)
    assert ana.report("payout").counts == {"credited": 200}
    assert slow_site.times() == each_once(rows)
    assert slow_site.posts == 200 > sent


def test_a_workers_deadline_is_its_own(tmp_path: Path, join: Join, slow_site: Site) -> None:
    rows = payout("w", 2000)  # of each part more than one call at a time gets through in eight seconds
    ann, bob = join("ann"), join("bob")
    ann.run(write_csv(tmp_path / "payout.csv", rows), "--detach").exited(0)
    ended = bob("work", "--rate", 0, "--concurrency", 1, "--timeout", 1, "--deadline", "+8s").exited(4)
    assert "the deadline (+8s, " in ended.err.replace("\n", " ")
    ann.work_until_idle().exited(0)
    assert slow_site.times() == each_once(rows)


def test_what_stops_one_stops_all_until_a_person_runs_again(tmp_path: Path, join: Join, slow_site: Site) -> None:
    rows = [*payout("missing", 200), *payout("f", 200)]
    file = write_csv(tmp_path / "payout.csv", rows)
    ana, ben = join("ana"), join("ben")
    worker = ben.work()
    wait_until(lambda: len(ana.workers()) == 1)
    said = ana.run(file, "--max-failures", 3).exited(4).said
    assert "more than 3 rows" in said
    sent = slow_site.posts
    settle(worker)
    ben.work_until_idle().exited(0)
    assert slow_site.posts == sent < 400
    ana.run(file).exited(1)
    assert slow_site.times("f-") == each_once(rows[200:])


@pytest.mark.slow
def test_a_run_that_is_interrupted_leaves_the_rest_to_others(tmp_path: Path, join: Join, slow_site: Site) -> None:
    rows = payout("i", 300)
    file = write_csv(tmp_path / "payout.csv", rows)
    ana, ben = join("ana"), join("ben")
    run = ana.start_run(file, *SLOWLY)
    worker = ben.work(*SLOWLY)
    wait_until(lambda: ana.sees_at_work(worker))
    stop(run, signal.SIGINT)
    said = finish(run).exited(4).err  # in general where the ledger does not say at once who
    assert "1 other worker goes on" in said or "whoever works for the site, now or later, goes on with it" in said
    wait_until(lambda: slow_site.posts >= 300)
    settle(worker)
    ana.run(file).exited(0)
    assert slow_site.times() == each_once(rows)


@pytest.mark.slow
def test_who_reconciles_while_others_send_waits_for_as_long_as_was_said(
    tmp_path: Path, join: Join, slow_site: Site
) -> None:
    rows = payout("r", 200)
    ana, ben = join("ana"), join("ben")
    ana.run(write_csv(tmp_path / "paid.csv", payout("p", 1))).exited(0)
    batch = ana.report("paid").summary["batch"]
    run = ana.start_run(write_csv(tmp_path / "payout.csv", rows), *SLOWLY)
    wait_until(lambda: ben.sees_at_work(run))
    busy = ben("reconcile", batch, "--rate", 0).exited(5)
    assert "two at once could pay twice" in busy.err and "--wait-for-ledger SECONDS" in busy.err
    ended = ben("reconcile", batch, "--rate", 0, "--wait-for-ledger", 60).exited(0)
    assert "Waiting until it is free, 60 s at most." in ended.err
    finish(run).exited(0)


@pytest.mark.slow
def test_who_interrupts_a_run_is_told_that_workers_that_stand_by_take_it_up(
    tmp_path: Path, join: Join, slow_site: Site
) -> None:
    """Where a site has a limit the others hold nothing, and so are not seen at work."""
    rows = payout("b", 300)
    file = write_csv(tmp_path / "payout.csv", rows)
    ana, ben = join("ana"), join("ben")
    worker = ben.start("work", "--rate", 60_000, "--concurrency", 2)
    wait_until(lambda: len(ana.workers()) == 1)
    run = ana.start("run", file, "--yes", "--rate", 60_000, "--concurrency", 2)
    wait_until(lambda: slow_site.posts >= 20)
    assert ana.sees_at_work(run) or ana.sees_at_work(worker)
    stop(run, signal.SIGINT)
    said = " ".join(finish(run).exited(4).err.split())
    assert "goes on with it" in said or "1 other worker goes on" in said  # which has the part by then, or not yet
    wait_until(lambda: slow_site.posts >= 300)
    settle(worker)
    assert slow_site.times() == each_once(rows)


def test_without_a_shared_ledger_there_is_nobody_to_work_with(tmp_path: Path) -> None:
    command = Command(tmp_path, "http://127.0.0.1:9")
    file = write_csv(tmp_path / "payout.csv", payout("a", 1))
    for said in (command("work").exited(2).err, command("run", file, "--yes", "--detach").exited(2).err):
        assert "postgresql://" in said
    assert not command.ledger.exists()


@pytest.mark.slow
@pytest.mark.parametrize("keys", ["", ",keys_forget=1"], ids=["keys kept", "keys ignored"])
def test_a_worker_is_stopped_past_its_lease_and_goes_on(tmp_path: Path, join: Join, keys: str) -> None:
    rows = payout("z", 200)
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", STORMY + keys) as site:
        ana, ben = join("ana"), join("ben")
        ana.url = ben.url = site.url
        worker = ben.work(*SLOWLY)
        wait_until(lambda: len(ana.workers()) == 1)
        run = ana.start_run(file, *SLOWLY)
        wait_until(lambda: ana.sees_at_work(worker))
        stop(worker, signal.SIGSTOP)
        time.sleep(2 * LEASE)
        worker.send_signal(signal.SIGCONT)
        finish(run).exited(0)
        worker.kill()
        assert site.times() == each_once(rows)


@pytest.mark.slow
@pytest.mark.parametrize("comes_back", [True, False])
def test_a_worker_loses_the_database(
    tmp_path: Path, join: Join, slow_site: Site, postgres_url: str, comes_back: bool
) -> None:
    rows = payout("c", 400)
    file = write_csv(tmp_path / "payout.csv", rows)
    ana, ben = join("ana"), join("ben")
    with Wire(postgres_url) as wire:
        ben.where = wire.where
        worker = ben.work(*SLOWLY)
        wait_until(lambda: len(ana.workers()) == 1)
        run = ana.start_run(file, *SLOWLY)
        wait_until(lambda: ana.sees_at_work(worker))
        wire.cut()
        if comes_back:
            time.sleep(1)
            wire.mend()
        finish(run).exited(0)
        if comes_back:
            settle(worker)
        else:
            ended = finish(worker, 60)
            assert ended.code in (4, -signal.SIGKILL), ended.said
            assert KEY not in ended.said and "Traceback" not in ended.said
    assert slow_site.times() == each_once(rows)
