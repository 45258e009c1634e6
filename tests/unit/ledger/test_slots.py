"""Attempts that were journaled after the last note count too: their process was killed."""

from typing import Any

import pytest

from tests.unit.ledger.conftest import SITE

pytestmark = pytest.mark.of_sqlite  # where hosts share a ledger, they share its budget


def test_attempts_after_the_note_count_as_under_way(book: Any) -> None:
    batch = book.plan(*[book.row(number, f"c-{number}") for number in range(2, 12)])
    other = book.plan(book.row(2), site="other-test")
    run = book.ledger.runs.start(batch)
    credits = book.owed(batch)
    book.send(run, *credits[:4])
    book.ledger.slots.note(SITE, [(10.0, 3)], 1)
    book.send(run, *credits[4:])
    book.send(book.ledger.runs.start(other), *book.owed(other))
    (answered, three), (under_way, seven) = book.ledger.slots.taken(SITE, 80.0)
    assert (three, seven, under_way) == (3, 7, 60.0)
    assert 40 < answered <= 50


def test_a_site_without_a_note_has_nothing_taken(book: Any) -> None:
    batch = book.plan(book.row(2))
    book.send(book.ledger.runs.start(batch), *book.owed(batch))
    assert book.ledger.slots.taken(SITE, 80.0) == []
