"""Promise: one process at a time holds a ledger; looking is possible meanwhile."""

from pathlib import Path

from tests.acceptance.harness import Command, Site, each_once, finish, payout, wait_until, write_csv


def test_a_second_run_is_refused_and_looking_is_not(tmp_path: Path) -> None:
    rows = payout("one", 60)
    file = write_csv(tmp_path / "payout.csv", rows)
    other = write_csv(tmp_path / "other.csv", payout("two", 3))
    with Site("--faults", "latency_ms=400") as site:
        command = Command(tmp_path, site.url)
        process = command.start_run(file, "--concurrency", 2)
        wait_until(lambda: len(site.credits()) >= 2)
        for refused in (command.run(file), command.run(other)):
            refused.exited(5)
            assert f"process {process.pid}" in refused.err and str(command.ledger) in refused.err
            assert "could pay twice" in refused.err
        batch = command("status").exited(0).out.split()[0]
        wait_until(lambda: "credited" in command("status", batch).exited(0).out)
        written = command("report", batch)
        assert written.code in (3, 4) and "Traceback" not in written.said
        assert len(command.report("payout").results) == 60
        command("check", other).exited(0)
        assert process.poll() is None, "make the site slower"
        site.tell("settings", faults="")
        finish(process).exited(0)
        assert site.times() == each_once(rows)
        assert command.report("payout").counts == {"credited": 60}


def test_a_link_to_the_ledger_is_the_same_ledger(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "payout.csv", payout("link", 40))
    with Site("--faults", "latency_ms=400") as site:
        command = Command(tmp_path, site.url)
        process = command.start_run(file, "--concurrency", 2)
        wait_until(lambda: site.posts >= 2)
        (tmp_path / "link").symlink_to(command.ledger)
        command("run", file, "--yes", "--ledger", tmp_path / "link").exited(5)
        process.kill()
        process.communicate()
