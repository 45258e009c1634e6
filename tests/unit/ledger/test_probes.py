"""The desk for probes: each call is on disk before it leaves, and a credit is taken back once."""

from collections.abc import Callable
from typing import Any

import pytest

from batch_credits.errors import LeaseLost, LedgerBusy, LedgerError
from batch_credits.ledger import CallState, Ledger, ProbeCall, in_doubt, standing
from batch_credits.model import CallKind, RequestState
from batch_credits.model.site_facts import SiteFacts
from tests.unit.ledger.conftest import SITE

Book = Any


def call(number: int, kind: CallKind = CallKind.ADD, takes_back: str | None = None) -> ProbeCall:
    return ProbeCall(number, kind, f"probe-x-{number:02d} \u00e9", 1, b"a=%C3%A9", f"k{number}", "{}", takes_back)


@pytest.fixture
def begun(book: Book) -> int:
    """A probe that has begun."""
    book.ledger.probes.hold(SITE, 60, 80)
    number: int = book.ledger.probes.begin("probe-x", SITE, "c-1", "USD")
    return number


def test_what_was_sent_is_read_as_it_was(book: Book, begun: int) -> None:
    desk = book.ledger.probes
    desk.send(begun, call(1), call(2, CallKind.DEDUCT, "cr"))
    assert desk.calls(begun) == [call(1), call(2, CallKind.DEDUCT, "cr")]
    desk.settle(begun, 1, CallState.APPLIED, "cr")
    desk.settle(begun, 2, CallState.NOT_APPLIED, None, "no")
    one, other = desk.calls(begun)
    assert (one.state, one.credit_id) == (CallState.APPLIED, "cr")
    assert (other.state, other.reason) == (CallState.NOT_APPLIED, "no")


def test_what_is_settled_stays_as_it_is(book: Book, begun: int) -> None:
    desk = book.ledger.probes
    desk.send(begun, call(1))
    desk.settle(begun, 1, CallState.APPLIED, "cr")
    desk.settle(begun, 1, CallState.NOT_APPLIED, None, "too late")
    assert desk.calls(begun)[0].credit_id == "cr"


def test_a_credit_is_taken_back_once(book: Book, begun: int) -> None:
    """Unless it is known that the first deduction did nothing."""
    desk = book.ledger.probes
    desk.send(begun, call(1, CallKind.DEDUCT, "cr"))
    with pytest.raises(LedgerError):
        desk.send(begun, call(2, CallKind.DEDUCT, "cr"))
    desk.settle(begun, 1, CallState.NOT_APPLIED, None, "refused")
    desk.send(begun, call(2, CallKind.DEDUCT, "cr"))
    desk.settle(begun, 2, CallState.APPLIED, "d")
    with pytest.raises(LedgerError):
        desk.send(begun, call(3, CallKind.DEDUCT, "cr"))


def test_a_credit_is_of_one_call(book: Book, begun: int) -> None:
    desk = book.ledger.probes
    desk.send(begun, call(1), call(2))
    desk.settle(begun, 1, CallState.APPLIED, "cr")
    with pytest.raises(LedgerError):
        desk.settle(begun, 2, CallState.APPLIED, "cr")


def test_what_is_there_and_what_is_in_doubt(book: Book, begun: int) -> None:
    desk = book.ledger.probes
    desk.send(begun, *map(call, range(1, 5)))
    for number in (1, 2):
        desk.settle(begun, number, CallState.APPLIED, f"cr-{number}")
    desk.settle(begun, 3, CallState.NOT_APPLIED, None, "no")
    desk.send(begun, call(5, CallKind.DEDUCT, "cr-1"), call(6, CallKind.DEDUCT, "cr-2"))
    desk.settle(begun, 5, CallState.APPLIED, "d-1")
    calls = desk.calls(begun)
    assert [each.credit_id for each in standing(calls)] == ["cr-2"]
    assert [each.number for each in in_doubt(calls)] == [4, 6]
    desk.found(begun, call(7), "cr-7")
    assert [each.credit_id for each in standing(desk.calls(begun))] == ["cr-2", "cr-7"]


def test_one_is_left_until_it_has_ended(book: Book, begun: int) -> None:
    desk = book.ledger.probes
    [left] = desk.left(SITE)
    assert (left.probe_id, left.name, left.customer_id, left.currency) == (begun, "probe-x", "c-1", "USD")
    assert left.started_at.endswith(" UTC")
    assert desk.left("other-test") == []
    desk.end(begun)
    assert desk.left(SITE) == []


def test_the_last_facts_of_a_site_count(book: Book, begun: int) -> None:
    desk = book.ledger.probes
    assert desk.facts(SITE) is None
    desk.learn(begun, SiteFacts(SITE, "2026-11-01", {"list": "at once"}))
    later = desk.begin("probe-y", SITE, "c-1", None)
    assert desk.facts(SITE).values == {"list": "at once"}
    desk.learn(later, SiteFacts(SITE, "2026-11-02", {"list": "after 1.0 to 2.0 s"}))
    assert desk.facts(SITE) == SiteFacts(SITE, "2026-11-02", {"list": "after 1.0 to 2.0 s"})


def test_who_does_not_hold_the_site_journals_nothing(book: Book) -> None:
    with pytest.raises(LeaseLost):
        book.ledger.probes.begin("probe-x", SITE, "c-1", None)


@pytest.mark.of_sqlite  # elsewhere a life that was lost is known to be over with its lease
def test_what_a_run_has_left_in_flight_is_in_doubt_once_a_probe_holds_its_site(book: Book) -> None:
    batch = book.plan(book.row(2, "c-1"))
    book.send(book.ledger.runs.start(batch), *book.owed(batch))
    book.reopen()
    book.ledger.probes.hold(SITE, 60, 80)
    assert book.owed(batch, RequestState.IN_DOUBT)


def test_while_a_probe_holds_the_site_no_run_begins(book: Book, open_book: Callable[..., Book]) -> None:
    """Of a file another process is kept out before, by the lock."""
    book.ledger.probes.hold(SITE, 60, 80)
    if not book.ledger.is_shared:
        with pytest.raises(LedgerBusy):
            Ledger.open(book.path)
        return
    with Ledger.open(book.path) as other, pytest.raises(LedgerBusy):
        other.probes.hold(SITE, 60, 80)
