"""What is frozen at a credit's first attempt, and until when it holds."""

from typing import Any

import pytest

from batch_credits.call import call_for
from batch_credits.model import Finding, PlannedCredit, RequestState

EMEA, APAC = call_for("emea"), call_for("apac")


@pytest.fixture
def sent(book: Any) -> tuple[int, PlannedCredit]:
    """A run, and a credit that was sent for one entity."""
    batch = book.plan(book.row(2))
    run = book.ledger.runs.start(batch)
    [credit] = book.owed(batch)
    book.send(run, credit, call=EMEA)
    return run, credit


def stored(book: Any, credit: PlannedCredit) -> PlannedCredit:
    found: PlannedCredit = book.ledger.requests.planned(credit.request_id)
    return found


def test_nothing_is_frozen_before_the_first_attempt(book: Any) -> None:
    [credit] = book.owed(book.plan(book.row(2)))
    assert credit.call is None
    assert stored(book, credit).call is None


def test_the_first_attempt_freezes_the_call(book: Any, sent: tuple[int, PlannedCredit]) -> None:
    _run, credit = sent
    assert stored(book, credit).call == EMEA


@pytest.mark.parametrize("state", [RequestState.PENDING, RequestState.IN_DOUBT])
def test_later_attempts_repeat_it_whatever_the_options_of_the_run(
    book: Any, sent: tuple[int, PlannedCredit], state: RequestState
) -> None:
    run, credit = sent
    book.learn(run, credit, state)
    [again] = book.owed(1, state)
    assert again.call == EMEA
    later = book.ledger.runs.start(1)
    book.ledger.claims.commit(later, [], [again], APAC)
    assert stored(book, credit).call == EMEA


@pytest.mark.parametrize("state", RequestState)
def test_a_finding_of_the_same_generation_keeps_it(
    book: Any, sent: tuple[int, PlannedCredit], state: RequestState
) -> None:
    run, credit = sent
    book.learn(run, credit, state)
    assert stored(book, credit).call == EMEA


def test_another_generation_freezes_another(book: Any, sent: tuple[int, PlannedCredit]) -> None:
    run, credit = sent
    credit.generation += 1
    book.learn(run, credit, RequestState.PENDING)
    assert stored(book, credit).call is None
    [again] = book.owed(1)
    book.ledger.claims.commit(run, [], [again], APAC)
    assert stored(book, credit).call == APAC


def test_two_findings_of_one_commit_end_with_the_newer_generations(
    book: Any, sent: tuple[int, PlannedCredit]
) -> None:
    run, credit = sent
    doubt = Finding.about(credit, RequestState.IN_DOUBT)
    credit.generation, credit.open_attempts = 1, 0
    book.ledger.claims.commit(run, [doubt, Finding.about(credit, RequestState.PENDING)], [credit], APAC)
    assert (stored(book, credit).generation, stored(book, credit).call) == (1, APAC)


def test_a_failed_row_that_is_tried_again_takes_the_call_of_the_new_run(
    book: Any, sent: tuple[int, PlannedCredit]
) -> None:
    run, credit = sent
    book.learn(run, credit, RequestState.FAILED)
    again = book.ledger.runs.start(1, retry_failed=True)
    [credit] = book.owed(1)
    assert (credit.generation, credit.call) == (1, None)
    book.ledger.claims.commit(again, [], [credit], APAC)
    assert stored(book, credit).call == APAC


def test_adopting_an_unsettled_row_keeps_its_call(book: Any, sent: tuple[int, PlannedCredit]) -> None:
    run, credit = sent
    book.learn(run, credit, RequestState.IN_DOUBT)
    other = book.plan(book.row(9), file_name="again.csv")
    book.ledger.runs.start(other)
    [adopted] = book.owed(other, RequestState.IN_DOUBT)
    assert (adopted.request_id, adopted.call) == (credit.request_id, EMEA)


# -- Beside the call ----------------------------------------------------------------------------------------


def test_who_is_to_be_looked_at_first_is_so_until_an_attempt_is_opened(book: Any) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2"))
    assert [credit.look_first for credit in book.owed(batch)] == [False, False]
    book.sql("UPDATE credit_request SET look_first = 1")
    first, second = book.owed(batch)
    assert first.look_first and second.look_first
    assert [credit.look_first for credit in book.ledger.claims.first_owed(batch, 9)] == [True, True]
    run = book.ledger.runs.start(batch)
    book.learn(run, first, RequestState.PENDING)
    assert stored(book, first).look_first  # a look that released it sends next, and may be interrupted before
    book.send(run, first)
    assert not stored(book, first).look_first
    assert stored(book, second).look_first


@pytest.mark.parametrize("state", [RequestState.IN_DOUBT, RequestState.REVIEW])
def test_the_id_that_an_answer_named_is_kept_with_the_doubt(
    book: Any, sent: tuple[int, PlannedCredit], state: RequestState
) -> None:
    run, credit = sent
    book.learn(run, credit, state, credit_id="cr-9")
    [kept] = book.owed(1, state)
    assert (kept.credit_id, kept.open_attempts) == ("cr-9", 1)
    book.reopen()
    book.ledger.runs.start(1)
    assert stored(book, credit).credit_id == "cr-9"


@pytest.mark.parametrize("needs_person", [False, True])
def test_whether_a_person_must_look_before_the_next_run_is_noted(book: Any, needs_person: bool) -> None:
    batch = book.plan(book.row(2))
    run = book.ledger.runs.start(batch)
    assert not book.ledger.runs.last(batch).needs_person
    book.ledger.runs.end(run, requests=0, throttled=0, retries=0, stopped="no", needs_person=needs_person)
    assert book.ledger.runs.last(batch).needs_person == needs_person
    assert book.ledger.runs.history(batch).runs[0].needs_person == needs_person


@pytest.mark.parametrize(("looks_first", "call"), [(False, None), (True, EMEA)])
def test_what_failed_is_tried_again_by_another_call_unless_it_must_be_looked_for_first(
    book: Any, sent: tuple[int, PlannedCredit], looks_first: bool, call: str | None
) -> None:
    """Where the ledger may have forgotten what was paid, the look asks where the row was sent."""
    run, credit = sent
    book.learn(run, credit, RequestState.FAILED)
    if looks_first:
        book.ledger._db.change("look_first", request=credit.request_id, call=EMEA)
    assert book.ledger.claims.reopen_failed(1) == 1
    assert stored(book, credit).call == call
