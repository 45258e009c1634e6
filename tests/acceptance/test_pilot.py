"""Promise: a pilot is read back before anything else is sent, and only its agreement, and a yes, let the rest go."""

from pathlib import Path

import pytest

from tests.acceptance.harness import Command, Site, each_once, payout, write_csv
from tests.acceptance.test_permission import at_a_terminal

FIRST, SECOND = r"as a pilot.*\[y/N\]:", r"the other 5 rows.*\[y/N\]:"  # the two questions


def test_with_yes_the_rest_is_sent_if_the_pilot_agrees(command: Command, shared_site: Site) -> None:
    rows = payout("agrees", 12)
    file = write_csv(command.folder / "payout.csv", rows)
    ended = command.run(file, "--pilot", 2).exited(0)
    lines = ended.err.splitlines()
    start = lines.index("Pilot      2 rows credited first, and read back from Chargebee")
    assert [line.split() for line in lines[start + 1 : start + 6]] == [
        ["row", "customer", "amount", "reference"],
        ["2", "agrees-0", "file", "100", "=", "1.00", "USD", "q3"],
        ["Chargebee", "1.00", "USD", "q3"],
        ["3", "agrees-1", "file", "101", "=", "1.01", "USD", "q3"],
        ["Chargebee", "1.01", "USD", "q3"],
    ]
    assert lines[start + 6] == "All 2 rows of the pilot agree in amount, currency and reference."
    assert shared_site.times("agrees-") == each_once(rows)


def test_a_refused_row_stops_the_run_and_the_reports_are_written(command: Command, shared_site: Site) -> None:
    rows = [*payout("ok", 2), *payout("missing", 1), *payout("later", 5)]
    file = write_csv(command.folder / "payout.csv", rows)
    ended = command.run(file, "--pilot", 3).exited(4)
    assert "1 of 3 rows of the pilot DOES NOT AGREE with the file." in ended.err
    assert "Row 4: failed: " in ended.err
    assert not shared_site.credits("later-")
    report = command.report("payout")
    assert report.counts == {"credited": 2, "failed": 1, "pending": 5}
    assert "pilot does not agree" in report.summary["stopped"]
    command.run(file, "--pilot", 3).exited(1)
    assert shared_site.times("later-") == each_once(rows[3:]), "run again, the next rows are the pilot"


def test_a_list_that_lags_is_waited_for(tmp_path: Path) -> None:
    rows = payout("lag", 5)
    with Site("--faults", "list_lag_seconds=0.4") as site:
        command = Command(tmp_path, site.url)
        ended = command.run(write_csv(tmp_path / "payout.csv", rows), "--pilot", 1).exited(0)
        assert "Chargebee's list does not show 1 credit of the pilot yet; next look in 1 s." in ended.err
        assert site.times() == each_once(rows)


@pytest.mark.parametrize("types", [b"n\n", b"\x04", b"\x03"], ids=["no", "end of input", "ctrl-c"])
def test_declined_after_the_pilot_nothing_more_is_sent(command: Command, shared_site: Site, types: bytes) -> None:
    rows = payout(f"declined-{types.hex()}", 8)
    file = write_csv(command.folder / "payout.csv", rows)
    arguments = ("run", file, "--rate", 0, "--pilot", 3)
    ended = at_a_terminal(command, *arguments, answers=[(FIRST, b"y\n"), (SECOND, types)])
    ended.exited(4)
    assert shared_site.times(f"declined-{types.hex()}-") == each_once(rows[:3])
    assert command.report("payout").counts == {"credited": 3, "pending": 5}
    assert "Run the same command again: it carries on." in ended.out


def test_agreed_to_at_a_terminal_all_is_sent(command: Command, shared_site: Site) -> None:
    rows = payout("twice-yes", 8)
    file = write_csv(command.folder / "payout.csv", rows)
    arguments = ("run", file, "--rate", 0, "--pilot", 3)
    at_a_terminal(command, *arguments, answers=[(FIRST, b"y\n"), (SECOND, b"y\n")]).exited(0)
    assert shared_site.times("twice-yes-") == each_once(rows)
