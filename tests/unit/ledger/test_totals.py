"""Totals are those of the rows, to the last digit; those of what is final are sealed once, whatever happens then."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_credits.ledger import totals
from batch_credits.model import ControlTotal, Money, Outcome, RequestState, sum_totals
from tests.examples import examples

learnable = st.sampled_from([RequestState.CREDITED, RequestState.FAILED, RequestState.IN_DOUBT, None])
moneys = st.sampled_from([{"amount": 100}, {"amount_in_decimal": "1.50"}, {"amount": 7, "currency_code": None}])
rows = st.lists(st.tuples(learnable, moneys, st.booleans()), min_size=1, max_size=12)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(totals, "BLOCK_ROWS", 3)


@given(rows, st.lists(learnable, min_size=12, max_size=12))
@settings(max_examples=examples(60), deadline=None)
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
    really = book.ledger.totals.counted
    monkeypatch.setattr(book.ledger.totals, "counted", lambda *of: counted.append(of) or really(*of))
    assert book.ledger.totals.known(batch) == really(batch)
    assert counted == [(batch, 9)]


def test_failed_rows_are_owed_again_unless_another_file_brought_other_money_since(book: Any) -> None:
    first = book.plan(book.row(2, amount=100), book.row(3, "c-2", amount=7), book.row(4, "c-3", amount=50))
    book.settle(first, RequestState.FAILED)
    assert book.ledger.totals.failed(first) == {"USD": ControlTotal(3, 157)}
    book.plan(book.row(2, "c-2", amount=8), file_name="mended.csv")
    assert book.ledger.totals.failed(first) == {"USD": ControlTotal(2, 150)}


def test_failed_rows_in_decimal_are_summed_exactly(book: Any) -> None:
    large, small = "99999999999999999999.999999999999", "0.000000000002"
    decimals = [{"amount_in_decimal": large}, {"amount_in_decimal": small}, {"amount_in_decimal": "5"}]
    rows = enumerate(decimals, 3)
    more = [book.row(number, f"c-{number}", currency_code="EUR", **money) for number, money in rows]
    batch = book.plan(book.row(2), *more)
    run = book.ledger.runs.start(batch)
    *failing, last = book.owed(batch)
    for credit in (*failing, last):
        book.send(run, credit)
        book.learn(run, credit, RequestState.CREDITED if credit is last else RequestState.FAILED)
    total = Decimal("100000000000000000000.000000000001")
    assert book.ledger.totals.failed(batch) == {"USD": ControlTotal(1, 100), "EUR": ControlTotal(2, 0, total)}


decimals = st.decimals(min_value=0, max_value=10**20, places=12).map(lambda d: f"{d:f}")
any_moneys = st.one_of(
    st.fixed_dictionaries({"amount": st.integers(1, 2**53 - 1)}), st.fixed_dictionaries({"amount_in_decimal": decimals})
)
currencies = st.sampled_from(["USD", "EUR", None])
learned = st.sampled_from([s for s in RequestState if s is not RequestState.IN_FLIGHT])


@given(st.lists(st.tuples(any_moneys, currencies, learned | st.none()), min_size=1, max_size=12))
@settings(max_examples=examples(40), deadline=None)
def test_totals_are_those_of_the_rows_counted_one_by_one(
    book: Any, content: list[tuple[dict[str, Any], str | None, RequestState | None]]
) -> None:
    site = f"site-{len(book.ledger.batches.all())}"
    rows = [
        book.row(number, f"c-{number}", currency_code=currency, **money) if state else book.bad_row(number)
        for number, (money, currency, state) in enumerate(content, 2)
    ]
    batch = book.plan(*rows, site=site)
    run = book.ledger.runs.start(batch)
    states = [state for _, _, state in content if state]
    for credit, state in zip(book.owed(batch), states, strict=True):
        book.send(run, credit)
        book.learn(run, credit, state)

    wanted: dict[Outcome, dict[str, ControlTotal]] = {}
    for row in book.ledger.reports.rows(batch):
        money = row.money or Money(None, None, None)
        by_currency = wanted.setdefault(row.outcome, {})
        by_currency.setdefault(money.currency_code or "", ControlTotal()).add(money)
    assert book.ledger.totals.counted(batch) == wanted
    everything = sum_totals(wanted.values())
    assert sum(total.count for total in everything.values()) == len(content)


def test_decimals_are_summed_to_the_last_of_their_33_digits(book: Any) -> None:
    large, small = "99999999999999999999.999999999999", "0.000000000002"
    batch = book.plan(book.row(2, amount_in_decimal=large), book.row(3, "c-2", amount_in_decimal=small))
    total = book.ledger.totals.counted(batch)[Outcome.PENDING]["USD"]
    assert total.amount_in_decimal == Decimal("100000000000000000000.000000000001")
    assert total.amount_in_decimal == book.ledger.batches.all()[0].totals["USD"].amount_in_decimal


def test_what_a_worker_that_lives_has_on_its_way_is_pending(book: Any) -> None:
    batch = book.plan(
        book.row(2), book.row(3, "c-2", amount_in_decimal="1.50"), book.row(4, "c-3", amount_in_decimal="0.1"),
        book.row(5, "c-4"), book.row(6, "c-5", currency_code="EUR"),
    )  # fmt: skip
    run = book.ledger.runs.start(batch)
    doubtful, *sent, _, _ = book.owed(batch)
    book.send(run, doubtful, *sent)
    book.learn(run, doubtful, RequestState.IN_DOUBT)
    me, totals = book.ledger.workers.me(), book.ledger.totals
    in_doubt = {"USD": ControlTotal(3, 100, Decimal("1.60"))}
    assert totals.known(batch)[Outcome.IN_DOUBT] == in_doubt
    assert totals.standing(batch, []) == totals.standing(batch, [me + 1]) == (totals.known(batch), 0)
    standing, on_their_way = totals.standing(batch, [me])
    assert (on_their_way, standing[Outcome.IN_DOUBT]) == (2, {"USD": ControlTotal(1, 100)})
    assert standing[Outcome.PENDING] == {"USD": ControlTotal(3, 100, Decimal("1.60")), "EUR": ControlTotal(1, 100)}
    for credit in sent:
        book.learn(run, credit, RequestState.CREDITED)
    assert totals.standing(batch, [me]) == (totals.known(batch), 0)


def test_what_another_batch_has_on_its_way_is_pending_in_each(book: Any) -> None:
    first, second = book.plan(book.row(2), book.row(3, "c-2")), book.plan(book.row(7), book.row(8, "c-3"))
    run = book.ledger.runs.start(first)
    book.send(run, *book.owed(first))
    me = book.ledger.workers.me()
    assert book.ledger.totals.standing(first, [me])[1] == 2
    standing, on_their_way = book.ledger.totals.standing(second, [me])
    assert (on_their_way, {outcome: of["USD"].count for outcome, of in standing.items() if of}) == (
        1, {Outcome.PENDING: 2}
    )  # fmt: skip
