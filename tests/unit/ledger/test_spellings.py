"""Two spellings of one credit are two credits at Chargebee, so only the first is ever admitted."""

from typing import Any

import pytest

from batch_credits.ledger import ForeignCredit
from batch_credits.model import CallKind, LoadedRow, Money, Outcome, RequestState
from batch_credits.text.quoted import quoted

E_ACUTE, E_AND_ACCENT, NBSP, KELVIN = "\u00e9", "e\u0301", "\u00a0", "\u212a"
CAFE, CAFE_APART = f"caf{E_ACUTE} q3", f"caf{E_AND_ACCENT} q3"

SAME = [
    (("c-1", "loyalty q3"), ("c-1", "Loyalty Q3")),
    (("c-1", "loyalty q3"), ("c-1", "loyalty  q3")),
    (("c-1", "loyalty q3"), ("c-1", f"LOYALTY{NBSP}q3")),
    (("c-1", "loyalty  q3"), ("c-1", f"loyalty{NBSP} q3")),
    (("c-1", CAFE), ("c-1", CAFE_APART)),
    (("c-1", CAFE_APART), ("c-1", CAFE.upper())),
    (("c-1", "STRASSE"), ("c-1", "stra\u00dfe")),
    (("c-1", "k"), ("c-1", KELVIN)),
    (("c-1", "q3"), ("c-1", " q3")),
    (("c-1", "q3"), ("c-1", "q3 ")),
    (("c 1", "q3"), (f"c{NBSP}1", "q3")),
    (("c 1", "q3"), ("c  1", "Q3")),
    ((E_ACUTE, "q3"), (E_AND_ACCENT, "q3")),
]
OTHER = [
    (("c-1", "q3"), ("C-1", "q3")),  # Chargebee makes ids of mixed case itself
    ((E_ACUTE, "q3"), (E_ACUTE.upper(), "q3")),
    (("c-1", "q3"), ("c-1", "q 3")),
    (("c-1", "q3"), ("c-1", "q-3")),
    (("c-1", "cafe q3"), ("c-1", CAFE)),
    (("c-1", CAFE), ("c-2", CAFE_APART)),
]


def codes(rows: list[LoadedRow]) -> list[str]:
    return ["ok" if row.request else row.problems[-1].code for row in rows]


def both_ways(pairs: list[Any]) -> list[Any]:
    return [*pairs, *((other, one) for one, other in pairs)]


@pytest.mark.parametrize(("one", "other"), both_ways(SAME))
def test_the_second_of_one_file_is_rejected_and_names_the_first(book: Any, one: Any, other: Any) -> None:
    batch = book.begin()
    rows = book.stage(batch, book.row(2, "c-0"), book.row(3, *one), book.row(4, *other), book.row(5, *one))
    assert codes(rows) == ["ok", "ok", "reference_resembles", "duplicate"]
    [problem] = rows[2].problems
    assert (problem.field, "row 3 of payout.csv" in problem.message) == ("reference", True)
    assert quoted(one[1]) in problem.message and quoted(other[1]) in problem.message
    book.ledger.admission.admit(batch)
    assert [(credit.customer_id, credit.reference) for credit in book.owed(batch)] == [("c-0", "q3"), one]


@pytest.mark.parametrize("state", [*RequestState])
@pytest.mark.parametrize(("one", "other"), both_ways(SAME)[::3])
def test_what_is_known_in_another_spelling_is_rejected(book: Any, one: Any, other: Any, state: RequestState) -> None:
    known = book.plan(book.row(7, *one), file_name="june.csv")
    if state is not RequestState.PENDING:
        book.settle(known, state)
    [row] = book.stage(book.begin(), book.row(2, *other, amount=5))
    assert codes([row]) == ["reference_resembles"]
    assert "row 7 of june.csv" in row.problems[0].message


@pytest.mark.parametrize(("one", "other"), both_ways(OTHER))
def test_others_are_two(book: Any, one: Any, other: Any) -> None:
    assert codes(book.stage(book.begin(), book.row(2, *one), book.row(3, *other))) == ["ok", "ok"]


@pytest.mark.parametrize(("one", "other"), [SAME[0], SAME[1], SAME[4]])
def test_a_file_that_is_given_up_leaves_its_spellings_to_others(book: Any, one: Any, other: Any) -> None:
    batch = book.begin()
    book.stage(batch, book.row(2, *one))
    book.ledger.admission.discard(batch)
    assert book.sql("SELECT count(*) FROM identity") == book.sql("SELECT count(*) FROM respelt") == [(0,)]
    assert codes(book.stage(book.begin(), book.row(2, *other))) == ["ok"]


@pytest.mark.parametrize(("one", "other"), [SAME[0], SAME[1], SAME[4]])
def test_another_site_knows_nothing_of_it(book: Any, one: Any, other: Any) -> None:
    book.plan(book.row(2, *one))
    assert codes(book.stage(book.begin(site="other-test"), book.row(2, *other))) == ["ok"]


def test_the_same_spelling_again_is_the_same_credit(book: Any) -> None:
    first = book.plan(book.row(2, "c-1", CAFE_APART), book.row(3, "c-1", "Q4"))
    book.settle(first, RequestState.CREDITED)
    again = book.plan(book.row(2, "c-1", CAFE_APART), book.row(3, "c-1", "Q4"))
    assert [row.outcome for row in book.ledger.reports.rows(again)] == [Outcome.ALREADY_CREDITED] * 2
    assert book.sql("SELECT count(*) FROM respelt") == [(1,)]


def test_what_was_refused_is_tried_again_in_its_own_spelling(book: Any) -> None:
    book.settle(book.plan(book.row(2, "c-1", CAFE_APART)), RequestState.FAILED)
    mended = book.plan(book.row(2, "c-1", CAFE_APART, amount=250))
    assert [(credit.reference, credit.generation) for credit in book.owed(mended)] == [(CAFE_APART, 1)]
    assert codes(book.stage(book.begin(), book.row(2, "c-1", CAFE))) == ["reference_resembles"]


def test_two_spellings_at_chargebee_are_taken_over_as_one(book: Any) -> None:
    batch = book.begin()
    taken = [
        ForeignCredit(f"cr-{number}", "c-1", text, Money(100, None, "USD"), "general")
        for number, text in enumerate(("q3", "Q3", CAFE_APART))
    ]
    assert book.ledger.requests.take_over("acme-test", batch, 2, taken) == 2
    book.ledger.admission.finish(batch, 2, {})
    book.ledger.admission.admit(batch)
    rows = [book.row(2, "c-1", "Q3"), book.row(3, "c-1", CAFE), book.row(4, "c-1", "q3")]
    assert codes(book.stage(book.begin(kind=CallKind.ADD), *rows)) == ["reference_resembles"] * 2 + ["ok"]
