"""What a reversal asks for: exactly the credits that the batch holds, each with its own money, and none twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from batch_credits.errors import InputError, UsageError
from batch_credits.ledger import Standing
from batch_credits.model import BatchRecord, CallKind, Outcome, RequestState
from batch_credits.planning.plan import Plan
from batch_credits.planning.reversal import Selection, select, stage_reversal
from tests.unit.ledger.conftest import Book


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made = Book(tmp_path / "ledger.sqlite3")
    yield made
    made.close()


def credited(book: Book, *rows: Any, **more: Any) -> BatchRecord:
    """A batch of these rows, all of them credited."""
    batch = book.plan(*rows, **more)
    book.settle(batch, RequestState.CREDITED)
    return book.ledger.batches.staged(batch)


def selected(book: Book, batch: BatchRecord, cut: str | None = None) -> Selection:
    if cut is None:
        return select(book.ledger, batch, None)
    assert isinstance(book.path, Path)
    path = book.path.with_name("cut.csv")
    path.write_text(cut)
    return select(book.ledger, batch, path)


def staged(book: Book, batch: BatchRecord, cut: str | None = None) -> Plan:
    return stage_reversal(book.ledger, selected(book, batch, cut))


def admitted(book: Book, batch: BatchRecord, cut: str | None = None) -> Plan:
    plan = staged(book, batch, cut)
    if plan.is_new:
        book.ledger.admission.admit(plan.batch_id)
    return plan


def bodies(book: Book, plan: Plan) -> list[dict[str, str]]:
    """What would be sent."""
    owed = book.owed(plan.batch_id)
    assert {credit.kind for credit in owed} <= {CallKind.DEDUCT}
    return [{name: value for name, [value] in parse_qs(credit.body.decode()).items()} for credit in owed]


# -- What is deducted ---------------------------------------------------------------------------------------


def test_each_credit_is_deducted_with_its_own_money_under_a_reference_of_its_own(book: Book) -> None:
    batch = credited(
        book,
        book.row(2, "c-1", amount=1250),
        book.row(5, "c-2", amount_in_decimal="1.50", currency_code=None, credit_type="loyalty_credits"),
    )
    plan = admitted(book, batch)
    assert bodies(book, plan) == [
        {"customer_id": "c-1", "amount": "1250", "currency_code": "USD", "description": "Reversal of Loyalty",
         "credit_type": "general", "reference": "reversal of q3"},
        {"customer_id": "c-2", "amount_in_decimal": "1.50", "description": "Reversal of Loyalty",
         "credit_type": "loyalty_credits", "reference": "reversal of q3"},
    ]  # fmt: skip
    assert (plan.rows, plan.kind, plan.is_new) == (2, CallKind.DEDUCT, True)
    assert plan.totals["USD"].amount_minor == 1250
    record = book.ledger.batches.staged(plan.batch_id)
    assert (record.kind, record.reverses, record.file_name) == (CallKind.DEDUCT, batch.key, "reversal of payout.csv")
    rows = list(book.ledger.reports.rows(plan.batch_id))
    assert [(row.row_number, row.cells) for row in rows] == [
        (row.row_number, row.cells) for row in book.ledger.reports.rows(batch.batch_id)
    ]


def test_a_long_description_is_cut(book: Book) -> None:
    plan = admitted(book, credited(book, book.row(2, description="ö" * 250)))
    assert bodies(book, plan)[0]["description"] == "Reversal of " + "ö" * 238


def test_a_reference_that_would_be_too_long_is_rejected_with_what_to_do(book: Book) -> None:
    batch = credited(book, book.row(2, reference="x" * 488), book.row(3, reference="x" * 489))
    plan = admitted(book, batch)
    assert [body["reference"] for body in bodies(book, plan)] == ["reversal of " + "x" * 488]
    [group] = plan.problems
    assert (group.field, group.code, group.first_row) == ("reference", "too_long", 3)
    assert "501 characters" in group.message and "deduct credit cr-2 by hand" in group.message
    assert plan.totals["USD"].count == 2


def test_a_credit_taken_over_from_the_list_that_is_unlike_ours_is_rejected(book: Book) -> None:
    batch = credited(book, book.row(2))
    book.sql("UPDATE credit_request SET credit_type = 'brand_new'")
    [group] = admitted(book, batch).problems
    assert (group.field, group.code) == ("credit_type", "invalid")
    assert "'brand_new': deduct it by hand" in group.message


# -- Never twice --------------------------------------------------------------------------------------------


def test_the_same_rows_are_the_same_reversal(book: Book) -> None:
    batch = credited(book, *(book.row(n, f"c-{n}") for n in range(2, 6)))
    first = admitted(book, batch)
    again = admitted(book, batch)
    assert (again.key, again.is_new, again.totals) == (first.key, False, first.totals)
    assert len(book.owed(first.batch_id)) == 4


def test_a_part_and_then_the_whole_deduct_each_credit_once(book: Book) -> None:
    batch = credited(book, *(book.row(n, f"c-{n}") for n in range(2, 6)))
    part = admitted(book, batch, "credit_row\n3\n5\n")
    assert [body["customer_id"] for body in bodies(book, part)] == ["c-3", "c-5"]
    book.settle(part.batch_id, RequestState.CREDITED)
    whole = admitted(book, batch)
    assert [body["customer_id"] for body in bodies(book, whole)] == ["c-2", "c-4"]
    assert whole.count(Outcome.ALREADY_CREDITED) == 2


def test_what_was_credited_since_is_reversed_by_the_next_reversal(book: Book) -> None:
    batch_id = book.plan(book.row(2, "c-2"), book.row(3, "c-3"))
    run = book.ledger.runs.start(batch_id)
    first, second = book.owed(batch_id)
    book.send(run, first, second)
    book.learn(run, first, RequestState.CREDITED)
    batch = book.ledger.batches.staged(batch_id)
    early = admitted(book, batch)
    book.settle(early.batch_id, RequestState.CREDITED)
    book.learn(run, second, RequestState.CREDITED)
    late = admitted(book, batch)
    assert late.key != early.key
    assert [body["customer_id"] for body in bodies(book, late)] == ["c-3"]


def test_what_a_worker_credits_between_selecting_and_staging_is_not_reversed_with_it(book: Book) -> None:
    """The key, the count and the business entity are of what was selected."""
    batch_id = book.plan(*(book.row(n, f"c-{n}") for n in range(2, 6)))
    run = book.ledger.runs.start(batch_id)
    first, second, *others = book.owed(batch_id)
    book.send(run, first, second, *others)
    book.learn(run, second, RequestState.CREDITED)
    selection = selected(book, book.ledger.batches.staged(batch_id))
    for credit in (first, *others):
        book.learn(run, credit, RequestState.CREDITED)
    plan = stage_reversal(book.ledger, selection)
    book.ledger.admission.admit(plan.batch_id)
    assert [body["customer_id"] for body in bodies(book, plan)] == ["c-3"]
    assert plan.rows == 1 == sum(plan.count(outcome) for outcome in Outcome)


def test_a_row_of_a_file_with_the_reversals_reference_is_no_reversal(book: Book) -> None:
    credited(book, book.row(2, reference="reversal of q3"))
    batch = credited(book, book.row(2))
    plan = admitted(book, batch)
    assert bodies(book, plan) == []
    [group] = plan.problems
    assert (group.code, group.field) == ("conflict", "reference")
    assert "is that of a credit (row 2 of payout.csv)" in group.message


def test_a_reversal_is_not_reversed(book: Book) -> None:
    reversal = admitted(book, credited(book, book.row(2)))
    with pytest.raises(UsageError, match="is a reversal itself"):
        selected(book, book.ledger.batches.staged(reversal.batch_id))


def test_a_batch_of_many_pages_is_walked_to_its_end(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batch_credits.planning.reversal.PAGE_ROWS", 2)
    batch = credited(book, *(book.row(n, f"c-{n}") for n in range(2, 11)))
    part = admitted(book, batch, "credit_row\n2\n9\n")
    assert [body["customer_id"] for body in bodies(book, part)] == ["c-2", "c-9"]
    assert admitted(book, batch).count(Outcome.PENDING) == 9


# -- What is left out, and said -----------------------------------------------------------------------------


def test_only_what_the_batch_itself_credited_is_reversed(book: Book) -> None:
    other = credited(book, book.row(2, "c-2"))
    batch_id = book.plan(*(book.row(n, f"c-{n}") for n in range(2, 8)))
    run = book.ledger.runs.start(batch_id)
    by_name = {credit.customer_id: credit for credit in book.owed(batch_id)}
    book.send(run, *(by_name[name] for name in ("c-3", "c-4", "c-5")))
    book.learn(run, by_name["c-3"], RequestState.CREDITED)
    book.learn(run, by_name["c-4"], RequestState.IN_DOUBT)
    book.learn(run, by_name["c-5"], RequestState.FAILED)
    book.learn(run, by_name["c-6"], RequestState.CREDITED)  # found before it was sent
    batch = book.ledger.batches.staged(batch_id)
    selection = selected(book, batch)
    assert selection.counts == {
        Standing.CREDITED: 1, Standing.UNSETTLED: 2, Standing.NEVER: 1, Standing.BEFORE: 1, Standing.ELSEWHERE: 1
    }  # fmt: skip
    assert [body["customer_id"] for body in bodies(book, admitted(book, batch))] == ["c-3"]
    unsettled, elsewhere, before = selection.left_out()
    assert unsettled.startswith("2 rows are pending, in doubt or in review, so not reversed")
    assert f"batch-credits reconcile {batch.key[:8]}" in unsettled
    assert elsewhere.startswith("1 row is credited by another batch")
    assert before.endswith("name it with --rows to reverse it too.")

    named = "credit_row\n" + "\n".join(str(n) for n in range(2, 8))
    by_name_too = admitted(book, batch, named)
    assert [body["customer_id"] for body in bodies(book, by_name_too)] == ["c-6"]
    assert by_name_too.owed == 2, "c-3 is the first reversal's until this one is run"
    assert len(selected(book, batch, named).left_out()) == 2
    assert [body["customer_id"] for body in bodies(book, admitted(book, other))] == ["c-2"]


def test_a_batch_that_credited_nothing_has_nothing_to_reverse(book: Book) -> None:
    batch = book.ledger.batches.staged(book.plan(book.row(2), book.bad_row(3)))
    assert selected(book, batch).rows == 0


# -- The rows that a file names -----------------------------------------------------------------------------

HEADER = "customer_id,amount,currency_code,reference,credit_row,credit_outcome,credit_id,credit_reference"


@pytest.mark.parametrize(
    "line",
    [
        "c-3,1050,USD,q3,3,credited,cr-2,q3",
        "c-3,1050.0,USD,q3,3,credited,cr-2,q3",
        "c-3,1050,USD,q3,3,deducted,dr-9,reversal of q3",
        "c-3,1050,USD,q3,3,failed,,reversal of q3",
        "c-3,1050,USD,q3,3,pending,,q3",
    ],
)
def test_a_cut_of_either_result_names_a_row(book: Book, line: str) -> None:
    batch = credited(book, book.row(2, "c-2"), book.row(3, "c-3", amount=1050))
    assert selected(book, batch, f"{HEADER}\n{line}\n").named == {3}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("c-2,1050,USD,q3,3,credited,cr-2,q3", "record 2: customer_id is 'c-2', but in row 3 of batch .* it is 'c-3'"),
        ("c-3,105,USD,q3,3,credited,cr-2,q3", "amount is '105'"),
        ("c-3,1050,EUR,q3,3,credited,cr-2,q3", "currency_code is 'EUR'"),
        ("c-3,1050,USD,q4,3,credited,cr-2,q3", "reference is 'q4'"),
        ("c-3,1050,USD,q3,3,credited,cr-2,q4", "credit_reference is 'q4'"),
        ("c-3,1050,USD,q3,3,credited,cr-7,q3", "credit_id is 'cr-7'"),
        ("c-3,1050,USD,q3,4,credited,cr-2,q3", "batch .* has no row 4"),
    ],
)
def test_a_cut_that_contradicts_the_batch_is_refused(book: Book, line: str, message: str) -> None:
    batch = credited(book, book.row(2, "c-2"), book.row(3, "c-3", amount=1050))
    with pytest.raises(InputError, match=message):
        selected(book, batch, f"{HEADER}\n{line}\n")
    assert book.ledger.batches.all() == [batch]


def test_a_field_that_the_source_had_no_column_for_is_held_against_the_credit(book: Book) -> None:
    batch = credited(book, book.row(2, credit_type="loyalty_credits"))
    book.sql("""UPDATE batch SET headers = '["Kunde","Betrag","cc","ref"]', columns = '{"customer_id":0,"amount":1}'""")
    batch = book.ledger.batches.staged(batch.batch_id)
    assert selected(book, batch, "Kunde,reference,credit_row\nc-1,q3,2\n").rows == 1
    assert selected(book, batch, "Betrag,credit_row\n100.0,2\n").rows == 1
    for text, message in (("reference,credit_row\nq4,2\n", "reference is 'q4'"),
                          ("customer_id,credit_row\nc-9,2\n", "customer_id is 'c-9'"),
                          ("Kunde,credit_row\nc-9,2\n", "Kunde is 'c-9'")):  # fmt: skip
        with pytest.raises(InputError, match=message):
            selected(book, batch, text)


def test_an_amount_in_decimal_may_be_written_in_another_way_but_not_be_another(book: Book) -> None:
    batch = credited(book, book.row(2, amount_in_decimal="1.50"))
    assert selected(book, batch, "amount_in_decimal,credit_row\n1.5,2\n").named == {2}
    with pytest.raises(InputError, match=r"amount_in_decimal is '1.51', but in row 2 of batch .* it is '1.50'"):
        selected(book, batch, "amount_in_decimal,credit_row\n1.51,2\n")


def test_a_cut_without_rows_is_refused(book: Book) -> None:
    with pytest.raises(InputError, match="names no rows"):
        selected(book, credited(book, book.row(2)), "credit_row\n")
