"""A person's word on a row in review, and what is taken over from Chargebee's list."""

from typing import Any

import pytest

from batch_credits.errors import UsageError
from batch_credits.ledger import ForeignCredit
from batch_credits.ledger.requests import TAKEN_OVER_HEADERS
from batch_credits.model import CallKind, Money, RequestState


def foreign(number: int, **changes: Any) -> ForeignCredit:
    fields: dict[str, Any] = {
        "credit_id": f"cr-{number}",
        "customer_id": f"c-{number}",
        "reference": "q3",
        "money": Money(100, None, "USD"),
        "credit_type": "general",
    }
    return ForeignCredit(**(fields | changes))


@pytest.fixture
def reviewed(book: Any) -> int:
    """A batch whose one row is in review."""
    batch = book.plan(book.row(2))
    book.settle(batch, RequestState.REVIEW, reason="nobody knows")
    return int(batch)


def test_a_person_says_credited(book: Any, reviewed: int) -> None:
    book.say(reviewed, 2, "cr-9", ", under reference 'loy'")
    [row] = book.ledger.reports.rows(reviewed)
    assert (row.outcome.value, row.credit_id, row.error, row.closing_balance) == ("credited", "cr-9", None, "70")
    assert row.finished_at is not None
    [(reason, run)] = book.sql("SELECT reason, run_id FROM finding WHERE state = 'credited'")
    assert reason.endswith(" says: credited as cr-9, under reference 'loy'")
    assert run is None


def test_a_person_says_deducted(book: Any) -> None:
    batch = book.plan(book.row(2, reference="reversal of q3"), kind=CallKind.DEDUCT)
    book.settle(batch, RequestState.REVIEW)
    book.say(batch, 2, "cr-9")
    assert book.sql("SELECT reason FROM finding WHERE reason LIKE '% says: deducted as cr-9'")


@pytest.mark.parametrize("spoiled", [False, True])
def test_a_person_says_not_credited(book: Any, spoiled: bool) -> None:
    batch = book.plan(book.row(2))
    run = book.ledger.runs.start(batch)
    [credit] = book.owed(batch)
    book.ledger.claims.commit(run, [], [credit], '{"chargebee-event-email":"all-disabled"}')
    credit.key_spoiled, credit.credit_id = spoiled, "cr-named"
    book.learn(run, credit, RequestState.REVIEW, reason="nobody knows")
    book.say(batch, 2, None)
    [owed] = book.owed(batch)
    assert (owed.generation, owed.key_spoiled, owed.open_attempts) == (int(spoiled), False, 0)
    assert owed.look_first
    assert owed.call == '{"chargebee-event-email":"all-disabled"}', "it is looked at where it was sent"
    assert owed.credit_id is None
    [row] = book.ledger.reports.rows(batch)
    assert (row.outcome.value, row.error, row.finished_at) == ("pending", None, None)
    assert book.sql("SELECT 1 FROM finding WHERE reason LIKE '% says: not credited'")


def test_a_look_before_a_send_is_asked_for_once(book: Any, reviewed: int) -> None:
    book.say(reviewed, 2, None)
    run = book.ledger.runs.start(reviewed)
    [owed] = book.owed(reviewed)
    book.ledger.claims.commit(run, [], [owed])
    assert not book.ledger.requests.planned(owed.request_id).look_first


def test_only_a_row_in_review_waits_for_a_word(book: Any, reviewed: int) -> None:
    row = book.ledger.requests.in_review(reviewed, 2)
    assert (row.row_number, row.credit.customer_id, row.reason) == (2, "c-1", "nobody knows")
    batch = book.plan(book.row(2, "c-2"), book.bad_row(3))
    with pytest.raises(UsageError, match="Row 2 is pending, not in review"):
        book.ledger.requests.in_review(batch, 2)
    with pytest.raises(UsageError, match="Row 3 is rejected"):
        book.ledger.requests.in_review(batch, 3)
    with pytest.raises(UsageError, match="no row 4"):
        book.ledger.requests.in_review(batch, 4)


@pytest.mark.parametrize("is_sent", [False, True])
@pytest.mark.parametrize("says", ["credited", "not credited"])
def test_of_two_persons_at_once_the_second_is_told(book: Any, reviewed: int, says: str, is_sent: bool) -> None:
    """What was owed again may be on its way: to owe it once more would pay twice."""
    requests = book.ledger.requests
    slow = requests.in_review(reviewed, 2).credit
    book.say(reviewed, 2, None)
    run = book.ledger.runs.start(reviewed)
    if is_sent:
        book.send(run, *book.owed(reviewed))
        book.learn(run, requests.planned(slow.request_id), RequestState.REVIEW)
    before = book.sql("SELECT * FROM credit_request"), book.sql("SELECT * FROM finding")
    slow.credit_id = "cr-1" if says == "credited" else None
    with pytest.raises(UsageError, match="not in review any more"):
        requests.settle_credited(slow, None, "") if says == "credited" else requests.owe_again(slow, "")
    assert (book.sql("SELECT * FROM credit_request"), book.sql("SELECT * FROM finding")) == before


def test_where_hosts_share_the_ledger_a_word_says_on_which(
    book: Any, reviewed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book.ledger._db, "is_shared", True)
    monkeypatch.setattr("platform.node", lambda: "till-2")
    book.say(reviewed, 2, None)
    assert book.sql("SELECT 1 FROM finding WHERE reason LIKE '% on till-2 says: not credited'") == [(1,)]


def test_a_row_in_review_that_nobody_gave_a_reason_for(book: Any) -> None:
    batch = book.plan(book.row(2))
    book.settle(batch, RequestState.REVIEW)
    assert book.ledger.requests.in_review(batch, 2).reason == ""


def test_who_has_an_id_at_a_site_that_came_second(book: Any) -> None:
    book.settle(book.plan(book.row(7, "c-2"), site="other-test"), RequestState.CREDITED, credit_id="cr-9")
    reviewed = book.plan(book.row(2))
    book.settle(reviewed, RequestState.REVIEW)
    book.settle(book.plan(book.row(5, "c-3")), RequestState.CREDITED, credit_id="cr-9")
    mine = book.ledger.requests.in_review(reviewed, 2).credit
    assert [holder.row_number for holder in book.ledger.requests.other_holders(mine, "cr-9")] == [5]


def test_who_has_an_id(book: Any, reviewed: int) -> None:
    credited = book.plan(book.row(7, "c-2"))
    book.settle(credited, RequestState.CREDITED, credit_id="cr-9")
    named = book.plan(book.row(8, "c-3", "q4"))
    [credit] = book.owed(named)
    credit.credit_id = "cr-9"
    book.learn(None, credit, RequestState.REVIEW)
    book.settle(book.plan(book.row(9, "c-4"), site="other-test"), RequestState.CREDITED, credit_id="cr-9")
    mine = book.ledger.requests.in_review(reviewed, 2).credit
    assert [holder[1:] for holder in book.ledger.requests.other_holders(mine, "cr-9")] == [
        (7, "c-2", "q3", True, False),
        (8, "c-3", "q4", False, False),
    ]
    assert book.ledger.requests.other_holders(mine, "cr-8") == []
    assert len(book.ledger.requests.other_holders(book.ledger.requests.in_review(named, 8).credit, "cr-9")) == 1


def test_what_chargebee_lists_is_taken_over_once(book: Any) -> None:
    batch = book.begin(file_name="Chargebee")
    decimal = foreign(2, money=Money(150, "1.50", None), credit_type="loyalty_credits")
    assert book.ledger.requests.take_over("acme-test", batch, 2, [foreign(1), decimal, foreign(1)]) == 2
    assert book.ledger.requests.take_over("acme-test", batch, 5, [foreign(1), foreign(3)]) == 1
    book.ledger.admission.admit(batch)
    rows = list(book.ledger.reports.rows(batch))
    assert [row.outcome.value for row in rows] == ["already_credited"] * 3
    assert [row.credit_id for row in rows] == ["cr-1", "cr-2", "cr-3"]
    assert dict(zip(TAKEN_OVER_HEADERS, rows[1].cells, strict=True)) == {
        "customer_id": "c-2", "amount": "", "amount_in_decimal": "1.50", "currency_code": "",
        "credit_type": "loyalty_credits", "reference": "q3",
    }  # fmt: skip
    assert rows[0].cells == ("c-1", "100", "", "USD", "general", "q3")
    assert rows[1].cells == ("c-2", "", "1.50", "", "loyalty_credits", "q3")


def test_what_the_ledger_knows_is_left_alone(book: Any) -> None:
    known = book.plan(book.row(2))
    batch = book.begin(file_name="Chargebee")
    assert book.ledger.requests.take_over("acme-test", batch, 2, [foreign(1)]) == 0
    assert len(book.owed(known)) == 1


@pytest.mark.parametrize(
    ("state", "customer", "taken"),
    [
        (RequestState.CREDITED, "C-1", 0),
        (RequestState.CREDITED, "c-2", 1),  # an id that is another's here: somebody may have said so by mistake
        (RequestState.REVIEW, "C-1", 1),  # an answer named it, and proved nothing
    ],
)
def test_a_credit_that_a_row_has_is_not_learned_in_the_sites_spelling(
    book: Any, state: RequestState, customer: str, taken: int
) -> None:
    book.settle(book.plan(book.row(2, "C-1", "Q3 of all")), state, credit_id="cr-1")
    batch = book.begin(file_name="Chargebee")
    listed = [foreign(1, customer_id=customer.lower(), reference="q3")]
    assert book.ledger.requests.take_over("acme-test", batch, 2, listed) == taken


def test_what_was_taken_over_is_not_credited_again(book: Any) -> None:
    batch = book.begin(file_name="Chargebee")
    book.ledger.requests.take_over("acme-test", batch, 2, [foreign(1)])
    book.ledger.admission.admit(batch)
    later = book.plan(book.row(2), book.row(3, "c-2"))
    assert [credit.customer_id for credit in book.owed(later)] == ["c-2"]


def test_a_reversal_that_was_taken_over_is_not_deducted_again(book: Any) -> None:
    batch = book.begin(file_name="Reversals at Chargebee", kind=CallKind.DEDUCT)
    book.ledger.requests.take_over("acme-test", batch, 2, [foreign(1, reference="reversal of q3")])
    book.ledger.admission.admit(batch)
    later = book.plan(book.row(2, reference="reversal of q3"), book.row(3, "c-2"), kind=CallKind.DEDUCT)
    assert [credit.customer_id for credit in book.owed(later)] == ["c-2"]


def test_a_take_over_that_is_given_up_leaves_no_trace(book: Any) -> None:
    batch = book.begin(file_name="Chargebee")
    book.ledger.requests.take_over("acme-test", batch, 2, [foreign(1)])
    book.ledger.admission.discard(batch)
    assert [book.sql(f"SELECT * FROM {name}") for name in ("credit_request", "identity", "row", "batch")] == [[]] * 4
