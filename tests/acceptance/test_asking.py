"""Promise: no command asks more than its proof takes, says beforehand how much, and keeps within the site's limit."""

import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import Command, Ended, Row, Site, finish, stop, wait_until, write_csv

NEAR = 3  # questions that an estimate may be wrong by; or a tenth


def rows_of(customers: int, each: int) -> list[Row]:
    """Rows of so many customers, as Chargebee names them."""
    return [(f"cbdemo{c:010}", 100, "USD", "Loyalty", f"q3-{n}") for c in range(customers) for n in range(each)]


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as started:
        yield started


def asked_by(site: Site, call: Callable[[], Ended], code: int = 0) -> tuple[int, Ended]:
    """The questions that a command asked."""
    before = site.truth()["requests"].get("GET", 0)
    ended = call().exited(code)
    return site.truth()["requests"].get("GET", 0) - before, ended


def foretold(ended: Ended) -> int:
    found = re.search(r"Asks Chargebee about ([\d,]+) question", ended.err)
    assert found, ended.err
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize(
    ("customers", "each", "check", "pilot", "verify", "reconcile"),
    [
        (20, 1, 1, 20, 20, 20),  # few customers are asked for each
        (250, 1, 3, 20, 250, 3),  # the list has three pages
        (30, 10, 1, 2, 30, 3),
        (1, 250, 1, 1, 3, 3),  # his list has three pages
    ],
)
def test_the_fewest_questions_that_prove_it(
    tmp_path: Path, site: Site, customers: int, each: int, check: int, pilot: int, verify: int, reconcile: int
) -> None:
    file = write_csv(tmp_path / "payout.csv", rows_of(customers, each))
    command = Command(tmp_path, site.url)
    asked, ended = asked_by(site, lambda: command("check", file, "--online", "--rate", 0))
    assert asked == foretold(ended) == check
    asked, _ = asked_by(site, lambda: command.run(file, "--pilot", 20))
    assert asked == pilot
    for words in ((), ("--whole",)):
        asked, ended = asked_by(site, lambda words=words: command("reconcile", "--rate", 0, *words))  # type: ignore[misc]
        assert asked == reconcile
        assert abs(foretold(ended) - asked) <= max(NEAR, asked // 10)
    forgotten = Command(tmp_path, site.url, {"BATCH_CREDITS_LEDGER": str(tmp_path / "other.sqlite3")})
    again = ("run", file, "--yes", "--rate", 0, "--verify-first", "--ledger", tmp_path / "other.sqlite3")
    asked, ended = asked_by(site, lambda: forgotten(*again))
    assert verify <= asked <= verify + NEAR  # a machine that took more than a moment over it asks again
    assert len(site.credits()) == customers * each


def test_a_list_that_the_ledger_knows_to_be_too_long_is_not_begun(tmp_path: Path, site: Site) -> None:
    command = Command(tmp_path, site.url)
    command.run(write_csv(tmp_path / "few.csv", rows_of(21, 1))).exited(0)
    batch = command("status").exited(0).out.split()[0]
    command.run(write_csv(tmp_path / "many.csv", [(f"m-{n}", 5, "USD", "x", "q3") for n in range(2_100)])).exited(0)
    asked, ended = asked_by(site, lambda: command("reconcile", batch, "--rate", 0))
    assert asked == foretold(ended) == 21
    assert "Ties out." in ended.out and "Nothing older" not in ended.out


def test_questions_and_credits_together_keep_the_limit(tmp_path: Path) -> None:
    """Rows that are looked at before they are sent: the site counts both, and a minute has room for some of them."""
    file = write_csv(tmp_path / "payout.csv", rows_of(30, 1))
    with Site("--rate", "40") as site:
        command = Command(tmp_path, site.url)
        process = command.start("run", file, "--yes", "--rate", 40, "--share", 1, "--verify-first")
        wait_until(lambda: sum(site.truth()["requests"].values()) >= 40)
        stop(process, signal.SIGINT)
        finish(process).exited(4)
        truth = site.truth()
    assert truth["requests"] == {"GET": 30, "POST": 10}
    assert (truth["peak_window"], truth["throttled"]) == (40, 0)
