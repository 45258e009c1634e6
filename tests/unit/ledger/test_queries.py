"""What the reports, the status and the looks read: told from the states alone, to the last digit."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_credits.call import call_for
from batch_credits.errors import LedgerError, UnknownBatch, UsageError
from batch_credits.ledger import Attribution, ForeignCredit
from batch_credits.ledger.times import iso_time
from batch_credits.model import CallKind, ControlTotal, Money, Outcome, Problem, RequestState, sum_totals


def outcomes(book: Any, batch: int) -> list[str]:
    return [row.outcome.value for row in book.ledger.reports.rows(batch)]


# -- Outcomes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (RequestState.PENDING, "pending"),
        (RequestState.IN_DOUBT, "in_doubt"),
        (RequestState.CREDITED, "credited"),
        (RequestState.FAILED, "failed"),
        (RequestState.REVIEW, "review"),
    ],
)
def test_the_outcome_of_a_row_that_was_sent(book: Any, state: RequestState, outcome: str) -> None:
    batch = book.plan(book.row(2))
    book.settle(batch, state)
    assert outcomes(book, batch) == [outcome]


def test_a_row_in_flight_is_in_doubt(book: Any) -> None:
    batch = book.plan(book.row(2))
    book.send(book.ledger.runs.start(batch), *book.owed(batch))
    assert outcomes(book, batch) == ["in_doubt"]


def test_what_another_batch_credited_is_already_credited(book: Any) -> None:
    first = book.plan(book.row(2))
    book.settle(first, RequestState.CREDITED)
    second = book.plan(book.row(2), book.row(3, "c-2"))
    book.settle(second, RequestState.CREDITED)
    assert outcomes(book, first) == ["credited"]
    assert outcomes(book, second) == ["already_credited", "credited"]


def test_what_was_found_before_anything_was_sent_is_already_credited(book: Any) -> None:
    batch = book.plan(book.row(2))
    [credit] = book.owed(batch)
    book.learn(book.ledger.runs.start(batch), credit, RequestState.CREDITED)
    assert outcomes(book, batch) == ["already_credited"]


def test_a_credit_belongs_to_the_batch_that_answered_for_it_when_it_was_settled(book: Any) -> None:
    first = book.plan(book.row(2))
    book.settle(first, RequestState.IN_DOUBT)
    second = book.plan(book.row(2))
    run = book.ledger.runs.start(second)
    assert (outcomes(book, first), outcomes(book, second)) == (["in_doubt"], ["in_doubt"])
    [credit] = book.owed(second, RequestState.IN_DOUBT)
    book.learn(run, credit, RequestState.CREDITED)
    assert (outcomes(book, first), outcomes(book, second)) == (["already_credited"], ["credited"])
    for batch in first, second:
        [(by_currency)] = book.ledger.totals.counted(batch).values()
        assert by_currency == {"USD": ControlTotal(1, 100)}


def test_a_row_tells_everything_that_is_known_of_it(book: Any) -> None:
    batch = book.plan(book.row(2, credit_type="loyalty_credits"), book.row(3, "c-2"))
    run = book.ledger.runs.start(batch)
    first, second = book.owed(batch)
    book.send(run, first, second)
    book.learn(run, first, RequestState.CREDITED, credit_id="cr-1", closing_balance="350", http_status=200)
    no = {"reason": "no", "error_code": "resource_not_found", "error_param": "id", "http_status": 404}
    book.learn(run, second, RequestState.FAILED, **no)
    credited, failed = book.ledger.reports.rows(batch)
    assert (credited.credit_id, credited.closing_balance, credited.http_status) == ("cr-1", "350", 200)
    assert (credited.reference, credited.money, credited.credit_type) == (
        "q3",
        Money(100, None, "USD"),
        "loyalty_credits",
    )
    assert (credited.attempts, credited.error) == (1, None)
    assert credited.finished_at.endswith("Z")
    assert (failed.error, failed.error_code, failed.error_param, failed.http_status) == (
        "no",
        "resource_not_found",
        "id",
        404,
    )


def test_a_rejected_row_tells_all_its_reasons(book: Any) -> None:
    reasons = (Problem("amount", "missing", "No amount."), Problem("reference", "missing", "No reference."))
    batch = book.plan(book.bad_row(2, *reasons, reference="q3", money=Money(None, "1.5", "USD")))
    [row] = book.ledger.reports.rows(batch)
    assert (row.outcome, row.error_code, row.error_param) == (Outcome.REJECTED, "missing", "amount")
    assert row.error == "No amount. No reference."
    assert (row.reference, row.money) == ("q3", Money(None, "1.5", "USD"))
    [problem] = book.ledger.reports.problems(batch)
    assert problem.problems == reasons


def test_rows_come_in_the_order_of_the_file(book: Any) -> None:
    numbers = [9, 2, 7, 3, 11]
    batch = book.plan(*(book.row(n, f"c-{n}") if n % 2 else book.bad_row(n) for n in numbers))
    assert [row.row_number for row in book.ledger.reports.rows(batch)] == sorted(numbers)


def test_rows_are_streamed(book: Any) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2"))
    rows = book.ledger.reports.rows(batch)
    assert next(rows).row_number == 2
    book.settle(batch, RequestState.CREDITED)  # a reader in the middle keeps nobody from writing
    rows.close()


def test_a_stream_that_breaks_is_the_ledgers_error(book: Any) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2"))
    book.sql("UPDATE row SET cells = CAST(x'5b22ff225d' AS TEXT) WHERE row_number = 3")
    rows = book.ledger.reports.rows(batch)
    assert next(rows).row_number == 2
    with pytest.raises(LedgerError):
        next(rows)


def test_the_readers_own_error_stays_its_own(book: Any) -> None:
    batch = book.plan(book.row(2))
    with pytest.raises(ZeroDivisionError):
        for _row in book.ledger.reports.rows(batch):
            raise ZeroDivisionError


# -- Totals -------------------------------------------------------------------------------------------------

decimals = st.decimals(min_value=0, max_value=10**20, places=12).map(lambda d: f"{d:f}")
moneys = st.one_of(
    st.fixed_dictionaries({"amount": st.integers(1, 2**53 - 1)}), st.fixed_dictionaries({"amount_in_decimal": decimals})
)
currencies = st.sampled_from(["USD", "EUR", None])
learned = st.sampled_from([s for s in RequestState if s is not RequestState.IN_FLIGHT])


@given(st.lists(st.tuples(moneys, currencies, learned | st.none()), min_size=1, max_size=12))
@settings(max_examples=40, deadline=None)
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


def test_problems_are_grouped_with_the_first_of_each(book: Any) -> None:
    batch = book.plan(
        book.bad_row(2, Problem("amount", "missing", "first")),
        book.bad_row(3, Problem("currency_code", "unknown", "second"), Problem("amount", "missing", "third")),
        book.row(4),
    )
    groups = [(g.field, g.code, g.rows, g.first_row, g.message) for g in book.ledger.reports.problem_groups(batch)]
    assert groups == [("amount", "missing", 2, 2, "first"), ("currency_code", "unknown", 1, 3, "second")]


# -- Batches ------------------------------------------------------------------------------------------------


def test_a_batch_by_the_beginning_of_its_id(book: Any) -> None:
    for key in ("abc1" * 16, "abd2" * 16):
        book.ledger.admission.admit(book.begin(key=key))
    assert book.ledger.batches.one("abc").key == "abc1" * 16
    assert book.ledger.batches.one(" ABD2 ").key == "abd2" * 16
    assert [batch.key[:4] for batch in book.ledger.batches.all()] == ["abc1", "abd2"]
    with pytest.raises(UnknownBatch, match="2 batches begin with 'ab'"):
        book.ledger.batches.one("ab")
    for name in ("zz", "%", "_bc1", "abc1" * 17):
        with pytest.raises(UnknownBatch, match="holds no batch"):
            book.ledger.batches.one(name)


def test_a_batch_tells_what_the_loader_counted(book: Any) -> None:
    book.plan(book.row(2), book.row(3, "c-2", amount_in_decimal="0.10", currency_code=None), book.bad_row(4))
    [batch] = book.ledger.batches.all()
    assert batch.rows_read == 3
    assert batch.totals == {"USD": ControlTotal(1, 100), "": ControlTotal(1, 0, Decimal("0.10"))}
    assert (batch.site, batch.file_name, batch.headers[0]) == ("acme-test", "payout.csv", "customer_id")
    assert batch.columns["amount"] == 1
    assert batch.options_json == "{}"
    assert batch.created_at.endswith("Z")


def test_times_are_utc_and_say_so() -> None:
    assert iso_time(1_790_000_000_123) == "2026-09-21T14:13:20.123Z"
    assert iso_time(0) == "1970-01-01T00:00:00.000Z"
    assert iso_time(None) is None


# -- Attribution --------------------------------------------------------------------------------------------


def test_which_credits_belong_to_a_row(book: Any) -> None:
    assert book.ledger.looks.attributed("acme-test", ["cr-1"]) == []
    book.settle(book.plan(book.row(2)), RequestState.CREDITED)
    assert book.ledger.looks.attributed("acme-test", ["cr-1", "cr-2"]) == [Attribution("cr-1", 1, "c-1", "q3", True)]
    assert book.ledger.looks.attributed("acme-test", []) == []
    assert book.ledger.looks.attributed("acme", ["cr-1"]) == []


# -- Witnesses ----------------------------------------------------------------------------------------------


def test_the_credits_first_sent_after_a_moment_are_its_best_witnesses_oldest_first(book: Any) -> None:
    book.settle(book.plan(book.row(2)), RequestState.CREDITED)
    moment = book.ledger.looks.moment()
    book.settle(book.plan(*(book.row(n, f"c-{n}") for n in range(3, 8))), RequestState.CREDITED)
    known = book.ledger.looks.witnesses("acme-test", CallKind.ADD, moment, 3, "{}")
    assert [witness.customer_id for witness in known] == ["c-3", "c-4", "c-5"]


def test_where_nothing_was_sent_since_the_newest_known_credits_witness(book: Any) -> None:
    book.settle(book.plan(*(book.row(n, f"c-{n}") for n in range(2, 7))), RequestState.CREDITED)
    known = book.ledger.looks.witnesses("acme-test", CallKind.ADD, book.ledger.looks.moment(), 2, "{}")
    assert [(witness.credit_id, witness.customer_id) for witness in known] == [("cr-5", "c-6"), ("cr-4", "c-5")]


def test_a_refusal_a_doubt_or_another_site_is_no_witness(book: Any) -> None:
    start = book.ledger.looks.moment()
    assert book.ledger.looks.witnesses("acme-test", CallKind.ADD, start, 3, "{}") == []
    book.settle(book.plan(book.row(2)), RequestState.FAILED)
    book.settle(book.plan(book.row(2, "c-2")), RequestState.REVIEW)
    book.settle(book.plan(book.row(2, "c-3"), site="acme"), RequestState.CREDITED)
    for moment in start, book.ledger.looks.moment():
        assert book.ledger.looks.witnesses("acme-test", CallKind.ADD, moment, 3, "{}") == []


def test_only_a_deduction_witnesses_for_a_deduction(book: Any) -> None:
    start = book.ledger.looks.moment()
    book.settle(book.plan(book.row(2)), RequestState.CREDITED)
    assert book.ledger.looks.witnesses("acme-test", CallKind.DEDUCT, start, 3, "{}") == []
    book.settle(book.plan(book.row(2, reference="reversal of q3"), kind=CallKind.DEDUCT), RequestState.CREDITED)
    for moment in start, book.ledger.looks.moment():
        assert [w.credit_id for w in book.ledger.looks.witnesses("acme-test", CallKind.DEDUCT, moment, 3, "{}")] == ["cr-2"]
        assert [w.credit_id for w in book.ledger.looks.witnesses("acme-test", CallKind.ADD, moment, 3, "{}")] == ["cr-1"]


def test_what_was_taken_over_witnesses_for_its_own_kind(book: Any) -> None:
    for kind, name, reference in ((CallKind.ADD, "add", "q3"), (CallKind.DEDUCT, "deduct", "reversal of q3")):
        batch = book.begin(file_name="Chargebee", kind=kind)
        listed = ForeignCredit(f"cr-{name}", "c-1", reference, Money(100, None, "USD"), "general")
        book.ledger.requests.take_over("acme-test", batch, 2, [listed])
        book.ledger.admission.admit(batch)
    for kind, name in ((CallKind.ADD, "add"), (CallKind.DEDUCT, "deduct")):
        known = book.ledger.looks.witnesses("acme-test", kind, book.ledger.looks.moment(), 3, "{}")
        assert [witness.credit_id for witness in known] == [f"cr-{name}"]


def test_what_is_unsettled_is_counted_by_state(book: Any) -> None:
    batch = book.plan(*(book.row(2 + n, f"c-{n}") for n in range(6)), book.bad_row(9))
    first, second, third, *_ = book.owed(batch)
    run = book.ledger.runs.start(batch)
    book.send(run, first, second)
    book.learn(run, first, RequestState.CREDITED, credit_id="cr-1")
    book.learn(run, second, RequestState.IN_DOUBT)
    book.send(run, third)
    book.learn(run, third, RequestState.FAILED)
    counts = {state: count for state, count in book.ledger.claims.unsettled(batch).items() if count}
    assert counts == {RequestState.PENDING: 3, RequestState.IN_DOUBT: 1, RequestState.FAILED: 1}


def test_what_is_in_doubt_is_looked_for_where_it_was_sent(book: Any) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2"))
    first, second = book.owed(batch)
    runs = [book.ledger.runs.start(batch), book.ledger.runs.start(batch)]
    for entity in (None, "emea", "apac"):
        book.ledger.claims.check_entity(batch, entity)  # nothing was sent
    book.send(runs[0], first, call=call_for("emea"))
    book.ledger.claims.check_entity(batch, "emea")
    for entity, words in ((None, "for business entity emea"), ("apac", "for business entity emea")):
        with pytest.raises(UsageError, match=words):
            book.ledger.claims.check_entity(batch, entity)
    book.learn(runs[0], first, RequestState.CREDITED, credit_id="cr-1")
    book.ledger.claims.check_entity(batch, "apac")
    book.send(runs[1], second, call=call_for(None))
    book.learn(runs[1], second, RequestState.IN_DOUBT)
    book.ledger.claims.check_entity(batch, None)
    with pytest.raises(UsageError, match="without a business entity"):
        book.ledger.claims.check_entity(batch, "emea")


def test_the_business_entities_that_were_credited_are_those_of_the_runs_that_sent(book: Any) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2"), book.row(4, "c-3"))
    run = book.ledger.runs.start(batch)
    first, second, third = book.owed(batch)
    book.send(run, first, call=call_for("emea"))
    book.learn(run, first, RequestState.CREDITED)
    book.send(run, second, call=call_for("apac"))
    book.learn(run, second, RequestState.FAILED)
    assert book.ledger.held_credits.entities(batch) == ["emea"]
    assert book.ledger.listing.entities(batch) == ["apac", "emea"]
    book.send(run, third, call=call_for(None))
    book.learn(run, third, RequestState.CREDITED)
    assert book.ledger.held_credits.entities(batch) == [None, "emea"]
