"""Promise: a run can be read. What a person sees is kept in screens/, as a terminal shows it.

After a change of words: `make screens` writes them anew; read the difference before you commit it.
"""

import os
import re
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.harness import Command, Row, Site, payout, wait_until, write_csv
from tests.acceptance.terminal import Terminal
from tests.acceptance.test_reconcile import add_by_hand

SCREENS = Path(__file__).with_name("screens")
RENEW = bool(os.environ.get("RENEW_SCREENS"))

# What differs from run to run, and what stands for it.
CHANGING = (
    (re.compile(r"/tmp/[a-z0-9_]{8}/"), "/tmp/FFFFFFFF/"),
    (re.compile(r"127\.0\.0\.1:\d{5}\b"), "127.0.0.1:PPPPP"),
    (re.compile(r"(batch |reverse |reconcile |payout-)[0-9a-f]{8}\b"), r"\1BBBBBBBB"),
    (re.compile(r"(until\s+)\d\d:\d\d [A-Z+\-\d]+"), r"\1HH:MM UTC"),
    (re.compile(r"slowed to \d+ a"), "slowed to N a"),
    (re.compile(r"\|[^|\n]*\|"), "|bar|"),
    (re.compile(r", [\d,]+( of [\d,]+)? a minute$", re.MULTILINE), ""),  # the pace
    (re.compile(r"\d+ throttled"), "N throttled"),
    (re.compile(r"took \d+ s"), "took N s"),
    (re.compile(r"\d+ s passed(, about .* left)?"), "N s passed"),
    (re.compile(r"^Waits .*\n", re.MULTILINE), ""),  # which is there or not from one moment to the next
    (re.compile(r"next look in \d+ s"), "next look in N s"),
    (re.compile(r" *\^C"), ""),
    # A slow machine may see a pause come to its end, and the next one.
    (re.compile(r"(Sending is paused.*\n)(The site answers; sending is tried again\.\nSending is paused.*\n)+"), r"\1"),
)


def same_each_time(screen: str) -> str:
    """The screen without what differs from run to run."""
    for pattern, stands in CHANGING:
        screen = pattern.sub(stands, screen)
    return screen


def expect(name: str, *moments: str) -> None:
    """Compare these moments of a run with what is kept of it, or keep them."""
    path = SCREENS / f"{name}.txt"
    seen = f"{'-' * 8}\n".join(same_each_time(moment) for moment in moments)
    if RENEW:
        path.parent.mkdir(exist_ok=True)
        path.write_text(seen, encoding="utf-8")
    assert seen == path.read_text(encoding="utf-8"), f"{path}: if it is meant, run `make screens`"


@pytest.fixture
def person() -> Iterator[Command]:
    """Somebody in a folder of their own, whose paths are as long each time."""
    with tempfile.TemporaryDirectory(prefix="", dir="/tmp") as folder:
        yield Command(Path(folder), environment={"BATCH_CREDITS_LEDGER": "ledger.sqlite3"})


@pytest.fixture
def at_site(person: Command, shared_site: Site) -> Iterator[Command]:
    """The same person, calling the shared site, which is well again afterwards."""
    yield Command(person.folder, shared_site.url, person.environment)
    shared_site.tell("settings", faults="", read_only=False)


def rows_with_mistakes() -> list[Row]:
    """Six rows that hold, one of a customer who does not exist, two that are rejected."""
    mistakes = [("", 500, "USD", "Loyalty", "q3"), ("cust-9", "5,0", "USD", "Loyalty", "q3")]
    return [*payout("cust", 6), *payout("missing", 1), *mistakes]


def test_a_first_run(person: Command) -> None:
    file = write_csv(person.folder / "payout.csv", rows_with_mistakes())
    with Terminal(person, "run", file.name, "--sandbox", columns=80) as terminal:
        question = terminal.until(r"\[y/N\]:")
        terminal.types(b"y\n")
        terminal.end().exited(1)
        expect("first_run", question, terminal.screen)


@pytest.mark.parametrize("columns", [80, 40])
def test_the_question_before_real_money(person: Command, columns: int) -> None:
    """Asked before the site is called at all; whoever presses Enter has sent nothing."""
    file = write_csv(person.folder / "payout.csv", rows_with_mistakes())
    site: dict[str, Any] = {"CHARGEBEE_SITE": "acme", "CHARGEBEE_API_KEY": "live_key"}
    with Terminal(person, "run", file.name, columns=columns, **site) as terminal:
        terminal.until(r"\[y/N\]:")
        terminal.types(b"\n")
        terminal.end().exited(2)
        expect(f"live_site_{columns}", terminal.screen)


def test_a_pilot(person: Command) -> None:
    file = write_csv(person.folder / "payout.csv", payout("cust", 6))
    with Terminal(person, "run", file.name, "--sandbox", "--pilot", 2) as terminal:
        terminal.until("as a pilot")
        terminal.types(b"y\n")
        question = terminal.until(r"the other 4 rows, 4\.14 USD\? \[y/N\]:")
        terminal.types(b"y\n")
        terminal.end().exited(0)
        expect("pilot", question, terminal.screen)


def test_a_reversal(at_site: Command, shared_site: Site) -> None:
    """One customer has spent a part of it; one row is not settled yet, and is left out."""
    rows = payout("undone", 4)
    at_site.run(write_csv(at_site.folder / "payout.csv", rows)).exited(0)
    batch = at_site("status").out.split()[0]
    with sqlite3.connect(at_site.ledger) as ledger:  # as a run that was killed would leave it
        ledger.execute("DROP TRIGGER credited_is_final")
        ledger.execute("UPDATE credit_request SET state = 'in_doubt', credit_id = NULL WHERE customer_id = 'undone-3'")
    ledger.close()
    spent = {"customer_id": "undone-1", "amount": 60, "currency_code": "USD", "description": "an invoice"}
    add_by_hand(shared_site, "deduct", **spent)
    with Terminal(at_site, "reverse", batch, "--rate", 0, columns=90) as terminal:
        question = terminal.until(r"\[y/N\]:")
        terminal.types(b"y\n")
        terminal.end().exited(1)
        expect("reversal", question, terminal.screen)


def test_a_throttled_run(at_site: Command, shared_site: Site) -> None:
    """Every row is told to wait once, all at the same time."""
    file = write_csv(at_site.folder / "payout.csv", payout("throttled", 4))
    shared_site.tell("settings", faults="throttled=1,faulty_tries=1,latency_ms=100")
    with Terminal(at_site, "run", file.name, "--yes", "--rate", 1000, columns=100) as terminal:
        waiting = terminal.until(r"slowly faster again\. Batch 0/4 .* passed")
        terminal.end().exited(0)
        expect("throttled", waiting, terminal.screen)


def test_an_outage(at_site: Command, shared_site: Site) -> None:
    file = write_csv(at_site.folder / "payout.csv", payout("outage", 4))
    shared_site.tell("settings", read_only=True)
    with Terminal(at_site, "run", file.name, "--yes", "--rate", 1000, "--concurrency", 1, columns=100) as terminal:
        paused = terminal.until(r"Sending is paused.* Batch 0/4 .* passed")
        terminal.types(b"\x03")
        terminal.end().exited(4)
        expect("outage", paused, terminal.screen)


def test_an_interrupt(at_site: Command, shared_site: Site) -> None:
    """Three requests are on their way; their answers are waited for, and the other rows stay owed."""
    file = write_csv(at_site.folder / "payout.csv", payout("interrupt", 6))
    shared_site.tell("settings", faults="latency_ms=1000")
    posts = shared_site.posts
    with Terminal(at_site, "run", file.name, "--yes", "--rate", 0, "--concurrency", 3, columns=100) as terminal:
        wait_until(lambda: shared_site.posts == posts + 3)
        terminal.types(b"\x03")
        stopping = terminal.until(r"leave them in doubt\.\) Batch 0/6 .* Waits the answers to 3 requests")
        terminal.end().exited(4)
        expect("interrupt", stopping, terminal.screen)


def test_every_screen_that_is_kept_is_looked_at() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    names = {re.sub(r"_\d+$", "", path.stem) for path in SCREENS.glob("*.txt")}
    assert all(f'expect("{name}"' in source or f'expect(f"{name}_' in source for name in names)
