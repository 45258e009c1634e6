"""Promise: another ledger by accident, of another home or of before a restore, pays nothing that was paid."""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import Command, Site, each_once, payout, write_csv
from tests.acceptance.test_settings import DefaultLedger


@pytest.fixture
def homes(tmp_path: Path, shared_site: Site) -> Iterator[tuple[DefaultLedger, DefaultLedger]]:
    """One user, and the same job under cron or sudo: the same folder, another home."""
    (tmp_path / "job").mkdir()
    ours, theirs = (
        DefaultLedger(
            tmp_path / "job", shared_site.url,
            {"XDG_DATA_HOME": str(tmp_path / home), "BATCH_CREDITS_YES": "1", "BATCH_CREDITS_RATE": "0"},
        )
        for home in ("ours", "theirs")
    )  # fmt: skip
    yield ours, theirs


def test_another_home(homes: tuple[DefaultLedger, DefaultLedger], tmp_path: Path, shared_site: Site) -> None:
    ours, theirs = homes
    rows = payout("home", 3)
    file = write_csv(ours.folder / "payout.csv", rows)
    first = ours("run", file.name).exited(0)
    [ledger] = (tmp_path / "ours" / "batch-credits" / "sites").glob("*/ledger.sqlite3")
    assert f"Ledger     {ledger}\n           NEW: it knows of nothing that was paid before" in first.err
    assert ours.report("payout").summary["settings"]["ledger"] == str(ledger)
    posts = shared_site.posts
    file.rename(ours.folder / "renamed.csv")
    for options in ((), ("--quiet",)):
        refused = theirs("run", "renamed.csv", *options).exited(2)
        for said in (str(ledger), str(tmp_path / "theirs"), "3 rows are paid", "--ledger", "--verify-first"):
            assert said in refused.err
    assert shared_site.posts == posts
    assert theirs("status").out == "The ledger holds no batch.\n"

    theirs("run", "renamed.csv", "--ledger", ledger).exited(0)
    theirs("run", "renamed.csv", "--verify-first").exited(0)
    assert shared_site.times("home-") == each_once(rows)
    theirs("run", "renamed.csv").exited(0)  # now it knows
    assert shared_site.posts == posts


def test_after_a_lost_ledger_the_list_is_learned_first(
    homes: tuple[DefaultLedger, DefaultLedger], shared_site: Site
) -> None:
    ours, theirs = homes
    rows = payout("learned", 3)
    file = write_csv(ours.folder / "payout.csv", rows)
    ours("run", file).exited(0)
    theirs("run", file).exited(2)
    theirs("reconcile", "--since", "2026-01-01").exited(0)
    theirs("run", file).exited(0)
    assert shared_site.times("learned-") == each_once(rows)


def test_an_old_copy_of_the_ledger(tmp_path: Path) -> None:
    rows = payout("copy", 4)
    with Site() as site:
        command = Command(tmp_path, site.url)
        site.tell("customers", deleted=["copy-2", "copy-3"])
        file = write_csv(tmp_path / "payout.csv", rows)
        command.run(file).exited(1)
        copy = shutil.copy(command.ledger, tmp_path / "copy")
        site.tell("customers", restored=["copy-2", "copy-3"])
        command.run(file, "--retry-failed").exited(0)
        for left in tmp_path.glob("ledger.sqlite3*"):
            left.unlink()
        shutil.copy(copy, command.ledger)
        posts = site.posts
        refused = command.run(file, "--retry-failed").exited(2)
        assert "4 rows are paid" in refused.err and "knows it of 2" in refused.err
        assert site.posts == posts
        command.run(file, "--retry-failed", "--verify-first").exited(0)
        assert site.times() == each_once(rows)


def test_a_reversal_with_an_old_copy_of_the_ledger(tmp_path: Path) -> None:
    rows = payout("undone", 2)
    with Site() as site:
        command = Command(tmp_path, site.url)
        command.run(write_csv(tmp_path / "payout.csv", rows)).exited(0)
        batch = command("status").out.split()[0]
        copy = shutil.copy(command.ledger, tmp_path / "copy")
        command("reverse", batch, "--yes", "--rate", 0).exited(0)
        for left in tmp_path.glob("ledger.sqlite3*"):
            left.unlink()
        shutil.copy(copy, command.ledger)
        posts = site.posts
        assert "2 rows are paid" in command("reverse", batch, "--yes", "--rate", 0).exited(2).err
        assert site.posts == posts
        assert Counter(credit["type"] for credit in site.credits()) == {"increment": 2, "decrement": 2}


def test_a_sandbox_that_is_gone_has_paid_nothing(alone: Command) -> None:
    """So the same demonstration can be given again."""
    file = write_csv(alone.folder / "payout.csv", payout("demo", 2))
    for _ in range(2):
        alone.run(file, "--sandbox").exited(0)
        alone.ledger.unlink()
