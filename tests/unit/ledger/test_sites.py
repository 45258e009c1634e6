"""One Chargebee is never taken for another, nor for two."""

from typing import Any

import pytest

from batch_credits.errors import UsageError
from batch_credits.model import RequestState

SITE, HERE, THERE = "acme-test", "https://acme-test.chargebee.com", "http://127.0.0.1:8080"


def test_a_site_that_nobody_called_may_be_anywhere(book: Any) -> None:
    book.ledger.sites.check_address(SITE, HERE)
    book.plan(book.row(2), site=SITE)
    book.ledger.sites.check_address(SITE, HERE)


def test_a_site_stays_where_it_was_called_until_somebody_says_that_it_moved(book: Any) -> None:
    book.ledger.sites.note_address(SITE, HERE)
    book.ledger.sites.check_address(SITE, HERE)
    with pytest.raises(UsageError, match=f"knows site {SITE} at {HERE}, and this run would call it at {THERE}"):
        book.ledger.sites.check_address(SITE, THERE)
    book.ledger.sites.check_address(SITE, THERE, is_same_site=True)
    book.ledger.sites.note_address(SITE, THERE)
    book.ledger.sites.check_address(SITE, THERE)


@pytest.mark.parametrize("is_same_site", [False, True])
def test_an_address_is_of_one_site(book: Any, is_same_site: bool) -> None:
    book.ledger.sites.note_address(SITE, HERE)
    with pytest.raises(UsageError, match=f"knows {HERE} as site {SITE}, and this run would take it for site other"):
        book.ledger.sites.check_address("other", HERE, is_same_site=is_same_site)
    book.ledger.sites.check_address("other", THERE)


def test_what_is_open_of_a_site_over_all_its_batches(book: Any) -> None:
    assert book.ledger.sites.open_requests(SITE) == {}
    first = book.plan(book.row(2), book.row(3, "c-2"), book.row(4, "c-3"), book.row(5, "c-4"), book.bad_row(6))
    run, rows = book.ledger.runs.start(first), book.owed(first)
    for credit, state in zip(rows, (RequestState.CREDITED, RequestState.REVIEW, RequestState.FAILED), strict=False):
        book.send(run, credit)
        book.learn(run, credit, state)
    book.plan(book.row(2, "c-9"), site="other", file_name="other.csv")
    book.plan(book.row(2, "c-5"), file_name="second.csv")
    assert book.ledger.sites.open_requests(SITE) == {RequestState.REVIEW: 1, RequestState.PENDING: 2}
    assert book.ledger.sites.open_requests("other") == {RequestState.PENDING: 1}
    book.stage(book.begin(file_name="asked about.csv"), book.row(2, "c-6"))
    assert book.ledger.sites.open_requests(SITE)[RequestState.PENDING] == 2, "nobody has said yes to it"
