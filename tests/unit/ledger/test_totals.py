"""Totals of what is final are sealed once, and say what a count says, whatever happens afterwards."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_credits.ledger import totals
from batch_credits.model import ControlTotal, RequestState

learnable = st.sampled_from([RequestState.CREDITED, RequestState.FAILED, RequestState.IN_DOUBT, None])
moneys = st.sampled_from([{"amount": 100}, {"amount_in_decimal": "1.50"}, {"amount": 7, "currency_code": None}])
rows = st.lists(st.tuples(learnable, moneys, st.booleans()), min_size=1, max_size=12)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals, "BLOCK_ROWS", 3)


@given(rows, st.lists(learnable, min_size=12, max_size=12))
@settings(max_examples=60, deadline=None)
def test_known_totals_are_those_counted(book: Any, content: list[Any], later: list[RequestState | None]) -> None:
    site = f"site-{len(book.ledger.batches.all())}"
    earlier = book.plan(book.row(2, "c-2"), site=site)
    book.settle(earlier, RequestState.CREDITED)
    batch = book.plan(
        *(
            book.row(number, f"c-{number}", **money) if valid else book.bad_row(number)
            for number, (_, money, valid) in enumerate(content, 2)
        ),
        site=site,
    )
    for states in ([state for state, _, _ in content], later):
        run = book.ledger.runs.start(batch, retry_failed=True)
        for credit, state in zip(book.owed(batch), states, strict=False):
            if state is not None:
                book.send(run, credit)
                book.learn(run, credit, state)
        book.ledger.runs.end(run, requests=0, throttled=0, retries=0, stopped=None)
        assert book.ledger.totals.known(batch) == book.ledger.totals.counted(batch)
    book.settle(book.plan(*(book.row(n, f"c-{n}") for n in range(2, 9)), site=site), RequestState.CREDITED)
    assert book.ledger.totals.known(batch) == book.ledger.totals.counted(batch)


def test_what_is_final_is_counted_once(book: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = book.plan(*(book.row(number, f"c-{number}") for number in range(2, 11)))
    run = book.ledger.runs.start(batch)
    *most, _, last = book.owed(batch)
    for credit in (*most, last):
        book.send(run, credit)
        book.learn(run, credit, RequestState.CREDITED)
    book.ledger.runs.end(run, requests=8, throttled=0, retries=0, stopped=None)
    assert book.sql("SELECT block FROM sealed") == [(0,), (1,), (2,)]
    counted: list[tuple[int, ...]] = []
    really = totals.counted_totals
    monkeypatch.setattr(totals, "counted_totals", lambda db, *of: counted.append(of) or really(db, *of))
    assert book.ledger.totals.known(batch) == really(book.ledger._db, batch)
    assert counted == [(batch, 9)]


def test_failed_rows_are_owed_again_unless_another_file_brought_other_money_since(book: Any) -> None:
    first = book.plan(book.row(2, amount=100), book.row(3, "c-2", amount=7), book.row(4, "c-3", amount=50))
    book.settle(first, RequestState.FAILED)
    assert book.ledger.totals.failed(first) == {"USD": ControlTotal(3, 157)}
    book.plan(book.row(2, "c-2", amount=8), file_name="mended.csv")
    assert book.ledger.totals.failed(first) == {"USD": ControlTotal(2, 150)}
