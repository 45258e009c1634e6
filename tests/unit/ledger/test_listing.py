"""What Chargebee lists, held against what the ledger says."""

from decimal import Decimal
from typing import Any

import pytest

from batch_credits.ledger import ForeignCredit, Unrecorded
from batch_credits.model import ControlTotal, Money, RequestState

SITE = "acme-test"


def listed(credit_id: str, customer: str = "c-1", **changes: Any) -> ForeignCredit:
    fields: dict[str, Any] = {"reference": "q3", "money": Money(100, None, "USD"), "credit_type": "general"}
    return ForeignCredit(credit_id, customer, **(fields | changes))


def reasons(book: Any, batch: int, *credits: ForeignCredit) -> list[str]:
    book.ledger.listing.begin(batch)
    book.ledger.listing.add(SITE, list(credits))
    return [difference.reason for difference in book.ledger.listing.differences(batch)]


@pytest.fixture
def credited(book: Any) -> int:
    """A batch whose one row was credited as cr-1."""
    batch = book.plan(book.row(2))
    book.settle(batch, RequestState.CREDITED)
    return int(batch)


def test_a_credit_that_both_know(book: Any, credited: int) -> None:
    assert reasons(book, credited, listed("cr-1")) == []


@pytest.mark.parametrize(
    ("credits", "says"),
    [
        ([], "credited as cr-1, Chargebee does not list it"),
        ([listed("cr-2")], "the ledger says cr-1, Chargebee lists cr-2"),
        ([listed("cr-1"), listed("cr-2")], "lists 2 credits under this reference: cr-1, cr-2"),
        ([listed("cr-1", money=Money(999, None, "USD"))], "lists cr-1 under this reference, with other money"),
        ([listed("cr-1", money=Money(100, None, "EUR"))], "with other money"),
        ([listed("cr-1", credit_type="loyalty_credits")], "with other money"),
        ([listed("cr-1", "c-2")], "does not list it"),
    ],
    ids=repr,
)
def test_what_differs_about_a_credited_row(
    book: Any, credited: int, credits: list[ForeignCredit], says: str
) -> None:
    [reason] = reasons(book, credited, *credits)
    assert says in reason


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (RequestState.IN_DOUBT, "in doubt"),
        (RequestState.REVIEW, "review"),
        (RequestState.PENDING, None),
        (RequestState.FAILED, None),
    ],
)
def test_what_differs_about_a_row_that_is_not_credited(book: Any, state: RequestState, says: str | None) -> None:
    batch = book.plan(book.row(2))
    book.settle(batch, state)
    assert reasons(book, batch) == ([f"the ledger says {says}, and Chargebee lists nothing"] if says else [])
    words = state.value.replace("_", " ")
    assert reasons(book, batch, listed("cr-9")) == [f"the ledger says {words}, Chargebee lists cr-9"]


def test_what_a_dead_process_left_in_flight_is_told_like_any_doubt(book: Any) -> None:
    batch = book.plan(book.row(2))
    book.send(book.ledger.runs.start(batch), *book.owed(batch))
    assert reasons(book, batch) == ["the ledger says in flight, and Chargebee lists nothing"]


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (RequestState.CREDITED, ["the ledger says credited as cr-1, Chargebee does not list it"]),
        (RequestState.IN_DOUBT, ["the ledger says in doubt, and Chargebee lists nothing"]),
        (RequestState.PENDING, []),
    ],
)
@pytest.mark.parametrize("money", [{"currency_code": None}, {"amount_in_decimal": "1.50", "currency_code": None}])
def test_a_row_of_the_site_s_currency_that_is_not_listed(
    book: Any, state: RequestState, reason: list[str], money: dict[str, Any]
) -> None:
    batch = book.plan(book.row(2, **money))
    book.settle(batch, state)
    assert reasons(book, batch) == reason


def test_a_page_that_comes_twice_changes_nothing(book: Any, credited: int) -> None:
    book.ledger.listing.begin(credited)
    for _ in range(2):
        book.ledger.listing.add(SITE, [listed("cr-1")])
    assert list(book.ledger.listing.differences(credited)) == []
    assert book.ledger.listing.totals(credited) == {"USD": ControlTotal(1, 100)}


def test_a_fresh_listing_forgets_the_last(book: Any, credited: int) -> None:
    assert reasons(book, credited, listed("cr-1")) == []
    assert len(reasons(book, credited)) == 1


def test_decimals_are_compared_and_summed_exactly(book: Any) -> None:
    batch = book.plan(book.row(2, amount_in_decimal="1.5"))
    book.settle(batch, RequestState.CREDITED)
    assert reasons(book, batch, listed("cr-1", money=Money(150, "1.50", "USD"))) == []
    assert book.ledger.listing.totals(batch) == {"USD": ControlTotal(1, 0, Decimal("1.5"))}
    for other in ("1.51", "much", None):
        [reason] = reasons(book, batch, listed("cr-1", money=Money(150, other, "USD")))
        assert "other money" in reason


def test_a_credit_listed_for_a_row_that_is_not_settled(book: Any) -> None:
    batch = book.plan(*(book.row(n, f"c-{n}") for n in range(2, 7)))
    run = book.ledger.runs.start(batch)
    credits = book.owed(batch)
    states = [RequestState.IN_DOUBT, RequestState.REVIEW, RequestState.PENDING, RequestState.FAILED]
    for credit, state in zip(credits, states, strict=False):
        book.send(run, credit)
        book.learn(run, credit, state)
    book.ledger.listing.begin(batch)
    book.ledger.listing.add(SITE, [listed(f"cr-{n}", f"c-{n}") for n in range(2, 6)])
    assert book.ledger.listing.unrecorded(batch) == [
        Unrecorded(credit.request_id, state is RequestState.REVIEW, (f"cr-{n}",), ())
        for n, (credit, state) in enumerate(zip(credits, states, strict=False), start=2)
    ]


def test_several_credits_and_other_money_are_told_apart(book: Any) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-3"), book.row(4, "c-4"))
    first, second, _third = book.owed(batch)
    book.ledger.listing.begin(batch)
    other = Money(999, None, "USD")
    book.ledger.listing.add(
        SITE, [listed("cr-1"), listed("cr-2"), listed("cr-3", "c-3", money=other), listed("cr-4", "c-3")]
    )
    assert book.ledger.listing.unrecorded(batch) == [
        Unrecorded(first.request_id, False, ("cr-1", "cr-2"), ()),
        Unrecorded(second.request_id, False, ("cr-4",), ("cr-3",)),
    ]


def test_a_list_that_tells_no_credit_type_contradicts_none(book: Any) -> None:
    """An answer, or a look, without one proves a credit, too."""
    batch = book.plan(book.row(2, credit_type="loyalty_credits"), book.row(3, "c-3", credit_type="loyalty_credits"))
    first, second = book.owed(batch)
    run = book.ledger.runs.start(batch)
    book.send(run, first)
    book.learn(run, first, RequestState.CREDITED, credit_id="cr-1")
    credits = [listed("cr-1", credit_type=None), listed("cr-3", "c-3", credit_type=None)]
    assert reasons(book, batch, *credits) == ["the ledger says pending, Chargebee lists cr-3"]
    assert book.ledger.listing.unrecorded(batch) == [Unrecorded(second.request_id, False, ("cr-3",), ())]


def test_a_credit_is_its_rows_by_its_texts_and_not_by_an_id_that_somebody_gave_away(book: Any) -> None:
    other = book.plan(book.row(2))
    book.settle(other, RequestState.CREDITED, credit_id="cr-1")
    batch = book.plan(book.row(2, reference="q4"))
    assert reasons(book, batch, listed("cr-1", reference="q4")) == ["the ledger says pending, Chargebee lists cr-1"]
    assert book.ledger.listing.unrecorded(batch) == [Unrecorded(2, False, ("cr-1",), ())]
    assert reasons(book, other, listed("cr-1", reference="q4")) == [
        "the ledger says credited as cr-1, Chargebee does not list it"
    ]


@pytest.mark.parametrize(
    ("customer", "reference", "asked_for"),
    [
        ("c-1", "Q3", None), ("c-1 ", "\u00a0q3", None), ("c-1", "q3 ", None),
        ("C-1", "q3", "c-1"), ("C-1 ", "\u00a0q3", "c-1"),
    ],
    ids=repr,
)  # fmt: skip
def test_a_credit_in_another_form_of_its_texts_is_its_rows(
    book: Any, customer: str, reference: str, asked_for: str | None
) -> None:
    batch = book.plan(book.row(2))
    [credit] = book.owed(batch)
    book.ledger.listing.begin(batch)
    for whose in (None, asked_for, None):  # the list of all may show it before, or after
        book.ledger.listing.add(SITE, [listed("cr-9", customer, reference=reference)], whose)
    assert book.ledger.listing.unrecorded(batch) == [Unrecorded(credit.request_id, False, ("cr-9",), ())]


def test_a_credit_that_comes_twice_in_one_list_is_one(book: Any) -> None:
    """Where pages shift while they are read."""
    batch = book.plan(book.row(2))
    [credit] = book.owed(batch)
    book.ledger.listing.begin(batch)
    book.ledger.listing.add(SITE, [listed("cr-9", "C-1")] * 2, "c-1")
    assert book.ledger.listing.unrecorded(batch) == [Unrecorded(credit.request_id, False, ("cr-9",), ())]


def test_a_second_credit_that_comes_twice_in_one_list_is_told(book: Any, credited: int) -> None:
    book.ledger.listing.begin(credited)
    book.ledger.listing.add(SITE, [listed("cr-1", "C-1"), *[listed("cr-9", "C-1")] * 2], "c-1")
    [difference] = book.ledger.listing.differences(credited)
    assert "2 credits" in difference.reason


@pytest.mark.parametrize("asked_for", [None, "c-2"])
def test_a_credit_for_a_customer_in_other_capitals_settles_nobody(book: Any, asked_for: str | None) -> None:
    """Chargebee makes ids of mixed case itself, so it may be another customer's: neither settled by it, nor owed."""
    batch = book.plan(book.row(2))
    [credit] = book.owed(batch)
    book.ledger.listing.begin(batch)
    book.ledger.listing.add(SITE, [listed("cr-9", "C-1")], asked_for)
    assert book.ledger.listing.unrecorded(batch) == [Unrecorded(credit.request_id, False, (), ("cr-9",))]


def test_a_credit_for_a_customer_in_other_capitals_is_none_beside_a_rows_own(book: Any, credited: int) -> None:
    assert reasons(book, credited, listed("cr-1"), listed("cr-9", "C-1")) == []
    assert book.ledger.listing.totals(credited) == {"USD": ControlTotal(1, 100)}


def test_a_second_credit_shows_where_a_rows_own_tells_how_its_customer_is_spelt(book: Any, credited: int) -> None:
    """Where it keeps ids in another form, nothing is listed for the customer as it is spelt in the file."""
    book.ledger.listing.begin(credited)
    for credit_id, customer in (("cr-9", "C-1"), ("cr-1", "C-1"), ("cr-8", "C-1 ")):
        book.ledger.listing.add(SITE, [listed(credit_id, customer)], "C-1")
    book.ledger.listing.conclude()
    [difference] = book.ledger.listing.differences(credited)
    assert "2 credits" in difference.reason
    assert book.ledger.listing.totals(credited) == {"USD": ControlTotal(2, 200)}


def test_one_credit_settles_one_of_two_customers_at_most_whose_ids_a_site_folds(book: Any) -> None:
    batch = book.plan(book.row(2, "Acme"), book.row(3, "ACME"))
    first, second = book.owed(batch)
    book.ledger.listing.begin(batch)
    for customer in ("Acme", "ACME"):
        book.ledger.listing.add(SITE, [listed("cr-9", "acme")], customer)
    assert book.ledger.listing.unrecorded(batch) == [
        Unrecorded(each.request_id, False, (), ("cr-9",)) for each in (first, second)
    ]


def test_a_credit_that_a_list_told_of_in_the_sites_spelling_is_its_rows_too(book: Any) -> None:
    """`reconcile --since` took it over beside the row that has it: either has what it says that it has."""
    sent = book.plan(book.row(2, "C-1"))
    book.settle(sent, RequestState.CREDITED, credit_id="cr-1")
    taken = book.plan(book.row(2))
    book.settle(taken, RequestState.CREDITED, credit_id="cr-1")
    for batch in (sent, taken):
        assert reasons(book, batch, listed("cr-1")) == []
        assert book.ledger.listing.totals(batch) == {"USD": ControlTotal(1, 100)}


def test_a_credited_rows_id_counts_under_its_customer_whatever_the_site_made_of_its_reference(
    book: Any, credited: int
) -> None:
    assert reasons(book, credited, listed("cr-1", "C-1", reference="")) == []


def test_an_id_that_an_answer_named_settles_nothing_without_its_texts(book: Any) -> None:
    batch = book.plan(book.row(2))
    book.settle(batch, RequestState.REVIEW, credit_id="cr-1")
    book.ledger.listing.begin(batch)
    book.ledger.listing.add(SITE, [listed("cr-1", reference="somebody else's")])
    assert book.ledger.listing.unrecorded(batch) == []


def test_which_customers_to_ask(book: Any, credited: int) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2"), book.bad_row(4))
    book.settle(batch, RequestState.CREDITED)
    book.ledger.listing.begin(batch)
    book.ledger.listing.add(SITE, [listed("cr-1")])
    assert sorted(book.ledger.listing.customers(batch, only_unlisted=False)) == ["c-1", "c-2"]
    assert book.ledger.listing.customers(batch, only_unlisted=True) == ["c-2"]


def test_when_the_first_attempt_was_made(book: Any) -> None:
    batch = book.plan(book.row(2))
    assert book.ledger.listing.first_attempt_ms(batch) is None
    book.settle(batch, RequestState.CREDITED)
    assert book.ledger.listing.first_attempt_ms(batch) == book.sql("SELECT min(at) FROM attempt")[0][0]


def test_how_much_the_site_lists_at_least(book: Any) -> None:
    batch = book.plan(book.row(2), book.row(3, reference="q4"), book.row(4, reference="q5"), book.row(5, "c-2"))
    run = book.ledger.runs.start(batch)
    for number, credit in enumerate(book.owed(batch)):
        book.send(run, credit)
        state = RequestState.FAILED if number == 3 else RequestState.CREDITED
        book.learn(run, credit, state, credit_id=None if number == 3 else f"cr-{number}")
    listing = book.ledger.listing
    sent = listing.first_attempt_ms(batch) // 1000
    assert [listing.sent_since(batch, since, 10) for since in (0, sent, sent + 3600)] == [3, 3, 0]
    assert listing.sent_since(batch, sent, 2) == 2
    assert [listing.pages_by_customer(batch, page) for page in (100, 3, 2, 1)] == [2, 2, 3, 4]
    assert listing.pages_by_customer(99, 100) == 0
