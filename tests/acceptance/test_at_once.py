"""Promise: of commands that start at the same instant one has the ledger, and the others say so with exit code 5."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batch_credits.ledger import Ledger
from tests.acceptance.harness import Command, Running, Site, each_once, finish, payout, write_csv
from tests.acceptance.test_settings import DefaultLedger

AT_ONCE = 6


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Site]:
    with Site("--faults", "latency_ms=1500") as site:
        yield site


def codes_of(processes: list[Running]) -> Counter[int]:
    """How they ended; nobody may have been shown a traceback."""
    ended = [finish(process) for process in processes]
    for each in ended:
        each.exited(each.code)
        if each.code == 5:
            assert "is using the ledger" in each.err and "two at once could pay twice" in each.err
    return Counter(each.code for each in ended)


def names_of(command: Command) -> list[Path]:
    """The ledger's file under whatever names lead to it."""
    folder, ledger = command.folder, command.ledger
    (folder / "folder").symlink_to(folder)
    (folder / "link").symlink_to(ledger)
    (folder / "of-a-link").symlink_to(folder / "link")
    return [
        ledger, Path("ledger.sqlite3"), folder / "folder" / "ledger.sqlite3", folder / "link", folder / "of-a-link",
        folder / "." / "folder" / ".." / folder.name / "ledger.sqlite3",
    ]  # fmt: skip


@pytest.mark.parametrize("is_new", [True, False])
def test_whatever_name_leads_to_it(tmp_path: Path, slow: Site, is_new: bool) -> None:
    command = Command(tmp_path, slow.url)
    rows = payout("name", 4)
    file = write_csv(tmp_path / "payout.csv", rows)
    if not is_new:
        Ledger.open(command.ledger).close()
    names = names_of(command)
    started = [command.start_run(file, "--ledger", name, "--reports", f"reports-{i}") for i, name in enumerate(names)]
    assert codes_of(started) == {0: 1, 5: len(names) - 1}
    assert slow.times() == each_once(rows)


def test_two_schedulers_of_one_user_for_a_site_that_is_new(tmp_path: Path, slow: Site) -> None:
    environment = {"XDG_DATA_HOME": str(tmp_path / "data"), "BATCH_CREDITS_RATE": "0", "BATCH_CREDITS_YES": "1"}
    command = DefaultLedger(tmp_path, slow.url, environment)
    rows = payout("sched", 4)
    file = write_csv(tmp_path / "payout.csv", rows)
    assert codes_of([command.start("run", file) for _ in range(AT_ONCE)]) == {0: 1, 5: AT_ONCE - 1}
    assert slow.times() == each_once(rows)
    assert len([*(tmp_path / "data").rglob("ledger.sqlite3")]) == 1


def test_reversals(tmp_path: Path, slow: Site) -> None:
    command = Command(tmp_path, slow.url)
    slow.tell("settings", faults="")
    command.run(write_csv(tmp_path / "payout.csv", payout("back", 4))).exited(0)
    batch = command("status").out.split()[0]
    slow.tell("settings", faults="latency_ms=1500")
    posts = slow.posts
    started = [command.start("reverse", batch, "--yes", "--rate", 0) for _ in range(AT_ONCE)]
    assert codes_of(started) == {0: 1, 5: AT_ONCE - 1}
    assert slow.posts == posts + 4


CHANGING: dict[str, Any] = {
    "run": ("payout.csv", "--yes"),
    "reverse": ("BATCH", "--yes"),
    "reconcile": ("BATCH",),
    "resolve": ("BATCH", "--row", "2", "--not-credited"),
    "ledger": ("upgrade",),
}


@pytest.mark.parametrize("name", [*CHANGING, "copy"])
def test_every_command_that_changes_something_waits_for_its_turn(command: Command, name: str) -> None:
    file = write_csv(command.folder / "payout.csv", payout("turn", 1))
    command.run(file).exited(0)
    batch = command("status").out.split()[0]
    with Ledger.open(command.ledger):
        if name == "copy":
            ended = DefaultLedger(command.folder)("ledger", "copy", command.ledger, "other.sqlite3")
        elif name == "ledger":
            ended = DefaultLedger(command.folder)("ledger", "upgrade", "--ledger", command.ledger)
        else:
            ended = command(name, *(batch if word == "BATCH" else word for word in CHANGING[name]))
        ended.exited(5)
        assert f"process {os.getpid()}" in ended.err
    assert not (command.folder / "other.sqlite3").exists() or name != "copy"


def test_a_hard_link_is_refused_by_all(tmp_path: Path, shared_site: Site) -> None:
    command = Command(tmp_path, shared_site.url)
    file = write_csv(tmp_path / "payout.csv", payout("hard", 2))
    Ledger.open(command.ledger).close()
    (tmp_path / "hard").hardlink_to(command.ledger)
    started = [command.start_run(file, "--ledger", name) for name in (command.ledger, tmp_path / "hard") * 2]
    codes = codes_of(started)
    assert codes[0] == 0 and codes[2] + codes[5] == 4, "some meet the lock first"
    assert not shared_site.credits("hard-")
