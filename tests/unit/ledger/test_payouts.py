"""Which rows a mended file mends, what became of them, and that none is paid a second time under another identity."""

from array import array
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from batch_credits.errors import LedgerError, UsageError
from batch_credits.ledger import Ledger
from batch_credits.ledger.learned import number_of
from batch_credits.model import CallKind, ControlTotal, Mended, NewBatch, Outcome, Parent, RequestState
from batch_credits.model.loaded import LoadedRows
from batch_credits.settings import InputOptions
from tests.unit.ledger.conftest import SITE

FIRST, FOREIGN = "a" * 64, "0" * 64


@pytest.fixture
def payout(book: Any) -> int:
    """A payout of three rows, of which Chargebee refused all."""
    rows = [book.row(number, f"lost-{number}") for number in (2, 3, 4)]
    batch = book.plan(*rows, key=FIRST, file_name="payout.csv")
    book.settle(batch, RequestState.FAILED)
    return int(batch)


def mended(book: Any, row: int, customer: str = "c-1", *, of: str = FIRST, state: RequestState, **batch_is: Any) -> str:
    """A file that mends one row; returns its key."""
    batch = book.plan(book.row(2, customer), mends={2: Mended(of, row)}, **({"file_name": "failed.csv"} | batch_is))
    if state is not RequestState.PENDING:
        book.settle(batch, state)
    return key_of(book, batch)


def key_of(book: Any, batch: int) -> str:
    return str(book.ledger.batches.staged(batch).key)


def codes(rows: list[Any]) -> list[list[str]]:
    return [[problem.code for problem in row.problems] for row in rows]


def test_both_sides_say_what_mends_what(book: Any, payout: int) -> None:
    rows = [book.row(2, "c-3"), book.row(3, "c-2"), book.row(4, "c-9")]
    batch = book.plan(*rows, mends={2: Mended(FIRST, 3), 3: Mended(FIRST, 2)}, file_name="failed.csv")
    run = book.ledger.runs.start(batch)
    one, two, three = book.owed(batch)
    for credit, state in ((one, RequestState.CREDITED), (two, RequestState.FAILED), (three, RequestState.CREDITED)):
        book.send(run, credit)
        book.learn(run, credit, state)
    mending = book.ledger.payouts.mending(payout)
    assert (list(mending.parents), list(mending.mended_rows())) == ([], [2, 3])
    [mend] = mending.mends
    assert (mend.key, mend.file_name, mend.rows) == (key_of(book, batch), "failed.csv", 2)
    assert mend.counts == {Outcome.CREDITED: 1, Outcome.FAILED: 1}
    assert book.ledger.payouts.parents(batch) == [Parent(FIRST, 2, 2, 0, "payout.csv", "acme-test")]


def test_what_is_only_staged_mends_nothing_and_a_discarded_file_leaves_nothing(book: Any, payout: int) -> None:
    batch = book.begin(file_name="failed.csv")
    book.stage(batch, book.row(2), mends={2: Mended(FIRST, 3)})
    assert (book.ledger.payouts.mends(payout), book.ledger.payouts.files(payout)) == ([], [payout])
    book.ledger.admission.discard(batch)
    assert book.sql("SELECT count(*) FROM mended") == [(0,)]


@pytest.mark.parametrize(
    ("says", "site", "known"),
    [
        (Mended(FOREIGN, 3), "acme-test", Parent(FOREIGN, 1, 0, 0, None, None)),
        (Mended(FIRST, 99), "acme-test", Parent(FIRST, 1, 0, 0, "payout.csv", "acme-test")),
        (Mended(FIRST, 3), "acme-eu", Parent(FIRST, 1, 1, 0, "payout.csv", "acme-test")),
    ],
    ids=["a batch of another ledger", "a row that is not there", "another site"],
)
def test_what_closes_nothing_is_told_and_changes_nothing_of_the_first_file(
    book: Any, payout: int, says: Mended, site: str, known: Parent
) -> None:
    batch = book.plan(book.row(2), mends={2: says}, site=site)
    assert book.ledger.payouts.parents(batch) == [known]
    assert book.ledger.payouts.first_files(batch) == [batch]
    assert (book.ledger.payouts.mends(payout), book.ledger.payouts.files(payout)) == ([], [payout])


def test_two_rows_for_one_are_counted(book: Any, payout: int) -> None:
    says = {2: Mended(FIRST, 3), 3: Mended(FIRST, 3), 4: Mended(FIRST, 2)}
    batch = book.plan(book.row(2), book.row(3, "c-2"), book.row(4, "c-3"), mends=says)
    assert book.ledger.payouts.parents(batch) == [Parent(FIRST, 3, 3, 1, "payout.csv", "acme-test")]


def test_a_batch_that_comes_later_is_found_by_those_that_mend_it(book: Any) -> None:
    mend = book.plan(book.row(2), mends={2: Mended(FIRST, 2)})  # of a rejected.csv, which check wrote before any run
    first = book.plan(book.row(2, "lost"), key=FIRST)
    assert book.ledger.payouts.first_files(mend) == [first]
    assert book.ledger.payouts.files(first) == [first, mend]


def test_rows_of_two_files_in_one_belong_to_both_payouts(book: Any, payout: int) -> None:
    other = book.plan(book.row(2, "lost-9", "q4"), key="b" * 64, file_name="other.csv")
    book.settle(other, RequestState.FAILED)
    pasted = book.plan(book.row(2), book.row(3, "c-2"), mends={2: Mended(FIRST, 3), 3: Mended("b" * 64, 2)})
    assert book.ledger.payouts.first_files(pasted) == [payout, other]
    assert [list(book.ledger.payouts.mending(first).mended_rows()) for first in (payout, other)] == [[3], [2]]


def test_rows_that_mend_mended_rows_are_those_of_the_first_file(book: Any, payout: int) -> None:
    second = mended(book, 3, state=RequestState.FAILED)
    third = mended(book, 2, "c-2", of=second, state=RequestState.CREDITED)
    found = list(book.ledger.payouts.mending_rows(payout, whole=True))
    assert [(row.first_row, row.mends_row, row.row.outcome) for row in found] == [
        (3, 3, Outcome.FAILED), (3, 2, Outcome.CREDITED),
    ]  # fmt: skip
    assert [key_of(book, batch) for batch in book.ledger.payouts.files(payout)] == [FIRST, second, third]
    assert [row.first_row for row in book.ledger.payouts.mending_rows(payout, whole=False)] == [3]
    assert book.ledger.payouts.credited(payout) == {"USD": ControlTotal(1, 100)}


def test_a_mend_that_was_reversed_says_by_whom(book: Any, payout: int) -> None:
    key = mended(book, 3, state=RequestState.CREDITED)
    undo = book.plan(book.row(2, reference="reversal of q3"), kind=CallKind.DEDUCT, reverses=key)
    book.settle(undo, RequestState.CREDITED)
    [mend] = book.ledger.payouts.mends(payout)
    assert mend.reversed_by == {key_of(book, undo): 1}
    [row] = book.ledger.payouts.mending_rows(payout, whole=True)
    assert row.row.reversed_by == key_of(book, undo)
    [child] = (batch.batch_id for batch in book.ledger.batches.all() if batch.key == key)
    assert book.ledger.payouts.parents(child) == [Parent(FIRST, 1, 1, 0, "payout.csv", "acme-test")]


# -- Nothing is paid a second time --------------------------------------------------------------------------


@pytest.mark.parametrize("state", [each for each in RequestState if each is not RequestState.IN_FLIGHT])
def test_a_row_is_mended_once_under_whatever_identity(book: Any, payout: int, state: RequestState) -> None:
    mended(book, 3, state=state)
    again = book.begin()
    judged = book.stage(again, book.row(2, "c-2"), book.row(3, "c-9"), mends={2: Mended(FIRST, 3), 3: Mended(FIRST, 4)})
    assert codes(judged) == [[] if state is RequestState.FAILED else ["mended_before"], []]
    book.ledger.admission.admit(again)
    assert len(book.owed(again)) == (2 if state is RequestState.FAILED else 1)


def test_what_was_mended_through_others_is_not_mended_again(book: Any, payout: int) -> None:
    second = mended(book, 3, state=RequestState.FAILED)
    mended(book, 2, "c-2", of=second, state=RequestState.CREDITED)
    batch = book.begin()
    [row] = book.stage(batch, book.row(2, "c-3"), mends={2: Mended(FIRST, 3)})
    assert [problem.code for problem in row.problems] == ["mended_before"]
    assert "credited as cr-" in row.problems[0].message and "row 2 of failed.csv" in row.problems[0].message
    batch = book.begin()
    [row] = book.stage(batch, book.row(2, "c-3"), mends={2: Mended(second, 2)})
    assert [problem.code for problem in row.problems] == ["mended_before"]


def test_the_row_itself_may_be_credited_since(book: Any, payout: int) -> None:
    run = book.ledger.runs.start(payout, retry_failed=True)
    [credit, *_] = book.owed(payout)
    book.send(run, credit)
    book.learn(run, credit, RequestState.CREDITED)
    [row] = book.stage(book.begin(), book.row(2, "c-3"), mends={2: Mended(FIRST, 2)})
    assert [problem.code for problem in row.problems] == ["mended_before"]


def test_the_form_of_a_row_that_mends_what_is_paid_is_not_kept(book: Any, payout: int) -> None:
    mended(book, 2, state=RequestState.CREDITED)
    batch = book.begin(file_name="failed.csv")
    rows = book.stage(batch, book.row(2, "zoe\u0301"), mends={2: Mended(FIRST, 2)})
    assert codes(rows) == [["mended_before"]]
    book.ledger.admission.admit(batch)
    assert book.sql("SELECT count(*) FROM respelt") == [(0,)]


def test_under_the_same_identity_it_is_the_same_credit(book: Any, payout: int) -> None:
    mended(book, 3, state=RequestState.CREDITED)
    again = book.plan(book.row(2), mends={2: Mended(FIRST, 3)})
    assert [row.outcome for row in book.ledger.reports.rows(again)] == [Outcome.ALREADY_CREDITED]
    assert book.ledger.payouts.credited(payout) == {"USD": ControlTotal(1, 100)}


def test_what_was_reversed_may_be_paid_again(book: Any, payout: int) -> None:
    key = mended(book, 3, state=RequestState.CREDITED)
    undo = book.plan(book.row(2, reference="reversal of q3"), kind=CallKind.DEDUCT, reverses=key)
    assert codes(book.stage(book.begin(), book.row(2, "c-2"), mends={2: Mended(FIRST, 3)})) == [["mended_before"]]
    book.settle(undo, RequestState.CREDITED)
    assert codes(book.stage(book.begin(), book.row(2, "c-2"), mends={2: Mended(FIRST, 3)})) == [[]]


def test_what_another_kind_of_credit_was_deducted_for_is_paid_still(book: Any, payout: int, looked_at: Any) -> None:
    """As Chargebee may list one that somebody has made by hand: no report says of it that it reverses anything."""
    mended(book, 3, state=RequestState.CREDITED)
    by_hand = book.row(2, reference="reversal of q3", credit_type="loyalty_credits")
    book.settle(book.plan(by_hand, kind=CallKind.DEDUCT), RequestState.CREDITED)
    assert codes(book.stage(book.begin(), book.row(2, "c-2"), mends={2: Mended(FIRST, 3)})) == [["mended_before"]]
    with pytest.raises(UsageError, match=r"^Row 3 of payout\.csv "):
        book.ledger.payouts.refuse_retry(payout)
    _, _, judged = looked_at(book.row(2, "c-2"), Mended(FIRST, 3))
    assert codes(judged) == [["mended_before"]]


@pytest.mark.parametrize("state", [RequestState.CREDITED, RequestState.REVIEW, RequestState.PENDING])
def test_what_was_mended_is_not_tried_again_as_it_was(book: Any, payout: int, state: RequestState) -> None:
    mended(book, 3, state=state)
    for ask in (book.ledger.payouts.refuse_retry, lambda batch: book.ledger.runs.start(batch, retry_failed=True)):
        with pytest.raises(UsageError, match=r"^Row 3 of payout\.csv .*row 2 of failed\.csv"):
            ask(payout)
    assert book.sql("SELECT count(*) FROM credit_request WHERE state = 'failed'") == [(3,)]


def test_what_was_refused_and_is_listed_is_neither_mended_nor_tried_again_beside_its_mend(
    book: Any, payout: int, looked_at: Any
) -> None:
    """A list told of it, and nothing has settled it yet: as after a reconcile that was cut off."""
    book.plan(book.row(2, "c-1"), mends={2: Mended(FIRST, 2)}, file_name="before.csv")
    [pending] = book.ledger.batches.all()[-1:]
    key = mended(book, 3, "lost-again", state=RequestState.FAILED)
    listed = array("q", [number_of("lost-2", "q3"), number_of("lost-again", "q3")])
    book.ledger.requests.doubt_the_listed(SITE, {"{}": listed})
    batch = book.begin(file_name="failed.csv")
    judged = book.stage(batch, book.row(2, "c-2"), book.row(3, "c-3"), mends={2: Mended(FIRST, 2), 3: Mended(key, 2)})
    assert codes(judged) == [["mended_before"], ["mended_before"]]
    _, _, same = looked_at(book.row(2, "c-2"), Mended(FIRST, 2))
    assert codes(same) == [["mended_before"]]
    with pytest.raises(UsageError, match="is not settled yet, and may be credited"):
        book.ledger.payouts.refuse_retry(payout)
    [problem] = book.ledger.payouts.owed_though_mended(pending.batch_id).values()
    assert "is not settled yet" in problem.message


@pytest.mark.parametrize("through_others", [False, True])
@pytest.mark.parametrize("state", [RequestState.PENDING, RequestState.IN_DOUBT])
def test_what_is_owed_and_mends_what_was_found_paid_since_is_told(
    book: Any, payout: int, state: RequestState, through_others: bool
) -> None:
    """What was refused is found credited, by hand perhaps, when what mends it is admitted already."""
    of = (mended(book, 3, "lost-again", state=RequestState.FAILED), 2) if through_others else (FIRST, 3)
    mend = book.plan(book.row(2), mends={2: Mended(*of)}, file_name="again.csv")
    book.settle(mend, state)
    other = book.plan(book.row(2, "c-2"), mends={2: Mended(FIRST, 4)}, file_name="other.csv")
    assert book.ledger.payouts.owed_though_mended(payout) == {}
    _, second, _ = book.owed(payout, RequestState.FAILED)
    book.learn(None, second, RequestState.CREDITED, credit_id="by hand")
    [owed] = book.owed(mend, state)
    for batch in (payout, mend, other):
        [(request_id, problem)] = book.ledger.payouts.owed_though_mended(batch).items()
        assert request_id == owed.request_id
        assert problem.code == "mended_before"
        assert "What this row mends is credited as by hand, under reference 'q3' (row 3 of payout" in problem.message
    why = r"^Going on would pay 1 row twice: what it mends is credited as by hand, under reference 'q3' \(row 3 of"
    with pytest.raises(UsageError, match=why):
        book.ledger.payouts.refuse_paid_since(mend, "its-key")
    book.ledger.payouts.refuse_paid_since(other, "its-key")
    undo = book.plan(book.row(2, "lost-3", "reversal of q3"), kind=CallKind.DEDUCT, reverses=FIRST)
    book.settle(undo, RequestState.CREDITED)
    book.ledger.payouts.refuse_paid_since(mend, "its-key")
    assert book.ledger.payouts.owed_though_mended(payout) == {}, "what was deducted again may be paid again"


def test_what_was_mended_through_others_is_not_tried_again(book: Any, payout: int) -> None:
    second = mended(book, 3, "lost-again", state=RequestState.FAILED)
    mended(book, 3, state=RequestState.CREDITED)  # the first file's row, once more
    [batch] = (each.batch_id for each in book.ledger.batches.all() if each.key == second)
    with pytest.raises(UsageError, match=r"^Row 2 of failed\.csv "):
        book.ledger.runs.start(batch, retry_failed=True)


def test_what_was_mended_and_refused_or_reversed_may_be_tried_again(book: Any, payout: int) -> None:
    mended(book, 2, "lost-again", state=RequestState.FAILED)
    key = mended(book, 3, state=RequestState.CREDITED)
    undo = book.plan(book.row(2, reference="reversal of q3"), kind=CallKind.DEDUCT, reverses=key)
    book.settle(undo, RequestState.CREDITED)
    book.ledger.runs.start(payout, retry_failed=True)
    assert len(book.owed(payout)) == 3


@pytest.mark.parametrize("state", [RequestState.CREDITED, RequestState.FAILED])
def test_the_first_file_corrected_does_not_pay_what_was_mended(book: Any, payout: int, state: RequestState) -> None:
    mended(book, 3, state=state)
    batch = book.begin(file_name="payout-corrected.csv")
    judged = book.stage(batch, book.row(3, "lost-3"), book.row(4, "c-4"))
    is_paid = state is RequestState.CREDITED
    assert codes(judged) == [["mended_before"] if is_paid else [], []]
    if is_paid:
        assert judged[0].problems[0].message.startswith("This row was mended, and what mends it is credited as cr-")
    book.ledger.admission.admit(batch)
    assert [credit.customer_id for credit in book.owed(batch)] == (["c-4"] if is_paid else ["lost-3", "c-4"])


def test_a_file_that_comes_after_what_mends_it_does_not_pay_its_row_again(book: Any, looked_at: Any) -> None:
    mended(book, 2, of="f" * 64, state=RequestState.CREDITED)  # of a rejected.csv, which check wrote before any run
    mended(book, 2, of=FIRST, state=RequestState.CREDITED)
    first = book.begin(key="f" * 64)
    assert codes(book.stage(first, book.row(2, "lost-2"), book.row(3, "c-3"))) == [["mended_before"], []]
    book.ledger.admission.discard(first)
    _, _, judged = looked_at(book.row(2, "lost-2"), Mended(FOREIGN, 3))
    assert codes(judged) == [["mended_before"]], "by a look, whose file has the same key"


def test_of_rows_of_one_file_that_mend_one_the_first_is_paid(book: Any, payout: int) -> None:
    says = {2: Mended(FIRST, 3), 3: Mended(FIRST, 3), 4: Mended(FIRST, 2), 5: Mended(FIRST, 3)}
    rows = [book.row(2), book.row(3, "c-2"), book.row(4, "c-3"), book.row(5)]
    batch = book.begin(file_name="failed.csv")
    judged = book.stage(batch, *rows, mends=says)
    assert codes(judged)[:3] == [[], ["mended_before"], []] and "row 2 of failed.csv" in judged[1].problems[0].message
    book.ledger.admission.admit(batch)
    assert [credit.customer_id for credit in book.owed(batch)] == ["c-1", "c-3"]


def test_of_two_failed_files_in_one_a_row_and_what_mends_it_are_paid_once(book: Any, payout: int) -> None:
    second = mended(book, 3, "lost-again", state=RequestState.FAILED)
    says = {2: Mended(FIRST, 3), 3: Mended(second, 2)}
    assert codes(book.stage(book.begin(), book.row(2), book.row(3, "c-2"), mends=says)) == [[], ["mended_before"]]


def test_a_row_that_is_rejected_leaves_what_it_mends_to_the_next(book: Any, payout: int) -> None:
    says = dict.fromkeys((2, 3, 4), Mended(FIRST, 3))
    rows = [book.bad_row(2), book.row(3, "c-2"), book.row(4, "c-3")]
    assert codes(book.stage(book.begin(), *rows, mends=says))[1:] == [[], ["mended_before"]]


def test_of_two_files_that_mend_a_row_and_are_asked_about_at_once_one_is_paid(book: Any, payout: int) -> None:
    one, two = book.begin(), book.begin()
    for batch, customer in ((one, "c-1"), (two, "c-2")):
        assert codes(book.stage(batch, book.row(2, customer), mends={2: Mended(FIRST, 3)})) == [[]]
    book.ledger.admission.admit(one)
    with pytest.raises(LedgerError, match="meanwhile"):
        book.ledger.admission.admit(two)
    assert (len(book.owed(one)), book.ledger.payouts.files(payout)) == (1, [payout, one])


def test_another_site_and_a_file_that_only_was_staged_are_nothing_to_it(book: Any, payout: int) -> None:
    book.stage(book.begin(), book.row(2), mends={2: Mended(FIRST, 3)})
    mended(book, 3, site="acme-eu", state=RequestState.CREDITED)
    assert codes(book.stage(book.begin(), book.row(2, "c-2"), mends={2: Mended(FIRST, 3)})) == [[]]


# -- A look -------------------------------------------------------------------------------------------------


@pytest.fixture
def looked_at(book: Any, tmp_path: Path) -> Iterator[Callable[..., tuple[Ledger, int, list[Any]]]]:
    """Stages a row that mends one in a scratch ledger beside the real one."""
    opened: list[Ledger] = []

    def stage(row: Any, says: Mended, site: str = "acme-test", *others: Any) -> tuple[Ledger, int, list[Any]]:
        ledger = Ledger.open_scratch(tmp_path / f"scratch-{len(opened)}", site, book.path)
        opened.append(ledger)
        options = InputOptions(failed_csv=True).as_json()
        batch = ledger.admission.begin(NewBatch("f" * 64, site, "failed.csv", "", (), {}, options))
        staged_rows = [row, *others]
        bodies = [staged.body.decode() for staged in book.staged(staged_rows)]
        rows = LoadedRows.of(staged_rows)
        mends = dict.fromkeys(rows.row_numbers, says)
        ledger.admission.stage_columns(
            batch, LoadedRows(rows.row_numbers, rows.cells, rows.requests, [], mends), bodies
        )
        ledger.admission.finish(batch, len(staged_rows), {})
        return ledger, batch, book.judged(ledger, batch, staged_rows)

    yield stage
    for ledger in opened:
        ledger.close()


def test_a_look_says_the_same(book: Any, payout: int, looked_at: Any) -> None:
    ledger, batch, judged = looked_at(book.row(2, "c-2"), Mended(FIRST, 3))
    assert (codes(judged), ledger.payouts.parents(batch)) == ([[]], [Parent(FIRST, 1, 1, 0, "payout.csv", "acme-test")])
    mended(book, 3, state=RequestState.CREDITED)
    _, _, judged = looked_at(book.row(2, "c-2"), Mended(FIRST, 3))
    assert codes(judged) == [["mended_before"]]
    ledger, batch, judged = looked_at(book.row(2, "c-2"), Mended(FIRST, 3), site="acme-eu")
    [parent] = ledger.payouts.parents(batch)
    assert (codes(judged), parent.site) == ([[]], "acme-test"), "also for a site that is new to the ledger"
    ledger, batch, judged = looked_at(book.row(2, "c-2"), Mended(FOREIGN, 3))
    assert (codes(judged), ledger.payouts.parents(batch)) == ([[]], [Parent(FOREIGN, 1, 0, 0, None, None)])
    _, _, judged = looked_at(book.row(2, "lost-3"), Mended(FOREIGN, 3))
    assert codes(judged) == [["mended_before"]], "of a row that failed, and was mended"
    _, _, judged = looked_at(book.row(2, "c-2"), Mended(FIRST, 4), "acme-test", book.row(3, "c-3"))
    assert codes(judged) == [[], ["mended_before"]], "of two rows of one file"


def test_a_file_that_two_mended_files_lead_to_is_the_first_of_both_once(book: Any, payout: int) -> None:
    one, two = (mended(book, row, "lost-again", state=RequestState.FAILED) for row in (2, 3))
    pasted = book.plan(book.row(2), book.row(3, "c-2"), mends={2: Mended(one, 2), 3: Mended(two, 2)})
    assert book.ledger.payouts.first_files(pasted) == [payout]


def test_of_mended_rows_those_that_are_reversed_are_counted(book: Any, payout: int) -> None:
    batch = book.plan(
        book.row(2, "c-1"), book.row(3, "c-2"), mends={2: Mended(FIRST, 2), 3: Mended(FIRST, 3)}, file_name="failed.csv"
    )
    book.settle(batch, RequestState.CREDITED)
    undo = book.plan(book.row(2, reference="reversal of q3"), kind=CallKind.DEDUCT, reverses=key_of(book, batch))
    book.settle(undo, RequestState.CREDITED)
    [mend] = book.ledger.payouts.mends(payout)
    assert (mend.rows, dict(mend.reversed_by)) == (2, {key_of(book, undo): 1})


def test_what_rows_that_went_with_another_chunk_mend_is_kept_with_them(book: Any, payout: int) -> None:
    batch = book.plan(book.row(2), mends={9: Mended(FIRST, 3)})
    assert book.ledger.payouts.parents(batch) == []


def test_credits_in_decimal_are_summed_exactly(book: Any, payout: int) -> None:
    batch = book.plan(
        book.row(2, amount_in_decimal="0.10"), book.row(3, "c-2", amount_in_decimal="0.20"), book.row(4, "c-3"),
        mends={number: Mended(FIRST, number) for number in (2, 3, 4)},
    )  # fmt: skip
    book.settle(batch, RequestState.CREDITED)
    assert book.ledger.payouts.credited(payout) == {"USD": ControlTotal(3, 100, Decimal("0.30"))}
