"""Promise: while a run goes well `status` calls nothing doubtful; what a run leaves that died is in doubt at once."""

import json
import signal
from pathlib import Path
from typing import Any

from tests.acceptance.harness import Command, Site, finish, payout, stop, wait_until, write_csv


def listed(command: Command) -> dict[str, Any]:
    """The only batch."""
    [batch] = json.loads(command("status", "--json").exited(0).out)
    found: dict[str, Any] = batch
    return found


def test_what_is_on_its_way_is_pending_until_its_sender_dies(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "payout.csv", payout("way", 60))
    with Site("--faults", "latency_ms=20000") as site:
        command = Command(tmp_path, site.url)
        process = command.start_run(file, "--concurrency", 20)
        wait_until(lambda: site.posts >= 20)
        healthy = listed(command)
        sent = healthy["on_their_way"]
        assert healthy["counts"] == {"pending": 60} and 20 <= sent <= 60, "what is written down is sent next"
        assert healthy["totals"]["pending"]["USD"]["rows"] == 60
        assert [worker["pid"] for worker in healthy["workers"]] == [process.pid]
        said = command("status").exited(0).out
        assert f"of them on the way {sent:>8}" in said and "in_doubt" not in said
        process.kill()
        process.communicate()
        left = listed(command)
        assert (left["counts"].get("pending", 0), left["counts"]["in_doubt"]) == (60 - sent, sent)
        assert left["on_their_way"] == 0


def test_doubt_of_before_stays_doubt_while_others_are_on_their_way(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "payout.csv", payout("both", 12))
    with Site("--faults", "lost_before=1,faulty_tries=1") as site:
        command = Command(tmp_path, site.url, {"BATCH_CREDITS_QUARANTINE": "600"})
        process = command.start_run(file, "--concurrency", 4, "--no-progress")
        wait_until(lambda: site.posts >= 12)
        wait_until(lambda: listed(command)["counts"] == {"in_doubt": 12})
        assert listed(command)["on_their_way"] == 0
        stop(process, signal.SIGTERM)
        finish(process, 10).exited(4)


def test_rejected_rows_come_to_no_total(command: Command) -> None:
    """The ledger keeps no money of them, and 0 would be false."""
    rows = [*payout("sum", 2), ("c-bad", "much", "USD", "Loyalty", "q3"), ("c-neg", -5, "EUR", "Loyalty", "q3")]
    command.run(write_csv(command.folder / "payout.csv", rows)).exited(1)
    batch = listed(command)
    assert batch["counts"] == {"credited": 2, "rejected": 2}
    assert list(batch["totals"]) == ["credited"] and batch["totals"]["credited"]["USD"]["rows"] == 2
