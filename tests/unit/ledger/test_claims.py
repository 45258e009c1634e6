"""The journal's verbs: what may be sent, what was learned, and what can never be changed again."""

from typing import Any

import pytest

from batch_credits.call import call_for
from batch_credits.errors import LedgerError, UsageError
from batch_credits.model import Finding, Learned, PlannedCredit, RequestState

FINAL = (RequestState.CREDITED, RequestState.FAILED, RequestState.REVIEW)


@pytest.fixture
def sent(book: Any) -> tuple[int, PlannedCredit]:
    """A run, and a credit with one open attempt."""
    batch = book.plan(book.row(2))
    run = book.ledger.runs.start(batch)
    [credit] = book.owed(batch)
    book.send(run, credit)
    return run, credit


def stored(book: Any, credit: PlannedCredit) -> PlannedCredit:
    return book.ledger.requests.planned(credit.request_id)


# -- Attempts -----------------------------------------------------------------------------------------------


def test_an_attempt_is_on_disk_before_anything_is_permitted(book: Any, sent: tuple[int, PlannedCredit]) -> None:
    run, credit = sent
    assert book.sql("SELECT request_id, run_id, generation FROM attempt") == [(credit.request_id, run, 0)]
    assert stored(book, credit) == credit


def test_every_attempt_is_kept(book: Any, sent: tuple[int, PlannedCredit]) -> None:
    run, credit = sent
    book.learn(run, credit, RequestState.IN_DOUBT)
    book.send(run, credit)
    assert (stored(book, credit).open_attempts, stored(book, credit).attempts) == (2, 2)
    assert len(book.sql("SELECT * FROM attempt")) == 2


@pytest.mark.parametrize("state", [RequestState.PENDING, RequestState.IN_DOUBT])
def test_what_is_owed_or_in_doubt_may_be_sent(book: Any, sent: tuple[int, PlannedCredit], state: RequestState) -> None:
    run, credit = sent
    book.learn(run, credit, state)
    book.send(run, credit)
    assert stored(book, credit).state is RequestState.IN_FLIGHT


@pytest.mark.parametrize("state", [RequestState.IN_FLIGHT, *FINAL])
def test_what_is_under_way_or_final_may_not(book: Any, sent: tuple[int, PlannedCredit], state: RequestState) -> None:
    run, credit = sent
    if state is not RequestState.IN_FLIGHT:
        book.learn(run, credit, state)
    with pytest.raises(LedgerError, match="1 requests may not be sent"):
        book.ledger.claims.commit(run, [], [credit])
    assert len(book.sql("SELECT * FROM attempt")) == 1


def test_one_that_may_not_be_sent_keeps_back_the_whole_group(book: Any, sent: tuple[int, PlannedCredit]) -> None:
    run, credit = sent
    batch = book.plan(book.row(2, "c-2"))
    [other] = book.owed(batch)
    with pytest.raises(LedgerError, match="1 requests"):
        book.ledger.claims.commit(run, [], [other, credit])
    assert stored(book, other).state is RequestState.PENDING
    assert len(book.sql("SELECT * FROM attempt")) == 1


def test_a_generation_that_is_not_the_ledgers_may_not_be_sent(book: Any, sent: tuple[int, PlannedCredit]) -> None:
    run, credit = sent
    book.learn(run, credit, RequestState.PENDING)
    credit.generation = 5
    with pytest.raises(LedgerError, match="may not be sent"):
        book.ledger.claims.commit(run, [], [credit])


def test_only_a_run_sends(book: Any) -> None:
    batch = book.plan(book.row(2))
    book.ledger.claims.claim(batch)
    [credit] = book.owed(batch)
    with pytest.raises(AssertionError):
        book.ledger.claims.commit(None, [], [credit])
    assert stored(book, credit).state is RequestState.PENDING


def test_a_group_is_one_transaction_findings_and_openings(book: Any, sent: tuple[int, PlannedCredit]) -> None:
    run, credit = sent
    batch = book.plan(book.row(2, "c-2"))
    [other] = book.owed(batch)
    finding = Finding.about(credit, RequestState.CREDITED)  # without an id: the schema refuses it
    with pytest.raises(LedgerError, match=r"(?i)check"):
        book.ledger.claims.commit(run, [finding], [other])
    assert stored(book, credit).state is RequestState.IN_FLIGHT
    assert stored(book, other).state is RequestState.PENDING
    assert book.sql("SELECT * FROM finding") == []


def test_a_finding_and_the_next_attempt_of_one_request_in_one_commit(
    book: Any, sent: tuple[int, PlannedCredit]
) -> None:
    run, credit = sent
    credit.open_attempts = 0
    book.ledger.claims.commit(run, [Finding.about(credit, RequestState.PENDING)], [credit])
    assert (stored(book, credit).state, stored(book, credit).open_attempts) == (RequestState.IN_FLIGHT, 1)


def test_an_empty_commit(book: Any) -> None:
    run = book.ledger.runs.start(book.plan(book.row(2)))
    book.ledger.claims.commit(run, [], [])
    assert book.sql("SELECT * FROM entry") == []


# -- Findings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", RequestState)
def test_a_finding_is_stored_whole(book: Any, sent: tuple[int, PlannedCredit], state: RequestState) -> None:
    run, credit = sent
    credit.generation, credit.key_spoiled, credit.open_attempts, credit.credit_id = 3, True, 2, "cr-1"
    finding = Finding.about(
        credit,
        state,
        Learned(
            reason="because",
            http_status=400,
            error_code="param_wrong_value",
            error_param="amount",
            closing_balance="12",
        ),
    )
    book.ledger.claims.commit(run, [finding], [])
    after = stored(book, credit)
    assert (after.state, after.generation, after.key_spoiled, after.open_attempts) == (state, 3, True, 2)
    [(code, param, why, status, credit_id, balance, at)] = book.sql(
        "SELECT error_code, error_param, error, http_status, credit_id, closing_balance, finished_at"
        " FROM credit_request"
    )
    assert (code, param, status, credit_id, balance) == ("param_wrong_value", "amount", 400, "cr-1", "12")
    assert why == (None if state is RequestState.CREDITED else "because")
    assert (at is not None) == (state in FINAL)
    assert book.sql("SELECT run_id, state, reason, http_status FROM finding") == [(run, state.value, "because", 400)]


def test_of_two_findings_about_one_request_the_newest_holds(book: Any, sent: tuple[int, PlannedCredit]) -> None:
    run, credit = sent
    doubt = Finding.about(credit, RequestState.IN_DOUBT, Learned(reason="time-out"))
    credit.open_attempts, credit.credit_id = 0, "cr-1"
    found = Finding.about(credit, RequestState.CREDITED)
    book.ledger.claims.commit(run, [doubt, found], [])
    assert (stored(book, credit).state, stored(book, credit).open_attempts) == (RequestState.CREDITED, 0)
    assert book.sql("SELECT state FROM finding ORDER BY finding_id") == [("in_doubt",), ("credited",)]


def test_a_finding_without_a_run(book: Any, sent: tuple[int, PlannedCredit]) -> None:
    book.learn(None, sent[1], RequestState.CREDITED)
    assert book.sql("SELECT run_id FROM finding") == [(None,)]


# -- What is final ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [state for state in RequestState if state is not RequestState.CREDITED])
def test_what_is_credited_stays_credited(book: Any, sent: tuple[int, PlannedCredit], state: RequestState) -> None:
    run, credit = sent
    book.learn(run, credit, RequestState.CREDITED)
    with pytest.raises(LedgerError, match="a credited request is final"):
        book.learn(run, credit, state)
    assert stored(book, credit).state is RequestState.CREDITED


@pytest.mark.parametrize("change", ["credit_id = 'cr-2'", "body = 'amount=999'", "state = 'pending'"])
def test_a_credited_request_keeps_its_id_and_its_body(book: Any, sent: tuple[int, PlannedCredit], change: str) -> None:
    book.learn(*sent, RequestState.CREDITED)
    with pytest.raises(Exception, match="a credited request is final"):
        book.sql(f"UPDATE credit_request SET {change}")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE attempt SET generation = 9",
        "DELETE FROM attempt",
        "UPDATE finding SET reason = 'another'",
        "DELETE FROM finding",
    ],
)
def test_the_history_is_only_ever_added_to(book: Any, sent: tuple[int, PlannedCredit], statement: str) -> None:
    book.learn(*sent, RequestState.IN_DOUBT)
    with pytest.raises(Exception, match="only ever added"):
        book.sql(statement)


def test_a_request_that_was_sent_is_never_forgotten(book: Any, sent: tuple[int, PlannedCredit]) -> None:
    with pytest.raises(Exception, match="never forgotten"):
        book.sql("DELETE FROM credit_request")


@pytest.mark.parametrize(
    "change",
    [
        "state = 'paid'",
        "current = 2",
        "amount_minor = NULL",
        "amount_in_decimal = '1.00'",
        "amount_minor = 'ten'",
        "state = 'credited'",
    ],
)
def test_the_schema_refuses_nonsense(book: Any, sent: tuple[int, PlannedCredit], change: str) -> None:
    with pytest.raises(Exception, match=r"(?i)check|not-null|cannot store|invalid input"):
        book.sql(f"UPDATE credit_request SET {change}")


@pytest.mark.of_sqlite
def test_one_identity_has_one_request_that_may_be_sent(book: Any, sent: tuple[int, PlannedCredit]) -> None:
    with pytest.raises(Exception, match=r"(?i)unique"):
        book.sql("INSERT INTO identity SELECT site_id, customer_id, reference, 99 FROM identity")
    book.sql(
        "INSERT INTO credit_request (site_id, kind, customer_id, reference, amount_minor, credit_type, body,"
        " batch_id, row_number) SELECT site_id, kind, customer_id, reference, 5, credit_type, body, batch_id, 9"
        " FROM credit_request"
    )
    with pytest.raises(Exception, match="another request stands"):
        book.sql("UPDATE credit_request SET state = 'in_flight' WHERE row_number = 9")


# -- The start of a run -------------------------------------------------------------------------------------


def test_what_a_dead_process_left_in_flight_is_in_doubt(book: Any, sent: tuple[int, PlannedCredit]) -> None:
    _, credit = sent
    book.reopen()
    book.ledger.runs.start(1)
    after = stored(book, credit)
    assert (after.state, after.open_attempts) == (RequestState.IN_DOUBT, 1)
    [(state, reason)] = book.sql("SELECT state, reason FROM finding")
    assert state == "in_doubt"
    assert "ended without recording" in reason


@pytest.mark.parametrize("state", [RequestState.PENDING, RequestState.IN_DOUBT, RequestState.REVIEW])
def test_a_batch_adopts_what_is_unsettled_of_its_rows(book: Any, state: RequestState) -> None:
    first = book.plan(book.row(2))
    if state is not RequestState.PENDING:
        book.settle(first, state)
    second = book.plan(book.row(7), file_name="again.csv")
    book.ledger.claims.adopt(second)
    assert book.owed(first, state) == []
    assert [credit.request_id for credit in book.owed(second, state)] == [1]


@pytest.mark.parametrize("state", [RequestState.CREDITED])
def test_a_batch_adopts_nothing_that_is_settled(book: Any, state: RequestState) -> None:
    first = book.plan(book.row(2))
    book.settle(first, state)
    book.ledger.runs.start(book.plan(book.row(7)), retry_failed=True)
    assert book.sql("SELECT batch_id, generation FROM credit_request") == [(first, 0)]


def test_a_reopened_failure_forgets_its_refusal_and_takes_the_next_generation(
    book: Any, sent: tuple[int, PlannedCredit]
) -> None:
    run, credit = sent
    credit.key_spoiled = True
    book.learn(run, credit, RequestState.FAILED, reason="no", error_code="x", error_param="y", http_status=400)
    book.ledger.runs.start(1, retry_failed=True)
    after = stored(book, credit)
    assert (after.state, after.generation, after.key_spoiled) == (RequestState.PENDING, 1, False)
    assert after.attempts == 1
    [row] = book.ledger.reports.rows(1)
    assert (row.error, row.error_code, row.error_param, row.http_status, row.finished_at) == (None,) * 5


def test_the_end_of_a_run_is_noted(book: Any) -> None:
    batch = book.plan(book.row(2))
    assert book.ledger.runs.last(batch) is None
    book.ledger.runs.start(batch)
    run = book.ledger.runs.start(batch)
    assert book.ledger.runs.last(batch).ended_at is None
    book.ledger.runs.end(run, requests=3, throttled=2, retries=1, stopped="interrupted")
    last = book.ledger.runs.last(batch)
    assert (last.run_id, last.requests, last.throttled, last.retries) == (run, 3, 2, 1)
    assert last.stopped == "interrupted"
    assert last.ended_at >= last.started_at


# -- Pages --------------------------------------------------------------------------------------------------


def test_pages_hold_every_request_once_by_ascending_id(book: Any) -> None:
    batch = book.plan(*(book.row(number, f"c-{number}") for number in range(2, 25)))
    seen: list[int] = []
    after = 0
    while page := book.ledger.claims.planned_page(batch, RequestState.PENDING, after, 5):
        assert len(page) <= 5
        seen += [credit.request_id for credit in page]
        after = page[-1].request_id
    assert seen == sorted(seen)
    assert len(seen) == 23


@pytest.mark.parametrize("state", RequestState)
def test_a_page_holds_one_state_of_one_batch(book: Any, state: RequestState) -> None:
    batch = book.plan(*(book.row(number, f"c-{number}") for number in range(2, 9)))
    book.plan(book.row(2, "other"))
    run = book.ledger.runs.start(batch)
    for credit, learned in zip(book.owed(batch), RequestState, strict=False):
        book.send(run, credit)
        if learned is not RequestState.IN_FLIGHT:
            book.learn(run, credit, learned)
    page = book.owed(batch, state)
    wanted = {RequestState.CREDITED: 0, RequestState.PENDING: 2}.get(state, 1)  # what is credited is nobody's to send
    assert len(page) == wanted
    assert {credit.state for credit in page} <= {state}


def test_the_first_owed_come_in_the_order_of_the_file_whoever_planned_them(book: Any) -> None:
    book.plan(book.row(9, "c-9"))
    again = book.plan(book.row(2, "c-2"), book.row(3, "c-9"), book.row(4, "c-4"), book.row(5, "c-5"))
    book.ledger.runs.start(again)
    assert [credit.customer_id for credit in book.owed(again)] == ["c-9", "c-2", "c-4", "c-5"]
    assert [credit.customer_id for credit in book.ledger.claims.first_owed(again, 3)] == ["c-2", "c-9", "c-4"]
    [second] = [credit for credit in book.owed(again) if credit.customer_id == "c-9"]
    run = book.ledger.runs.start(again)
    book.send(run, second)
    book.learn(run, second, RequestState.CREDITED)
    assert [credit.customer_id for credit in book.ledger.claims.first_owed(again, 3)] == ["c-2", "c-4", "c-5"]
    ids = [credit.request_id for credit in book.ledger.claims.first_owed(again, 9)]
    assert [row.row_number for row in book.ledger.reports.rows(again, ids)] == [2, 4, 5]


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
