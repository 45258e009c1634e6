"""Where it is sent, how fast, and what remembers it."""

from dataclasses import asdict
from pathlib import Path

import pytest

from batch_credits.settings import RunSettings, SiteSettings, site_settings
from batch_credits.views.terms import Memory, Pace, Terms, memory_of, pace_of, site_view
from tests.each import each
from tests.unit.ledger.conftest import Book

MEMORY = Memory(Path("l"), None, 0, 0)


@each(
    "address, concurrency, documented",
    [
        ("https://acme.chargebee.com", 100, None),
        ("https://acme.chargebee.com", 101, "the 100 calls at one instant that Chargebee documents for live sites"),
        ("https://acme-test.chargebee.com", 50, None),
        ("https://acme-test.chargebee.com", 51, "the 50 calls at one instant that Chargebee documents for test sites"),
        ("http://127.0.0.1:8900", 1000, None),
        ("https://proxy.acme.example", 1000, None),
    ],
)
def test_more_calls_at_once_than_are_documented(address: str, concurrency: int, documented: str | None) -> None:
    settings = RunSettings(concurrency=concurrency)
    notes = Terms(site_view(site_settings(None, address, "k")), settings, MEMORY).notes
    assert len(notes) == bool(documented)
    assert all(note.startswith(f"--concurrency {concurrency} is above {documented};") for note in notes)


def test_a_site_is_shown_without_its_key() -> None:
    view = site_view(SiteSettings("sandbox", "http://127.0.0.1:8900", "live_secret"))
    assert asdict(view) == {
        "name": "sandbox", "base_url": "http://127.0.0.1:8900", "is_live": False, "is_loopback": True,
        "posts_at_once": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("requests", "rate", "pace"),
    [
        (120, 150, Pace(120, 120, 0)),
        (121, 150, Pace(121, 120, 1)),
        (0, 150, Pace(0, 120, 0)),
        (10_000, 0, Pace(10_000, None, None)),
    ],
)
def test_a_minutes_requests_can_go_at_once(requests: int, rate: int, pace: Pace) -> None:
    assert pace_of(requests, RunSettings(rate_per_minute=rate)) == pace


def test_what_a_ledger_knows_of_a_site_and_of_others(tmp_path: Path) -> None:
    book = Book(tmp_path / "ledger.sqlite3")
    for number, site in enumerate(("acme", "acme", "other"), 2):
        book.plan(book.row(number, customer=f"c-{number}"), site=site)
    ledger = book.ledger
    assert memory_of(ledger, "acme", "BATCH_CREDITS_LEDGER") == Memory(book.path, "BATCH_CREDITS_LEDGER", 2, 1)
    assert memory_of(ledger, "new", None) == Memory(book.path, None, 0, 3)
    book.close()
