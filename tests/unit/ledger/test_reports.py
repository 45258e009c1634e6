"""What the reports read: told from the states alone, in the order of the file."""

from typing import Any

import pytest

from batch_credits.errors import LedgerError
from batch_credits.model import ControlTotal, Money, Outcome, Problem, RequestState


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


@pytest.mark.parametrize(
    ("code", "money", "is_unread"),
    [
        ("missing", None, True),
        ("missing", Money(100, None, "USD"), False),
        ("amount_not_positive", None, False),  # it was read: it is none to credit
        ("looks_like_total", None, False),
    ],
)
def test_whose_amount_nobody_could_read(book: Any, code: str, money: Money | None, is_unread: bool) -> None:
    batch = book.plan(book.bad_row(2, Problem("amount", code, "It is wrong."), money=money), book.row(3))
    assert [row.is_unread for row in book.ledger.reports.rows(batch)] == [is_unread, False]


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


def test_rejected_rows_are_told_as_among_all(book: Any) -> None:
    batch = book.plan(book.row(2), book.bad_row(3), book.row(4, "c-2"), book.bad_row(5, reference="q9"))
    rejected = [row for row in book.ledger.reports.rows(batch) if row.outcome is Outcome.REJECTED]
    assert list(book.ledger.reports.rejected_rows(batch)) == rejected
    assert [row.row_number for row in rejected] == [3, 5]


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


@pytest.mark.of_sqlite
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


def test_problems_are_grouped_with_the_first_of_each(book: Any) -> None:
    batch = book.plan(
        book.bad_row(2, Problem("amount", "missing", "first")),
        book.bad_row(3, Problem("currency_code", "unknown", "second"), Problem("amount", "missing", "third")),
        book.row(4),
    )
    groups = [(g.field, g.code, g.rows, g.first_row, g.message) for g in book.ledger.reports.problem_groups(batch)]
    assert groups == [("amount", "missing", 2, 2, "first"), ("currency_code", "unknown", 1, 3, "second")]


# -- Pages --------------------------------------------------------------------------------------------------


def test_rows_can_be_read_from_any_of_them_on(book: Any) -> None:
    batch = book.plan(book.row(2), book.bad_row(5, Problem("amount", "missing", "It is empty.")), book.row(9, "c-9"))
    book.plan(book.row(2, "other"))
    reports = book.ledger.reports
    assert [reports.row_number_at(batch, before) for before in range(4)] == [2, 5, 9, None]
    assert [row.row_number for row in reports.rows(batch, first=5)] == [5, 9]
    empty = (Problem("amount", "missing", "It is empty."),)
    assert [row.problems for row in reports.rows(batch, first=5)] == [empty, ()]
    bodies = reports.bodies(batch, 2, 9)
    assert [*bodies] == [2, 9] and b"customer_id=c-9&" in bodies[9]
    assert [*reports.bodies(batch, 3, 8)] == []
    assert [reports.money(batch, row) for row in (2, 5, 7)] == [Money(100, None, "USD"), None, None]
