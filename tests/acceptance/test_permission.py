"""Promise: nothing is sent without a key that the site accepts and a person, or --yes, who wants it."""

import os
import pty
import signal
import time
from pathlib import Path

import pytest

from tests.acceptance.harness import Command, Ended, Site, each_once, finish, payout, wait_until, write_csv
from tests.acceptance.terminal import Terminal


def at_a_terminal(
    command: Command, *arguments: object, types: bytes = b"", answers: list[tuple[str, bytes]] | None = None
) -> Ended:
    """Run the command at a terminal. To each question, told by a pattern, its answer is typed once it shows;
    `types` answers the first question."""
    files = ("--ledger", command.ledger, "--reports", command.reports)
    with Terminal(command, *arguments, *files, columns=100) as terminal:
        for prompt, keys in [(r"\[y/N\]:", types)] if types else answers or ():
            terminal.until(prompt)
            time.sleep(0.3)  # nobody types faster
            terminal.types(keys)
        return terminal.end()


def test_a_wrong_key_stops_the_run_within_seconds(tmp_path: Path) -> None:
    rows = payout("w", 50)
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site("--api-key", "right") as site:
        command = Command(tmp_path, site.url, {"CHARGEBEE_API_KEY": "wrong"})
        began = time.monotonic()
        ended = command.run(file).exited(4)
        assert time.monotonic() - began < 10
        assert "CHARGEBEE_API_KEY" in ended.err
        report = command.report("payout")
        assert report.counts == {"pending": 50}
        assert report.failed == []
        command.run(file, CHARGEBEE_API_KEY="right").exited(0)
        assert site.times() == each_once(rows)


def test_without_terminal_and_yes_nothing_is_sent(command: Command, shared_site: Site) -> None:
    file = write_csv(command.folder / "payout.csv", payout("noyes", 3))
    posts = shared_site.posts
    ended = command("run", file, "--rate", 0).exited(2)
    assert "--yes" in ended.err
    assert "3.03 USD" in ended.err, "the totals are shown all the same"
    assert shared_site.posts == posts
    assert command("status").exited(0).out == "The ledger holds no batch.\n"
    assert not command.reports.exists()


@pytest.mark.parametrize("types", [b"n\n", b"\n", b"\x04", b"\x03"], ids=["no", "enter", "end of input", "ctrl-c"])
def test_declined_at_a_terminal_nothing_is_sent(command: Command, shared_site: Site, types: bytes) -> None:
    file = write_csv(command.folder / "payout.csv", payout("declined", 3))
    posts = shared_site.posts
    ended = at_a_terminal(command, "run", file, "--rate", 0, types=types).exited(2)
    assert "nothing was sent" in ended.out.lower()
    assert shared_site.posts == posts
    assert command("status").exited(0).out == "The ledger holds no batch.\n"


def test_what_is_typed_before_the_question_shows_is_no_answer(command: Command, shared_site: Site) -> None:
    """Somebody who types ahead, or pastes too much, has seen no totals and no site."""
    file = write_csv(command.folder / "payout.csv", payout("ahead", 3))
    files = ("--ledger", command.ledger, "--reports", command.reports)
    with Terminal(command, "run", file, "--rate", 0, *files) as terminal:
        terminal.types(b"y\n")
        terminal.until(r"\[y/N\]:")
        time.sleep(0.3)
        terminal.types(b"n\n")
        terminal.end().exited(2)
    assert not shared_site.credits("ahead-")


def test_confirmed_at_a_terminal(command: Command, shared_site: Site) -> None:
    rows = payout("confirmed", 3)
    file = write_csv(command.folder / "payout.csv", rows)
    at_a_terminal(command, "run", file, "--rate", 0, types=b"y\n").exited(0)
    assert shared_site.times("confirmed-") == each_once(rows)


def test_a_resumed_run_asks_again(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "payout.csv", payout("r", 30))
    with Site("--faults", "latency_ms=500") as site:
        command = Command(tmp_path, site.url)
        process = command.start_run(file, "--concurrency", 5)
        wait_until(lambda: site.posts >= 5)
        process.send_signal(signal.SIGINT)
        finish(process).exited(4)
        posts = site.posts
        assert "--yes" in command("run", file, "--rate", 0).exited(2).err
        assert site.posts == posts
        assert "pending" in command("status").out


def test_trying_failed_rows_again_needs_a_yes_too(command: Command, shared_site: Site) -> None:
    """Nothing else is owed, but with --retry-failed money would move."""
    file = write_csv(command.folder / "payout.csv", payout("missing-retry", 2))
    command.run(file).exited(1)
    posts = shared_site.posts
    ended = command("run", file, "--rate", 0, "--retry-failed").exited(2)
    assert "--yes" in ended.err
    assert shared_site.posts == posts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_the_question_sends_nothing(command: Command, shared_site: Site, number: signal.Signals) -> None:
    file = write_csv(command.folder / "payout.csv", payout("asked", 3))
    ours, theirs = pty.openpty()
    process = command.start("run", file, "--rate", 0, streams=(os.ttyname(theirs), None, None))
    wait_until(lambda: command.ledger.exists())
    time.sleep(1.5)  # the question is asked on stderr, which nobody reads here
    posts = shared_site.posts
    process.send_signal(number)
    try:
        ended = finish(process, 5).exited(2)
    finally:
        os.close(ours)
        os.close(theirs)
    assert "nothing was sent" in ended.err.lower()
    assert shared_site.posts == posts
    assert command("status").exited(0).out == "The ledger holds no batch.\n"
