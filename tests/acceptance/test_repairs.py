"""Promise: what an operator can do when something was lost or refused never pays twice."""

from pathlib import Path

import pytest

from tests.acceptance.harness import Command, Row, Site, each_once, payout, write_csv


def forget(command: Command) -> None:
    """Lose the ledger, which nobody should."""
    for path in command.ledger.parent.glob("ledger.sqlite3*"):
        path.unlink()


def test_verify_first_finds_what_a_lost_ledger_knew(command: Command, shared_site: Site) -> None:
    rows = payout("lost", 10)
    command.run(write_csv(command.folder / "payout.csv", rows[:6])).exited(0)
    ids = {c["customer_id"]: c["id"] for c in shared_site.credits("lost-")}
    forget(command)
    posts = shared_site.posts
    command.run(write_csv(command.folder / "all.csv", rows), "--verify-first").exited(0)
    assert shared_site.posts == posts + 4
    assert shared_site.times("lost-") == each_once(rows)
    report = command.report("all")
    assert report.counts == {"already_credited": 6, "credited": 4}
    found = {r["customer_id"]: r["credit_id"] for r in report.results if r["credit_outcome"] == "already_credited"}
    assert found == ids


def test_verify_first_reads_every_page_of_a_customers_credits(command: Command, shared_site: Site) -> None:
    rows: list[Row] = [("many", 5, "USD", "Loyalty", f"r{number}") for number in range(120)]
    file = write_csv(command.folder / "payout.csv", rows)
    command.run(file).exited(0)
    forget(command)
    posts = shared_site.posts
    command.run(file, "--verify-first", "--business-entity", "emea").exited(0)
    assert shared_site.posts == posts
    assert command.report("payout").counts == {"already_credited": 120}


def test_verify_first_also_looks_before_rows_that_were_tried_before(tmp_path: Path) -> None:
    """An old copy of the ledger may say that a row was throttled and is pending, when it was credited since."""
    file = write_csv(tmp_path / "payout.csv", payout("old", 3))
    with Site("--faults", "throttled=1") as site:
        command = Command(tmp_path, site.url)
        process = command.start_run(file)
        while site.truth()["throttled"] < 3:
            pass
        process.terminate()
        process.communicate(timeout=20)
        old = {p.name: p.read_bytes() for p in tmp_path.glob("ledger.sqlite3*")}
        site.tell("settings", faults="", keys_ignored=True)  # the keys' time is over
        command.run(file).exited(0)
        forget(command)
        for name, content in old.items():
            (tmp_path / name).write_bytes(content)
        command.run(file, "--verify-first").exited(0)
        assert set(site.times().values()) == {1}


def test_a_deleted_ledger_within_the_keys_time_pays_nobody_twice(tmp_path: Path) -> None:
    rows = payout("key", 5)
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site() as site:
        command = Command(tmp_path, site.url)
        command.run(file).exited(0)
        forget(command)
        command.run(file).exited(2)  # the reports remember
        assert site.posts == 5
        command.run(file, "--reports", tmp_path / "elsewhere").exited(0)
        assert site.times() == each_once(rows)
        assert site.truth()["replayed"] == 5


def test_retry_failed_credits_who_exists_by_now(tmp_path: Path) -> None:
    customers = tmp_path / "customers.txt"
    customers.write_text("there\ncame-later\n")
    file = write_csv(tmp_path / "payout.csv", [("there", 5, "USD", "x", "q3"), ("came-later", 5, "USD", "x", "q3")])
    with Site("--customers", str(customers)) as site:
        site.tell("customers", deleted=["came-later"])
        command = Command(tmp_path, site.url)
        command.run(file).exited(1)
        site.tell("customers", restored=["came-later"])
        posts = site.posts
        command.run(file).exited(1)
        assert site.posts == posts
        command.run(file, "--retry-failed").exited(0)
        assert site.times() == {("there", "q3"): 1, ("came-later", "q3"): 1}
        assert site.posts == posts + 1
        assert command.report("payout").counts == {"credited": 2}


def test_retry_failed_is_not_answered_by_a_stored_refusal(tmp_path: Path) -> None:
    """Whether Chargebee replays refusals is not documented, so another try has another key."""
    file = write_csv(tmp_path / "payout.csv", [("stored", 5, "USD", "x", "q3")])
    with Site() as site:
        site.tell("settings", store_errors=True)
        site.tell("customers", deleted=["stored"])
        command = Command(tmp_path, site.url)
        command.run(file).exited(1)
        site.tell("customers", restored=["stored"])
        command.run(file, "--retry-failed").exited(0)
        assert site.times() == {("stored", "q3"): 1}


def test_max_failures_stops_the_run(tmp_path: Path) -> None:
    rows: list[Row] = [(f"missing-{n}", 5, "USD", "x", "q3") for n in range(50)]
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", "latency_ms=10") as site:
        command = Command(tmp_path, site.url)
        ended = command.run(file, "--max-failures", 3, "--concurrency", 1).exited(4)
        assert "--max-failures" in ended.said
        assert command.report("payout").counts == {"failed": 4, "pending": 46}
        assert site.posts == 4


@pytest.mark.parametrize("kinds", ["email", "email,webhook,actions"])
def test_silenced_events_are_asked_for_with_each_credit(tmp_path: Path, kinds: str) -> None:
    with Site() as site:
        command = Command(tmp_path, site.url)
        command.run(write_csv(tmp_path / "payout.csv", payout("s", 3)), "--silence", kinds).exited(0)
        assert site.truth()["silenced"] == dict.fromkeys(kinds.split(","), 3)


def test_two_credits_under_one_reference_stop_the_run(tmp_path: Path) -> None:
    """What this program exists to prevent, done by somebody else: it must not go on as if nothing were."""
    rows = payout("alarm", 3)
    with Site() as site:
        site.tell("settings", keys_ignored=True)
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            other = Command(tmp_path / name, site.url)
            other.run(write_csv(other.folder / "payout.csv", rows[:1])).exited(0)
        command = Command(tmp_path, site.url)
        posts = site.posts
        ended = command.run(write_csv(tmp_path / "payout.csv", rows), "--verify-first", "--concurrency", 1).exited(4)
        assert "ALARM" in ended.said and "alarm-0" in ended.said
        assert site.posts <= posts + 2
        report = command.report("payout")
        assert report.counts["review"] == 1 and report.counts["pending"]
        assert report.summary["exit_code"] == 4


def test_reconcile_ties_out_and_finds_a_missing_credit(tmp_path: Path) -> None:
    with Site() as site:
        command = Command(tmp_path, site.url)
        command.run(write_csv(tmp_path / "payout.csv", payout("tie", 5))).exited(0)
        assert "Ties out." in command("reconcile").exited(0).out
    with Site() as other:  # the same name, another memory: every credit is missing there
        ended = command("reconcile", CHARGEBEE_BASE_URL=other.url, CHARGEBEE_SITE=site.url.removeprefix("http://"))
        assert ended.code in (2, 3) and "Traceback" not in ended.said
