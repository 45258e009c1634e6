"""What only a site's list told of is spelt as the site spells it: nobody is paid for it again on the ledger's word."""

from array import array
from collections.abc import Callable
from typing import Any

import pytest

from batch_credits.call import call_for
from batch_credits.ledger import ForeignCredit, Ledger
from batch_credits.ledger.learned import number_of
from batch_credits.model import CallKind, Money, RequestState

SITE = "acme-test"
E_ACUTE, E_AND_ACCENT = "\u00e9", "e\u0301"
RESPELT = [
    (("C-1", "q3"), ("c-1", "q3")),
    (("c-1", "q3"), ("C-1", "q3")),
    ((f"Zo{E_AND_ACCENT}", "q3"), (f"zo{E_ACUTE}", "q3")),
    (("C  1", "Q3"), ("c 1", "q3")),
]


def learn(book: Any, *texts: tuple[str, str], kind: CallKind = CallKind.ADD, is_admitted: bool = True) -> int:
    """Take over credits of these customers and references, as the site spells them."""
    batch: int = book.begin(file_name="Chargebee", kind=kind, file_sha256="")
    credits = [
        ForeignCredit(
            credit_id=f"cr-{number}", customer_id=customer, reference=reference, money=Money(100, None, "USD"),
            credit_type="general",
        )
        for number, (customer, reference) in enumerate(texts)
    ]  # fmt: skip
    taken = book.ledger.requests.take_over(SITE, batch, 2, credits)
    book.ledger.admission.finish(batch, taken, {})
    if is_admitted:
        book.ledger.admission.admit(batch)
    return batch


@pytest.mark.parametrize(("asked", "listed"), RESPELT)
def test_a_row_that_may_be_a_learned_credit_is_rejected_and_names_it(book: Any, asked: Any, listed: Any) -> None:
    learn(book, ("other", "q3"), listed)
    batch = book.begin()
    rows = book.stage(batch, book.row(2, *asked), book.row(3, "c-9"))
    [problem] = rows[0].problems
    assert problem.code == "reference_resembles"
    assert "row 3 of Chargebee" in problem.message
    book.ledger.admission.admit(batch)
    assert [credit.customer_id for credit in book.owed(batch)] == ["c-9"]


def test_the_form_of_a_row_that_is_rejected_so_is_not_kept(book: Any) -> None:
    learn(book, (f"zo{E_AND_ACCENT}", "q3"))
    batch = book.begin()
    book.stage(batch, book.row(2, f"Zo{E_AND_ACCENT}"), book.row(3, f"C{E_AND_ACCENT}"))
    book.ledger.admission.admit(batch)
    kept = "SELECT count(*) FROM respelt f LEFT JOIN credit_request r ON r.request_id = f.request_id"
    assert book.sql(kept) == [(2,)]  # those of what was learned, and of the other row
    assert book.sql(f"{kept} WHERE r.request_id IS NULL") == [(0,)]


def test_what_is_spelt_as_the_site_does_is_credited_already(book: Any) -> None:
    learn(book, ("c-1", "q3"))
    batch = book.plan(book.row(2), book.row(3, "c-2"))
    assert [credit.customer_id for credit in book.owed(batch)] == ["c-2"]


def test_ids_that_differ_in_case_are_two_where_nothing_was_learned_of_them(book: Any) -> None:
    learn(book, ("c-2", "q3"), ("c-1", "q4"))
    batch = book.plan(book.row(2, "c-1"), book.row(3, "C-1"))
    assert len(book.owed(batch)) == 2


def test_what_the_ledger_sent_itself_is_in_its_own_spelling(book: Any) -> None:
    """Also the reversal of what was learned: no file asked for that either."""
    sent = book.plan(book.row(2, "c-1"), kind=CallKind.DEDUCT, file_sha256="")
    book.settle(sent, RequestState.CREDITED)
    assert len(book.owed(book.plan(book.row(2, "C-1"), kind=CallKind.DEDUCT, file_sha256=""))) == 1


def test_another_site_learned_nothing_of_ours(book: Any) -> None:
    learn(book, ("c-1", "q3"))
    assert len(book.owed(book.plan(book.row(2, "C-1"), site="acme"))) == 1


@pytest.mark.parametrize(("asked", "listed"), [*RESPELT, (("c-1", "q3"),) * 2, (("c-1", "q  3"), ("c-1", "Q 3"))])
@pytest.mark.parametrize("state", [RequestState.PENDING, RequestState.FAILED])
def test_what_is_owed_and_listed_is_looked_at_first(book: Any, state: RequestState, asked: Any, listed: Any) -> None:
    """Also where it is known by its very texts, or by another spelling of them, and so nothing is taken over."""
    batch = book.plan(book.row(2, *asked), book.row(3, "c-3"), book.row(4, asked[0], "q4"))
    if state is RequestState.FAILED:
        book.settle(batch, state)
    book.ledger.requests.doubt_the_listed(SITE, {"{}": array("q", [number_of(*listed), number_of("c-3", "q5")])})
    if state is RequestState.FAILED:
        book.ledger.runs.start(batch, retry_failed=True)
    assert [credit.look_first for credit in book.owed(batch)] == [True, False, False]


@pytest.mark.parametrize("state", [RequestState.FAILED, RequestState.REVIEW, RequestState.IN_DOUBT])
def test_what_was_said_of_a_row_that_is_listed_is_not_forgotten(book: Any, state: RequestState) -> None:
    book.settle(book.plan(book.row(2)), state)
    said = "SELECT state, error FROM credit_request"
    before = book.sql(said)
    book.ledger.requests.doubt_the_listed(SITE, {"{}": array("q", [number_of("c-1", "q3")])})
    assert book.sql(said) == before


def test_what_mends_a_failed_row_that_is_listed_is_looked_at_first(book: Any) -> None:
    book.settle(book.plan(book.row(2), book.row(3, "c-2")), RequestState.FAILED)
    book.ledger.requests.doubt_the_listed(SITE, {"{}": array("q", [number_of("c-1", "q3")])})
    mended = book.plan(book.row(2, amount=250), book.row(3, "c-2", amount=250))
    assert [(credit.customer_id, credit.look_first) for credit in book.owed(mended)] == [("c-1", True), ("c-2", False)]


def test_what_was_never_sent_is_looked_for_where_it_is_listed(book: Any) -> None:
    """A list may be that of one business entity alone. When it is not found there, it is sent as the run says."""
    emea, apac = call_for("emea"), call_for("apac")
    batch = book.plan(book.row(2), book.row(3, "c-2"), book.row(4, "c-3"))
    run = book.ledger.runs.start(batch)
    sent = book.owed(batch)[2]
    book.send(run, sent, call=apac)
    book.learn(run, sent, RequestState.PENDING)
    one, other, again = (array("q", [number_of(each.customer_id, "q3")]) for each in book.owed(batch))
    book.ledger.requests.doubt_the_listed(SITE, {"{}": other, emea: one + again})
    owed = book.owed(batch)
    assert [(credit.look_first, credit.call) for credit in owed] == [(True, emea), (True, "{}"), (True, apac)]
    assert book.ledger.claims.open_entities(batch) == [None, "apac", "emea"]
    book.send(book.ledger.runs.start(batch), *owed, call='{"of":"the run"}')
    calls = [call for (call,) in book.sql("SELECT call FROM credit_request ORDER BY request_id")]
    assert calls == ['{"of":"the run"}', '{"of":"the run"}', apac]


def test_what_mends_a_refused_row_that_is_listed_is_looked_for_where_that_was_sent(book: Any) -> None:
    emea = call_for("emea")
    batch = book.plan(book.row(2), book.row(3, "c-2"))
    run, rows = book.ledger.runs.start(batch), book.owed(batch)
    book.send(run, *rows, call=emea)
    for credit in rows:
        book.learn(run, credit, RequestState.FAILED)
    book.ledger.requests.doubt_the_listed(SITE, {emea: array("q", [number_of("c-1", "q3")])})
    mended = book.plan(book.row(2, amount=250), book.row(3, "c-2", amount=250))
    assert [credit.call for credit in book.owed(mended)] == [emea, None]


def test_where_nothing_is_listed_nothing_is_doubted(book: Any) -> None:
    batch = book.plan(book.row(2))
    book.ledger.requests.doubt_the_listed(SITE, {"{}": array("q")})
    assert not book.owed(batch)[0].look_first


def test_two_texts_with_one_number_are_still_compared(book: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batch_credits.ledger.learned.number_of", lambda customer_id, reference: 7)
    learn(book, ("c-1", "q3"), ("c-2", "q3"))
    batch = book.begin()
    rows = book.stage(batch, book.row(2, "C-1"), book.row(3, "C-9"))
    assert [bool(row.problems) for row in rows] == [True, False]


def test_whoever_only_looks_finds_them_too(
    book: Any, staged_in_scratch: Callable[..., tuple[Ledger, int, list[Any]]]
) -> None:
    learn(book, ("c-1", "q3"))
    _, _, rows = staged_in_scratch(book.row(2, "C-1"), book.row(3, "c-2"))
    assert [[problem.code for problem in row.problems] for row in rows] == [["reference_resembles"], []]


def test_what_is_listed_in_another_spelling_than_it_is_owed_leaves_no_form(book: Any) -> None:
    book.plan(book.row(2, f"Zo{E_AND_ACCENT}"))
    batch = learn(book, (f"Zo{E_AND_ACCENT} ", "q3"), ("c  1", "q3"))
    assert len([*book.ledger.reports.problems(batch)]) == 1
    assert book.sql("SELECT request_id FROM respelt ORDER BY 1") == [(1,), (3,)]
