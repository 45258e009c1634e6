"""Admission: who is owed what is settled by identity, and nothing is owed before it is admitted."""

from collections.abc import Iterator
from copy import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_credits.errors import LedgerBusy, LedgerError
from batch_credits.ledger import Ledger
from batch_credits.model import CallKind, LoadedRow, Outcome, RequestState
from batch_credits.model.address import Address
from tests.examples import examples


def codes(rows: list[LoadedRow]) -> list[str]:
    """Of each row: "ok", or the code of its last problem."""
    return ["ok" if row.request else row.problems[-1].code for row in rows]


def outcomes(book: Any, batch: int) -> list[str]:
    return [row.outcome.value for row in book.ledger.reports.rows(batch)]


def tables(book: Any) -> dict[str, list[Any]]:
    """All that the ledger remembers, but who had it open: so the links of its history, too, which hold that."""
    if isinstance(book.path, Address):
        found = book.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'batch_credits'")
    else:
        found = book.sql("SELECT name FROM sqlite_schema WHERE type = 'table'")
    names = {name for (name,) in found} - {"worker", "link", "shared"}  # that one may hold more than is shared
    assert {"batch", "row", "credit_request", "identity"} <= names
    return {name: sorted(book.sql(f"SELECT * FROM {name}"), key=repr) for name in names}


# -- Staging ------------------------------------------------------------------------------------------------


def test_new_rows_are_owed_with_their_frozen_bodies(book: Any) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2", amount_in_decimal="1.50", currency_code=None))
    first, second = book.owed(batch)
    assert (first.customer_id, first.money.amount_minor, first.generation) == ("c-1", 100, 0)
    assert first.body == book.staged([book.row(2)])[0].body
    assert (second.money.amount_in_decimal, second.money.currency_code) == ("1.50", None)


def test_a_rejected_row_is_stored_and_owes_nothing(book: Any) -> None:
    batch = book.begin()
    rows = book.stage(batch, book.bad_row(2))
    book.ledger.admission.admit(batch)
    assert codes(rows) == ["missing"]
    assert book.owed(batch) == []
    assert outcomes(book, batch) == ["rejected"]


def test_nothing_is_owed_before_it_is_admitted(book: Any) -> None:
    batch = book.begin()
    book.stage(batch, book.row(2))
    assert book.ledger.batches.all() == []
    assert book.ledger.batches.find(f"{1:064x}") is None
    book.ledger.admission.admit(batch)
    assert book.ledger.batches.find(f"{1:064x}").batch_id == batch


def test_the_same_credit_twice_in_a_chunk(book: Any) -> None:
    [_, second, third] = book.stage(book.begin(), book.row(2), book.row(3), book.row(4, amount=999))
    assert codes([second, third]) == ["duplicate", "duplicate"]
    assert "row 2" in second.problems[0].message
    assert "row 2" in third.problems[0].message


def test_the_same_credit_twice_across_chunks(book: Any) -> None:
    batch = book.begin()
    book.stage(batch, book.row(2))
    [again] = book.stage(batch, book.row(5000))
    assert codes([again]) == ["duplicate"]
    assert "row 2" in again.problems[0].message


def test_the_reasons_of_a_row_are_kept_when_another_is_added(book: Any) -> None:
    batch = book.plan(book.row(2), book.row(3))
    [problem] = book.ledger.reports.problems(batch)
    assert (problem.row_number, problem.problems[0].code, problem.reference) == (3, "duplicate", "q3")


@pytest.mark.parametrize(
    "state", [RequestState.PENDING, RequestState.CREDITED, RequestState.IN_DOUBT, RequestState.REVIEW]
)
def test_the_same_credit_from_another_file_is_the_same_request(book: Any, state: RequestState) -> None:
    first = book.plan(book.row(2))
    if state is not RequestState.PENDING:
        book.settle(first, state)
    second = book.begin(file_name="again.csv")
    assert codes(book.stage(second, book.row(7))) == ["ok"]
    book.ledger.admission.admit(second)
    assert len(book.sql("SELECT * FROM credit_request")) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"amount": 101},
        {"currency_code": "EUR"},
        {"currency_code": None},
        {"credit_type": "loyalty_credits"},
        {"amount_in_decimal": "100"},
    ],
    ids=repr,
)
@pytest.mark.parametrize("state", [RequestState.PENDING, RequestState.CREDITED, RequestState.IN_DOUBT])
def test_the_same_identity_with_other_money_is_a_conflict(
    book: Any, state: RequestState, other: dict[str, object]
) -> None:
    first = book.plan(book.row(2))
    if state is not RequestState.PENDING:
        book.settle(first, state)
    [row] = book.stage(book.begin(file_name="other.csv"), book.row(9, **other))
    assert codes([row]) == ["conflict"]
    message = row.problems[0].message
    assert "100 minor units of USD" in message
    assert str(row.money) in message
    assert "row 2 of payout.csv" in message
    assert ("credited" if state is RequestState.CREDITED else "planned") in message
    is_told_otherwise = other in ({"currency_code": None}, {"amount_in_decimal": "100"})
    assert ("If it is the same credit, write its currency and amount as there." in message) is is_told_otherwise


def test_equal_decimals_are_no_conflict(book: Any) -> None:
    book.plan(book.row(2, amount_in_decimal="1.5"))
    [row] = book.stage(book.begin(), book.row(2, amount_in_decimal="1.50"))
    assert codes([row]) == ["ok"]


def test_another_site_is_another_identity(book: Any) -> None:
    book.plan(book.row(2))
    batch = book.begin(site="acme")
    assert codes(book.stage(batch, book.row(2, amount=999))) == ["ok"]
    assert len(book.sql("SELECT * FROM credit_request")) == 2


ODD_TEXTS = ["007", "1e3", "null", "true", '"', "\\", "\u00e9", "\U0001f381", "'; DROP TABLE row;--"]


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_texts_come_back_as_they_went(book: Any, text: str) -> None:
    batch = book.plan(book.row(2, customer=text, reference=text, description=text))
    [credit] = book.owed(batch)
    assert (credit.customer_id, credit.reference) == (text, text)
    [row] = book.ledger.reports.rows(batch)
    assert row.cells == (text, "100", "USD", text)


def test_the_largest_amount_comes_back(book: Any) -> None:
    [credit] = book.owed(book.plan(book.row(2, amount=2**53 - 1)))
    assert credit.money.amount_minor == 2**53 - 1


def test_an_empty_chunk(book: Any) -> None:
    assert book.stage(book.begin()) == []


def test_a_row_number_comes_once(book: Any) -> None:
    batch = book.begin()
    with pytest.raises(LedgerError, match=r"(?i)unique"):
        book.stage(batch, book.bad_row(2), book.bad_row(2))


# -- Failed rows --------------------------------------------------------------------------------------------


def failed(book: Any) -> int:
    batch = book.plan(book.row(2))
    book.settle(batch, RequestState.FAILED, reason="no such customer", http_status=404)
    return int(batch)


def test_a_failed_credit_of_the_same_money_is_owed_again_under_the_next_generation(book: Any) -> None:
    first = failed(book)
    second = book.plan(book.row(5), file_name="failed.csv")
    [credit] = book.owed(second)
    assert (credit.generation, credit.open_attempts, credit.attempts) == (1, 0, 0)
    assert outcomes(book, first) == ["pending"]  # the same credit: its old row follows it
    book.settle(second, RequestState.CREDITED)
    assert outcomes(book, first) == ["already_credited"]
    assert outcomes(book, second) == ["credited"]


def test_a_failed_credit_of_other_money_replaces_the_old_one_alone(book: Any) -> None:
    first = failed(book)
    second = book.plan(book.row(5, amount=200))
    [credit] = book.owed(second)
    assert (credit.money.amount_minor, credit.generation) == (200, 1)
    assert outcomes(book, first) == ["failed"]
    book.settle(second, RequestState.CREDITED)
    assert outcomes(book, first) == ["failed"]
    assert book.sql("SELECT count(*) FROM credit_request WHERE current = 1") == [(1,)]


def test_a_replaced_credit_can_not_be_sent(book: Any) -> None:
    first = failed(book)
    book.plan(book.row(5, amount=200))
    run = book.ledger.runs.start(first, retry_failed=True)
    assert book.owed(first) == []
    assert outcomes(book, first) == ["failed"]
    old = book.ledger.requests.planned(1)
    with pytest.raises(LedgerError):
        book.ledger.claims.commit(run, [], [old])


def test_generations_go_on_counting(book: Any) -> None:
    failed(book)
    for generation in (1, 2, 3):
        batch = book.plan(book.row(2))
        [credit] = book.owed(batch)
        assert credit.generation == generation
        book.settle(batch, RequestState.FAILED)


def test_a_proposal_is_unknown_until_it_is_admitted(book: Any) -> None:
    first = failed(book)
    before = tables(book)
    second = book.begin()
    book.stage(second, book.row(5, amount=200))
    assert outcomes(book, first) == ["failed"]
    assert book.sql("SELECT current FROM credit_request ORDER BY request_id") == [(1,), (0,)]
    book.ledger.admission.discard(second)
    assert tables(book) == before


def test_two_proposals_for_one_identity(book: Any) -> None:
    failed(book)
    batch = book.begin()
    chunk = book.stage(batch, book.row(2, amount=200), book.row(3, amount=300))
    later = book.stage(batch, book.row(4, amount=400))
    assert codes(chunk + later) == ["ok", "duplicate", "duplicate"]
    assert "row 2" in chunk[1].problems[0].message
    assert "row 2" in later[0].problems[0].message
    book.ledger.admission.admit(batch)
    assert [credit.money.amount_minor for credit in book.owed(batch)] == [200]
    assert outcomes(book, batch) == ["pending", "rejected", "rejected"]


def test_retrying_failed_rows_of_the_same_batch(book: Any) -> None:
    batch = failed(book)
    book.ledger.runs.start(batch)
    assert book.owed(batch) == []
    book.ledger.runs.start(batch, retry_failed=True)
    [credit] = book.owed(batch)
    assert (credit.generation, credit.key_spoiled, credit.open_attempts) == (1, False, 0)


# -- Discarding ---------------------------------------------------------------------------------------------


def test_a_discarded_batch_leaves_no_trace(book: Any) -> None:
    book.plan(book.row(2), book.row(3, "c-2"))
    before = tables(book)
    batch = book.begin(file_name="other.csv")
    book.stage(batch, book.row(2), book.row(3, "c-3"), book.bad_row(4), book.row(5, "c-2", amount=7))
    book.ledger.admission.discard(batch)
    assert tables(book) == before


def test_a_discarded_batch_takes_no_identity_along_that_shares_one_of_its_texts(book: Any) -> None:
    """Refusing a file must not make the site forget who was paid: it would be paid again."""
    book.plan(book.row(2, "c-1", "q3"), book.row(3, "c-1", "q4"), book.row(4, "c-2", "q3"))
    book.plan(book.row(2, "c-9", "q9"), site="another-test")
    before = tables(book)
    batch = book.begin(file_name="refused.csv")
    book.stage(batch, book.row(2, "c-1", "q5"), book.row(3, "c-3", "q3"), book.row(4, "c-9", "q9"))
    assert len(book.sql("SELECT * FROM identity")) == 7
    book.ledger.admission.discard(batch)
    assert tables(book) == before
    again = book.plan(book.row(2, "c-1", "q3"), book.row(3, "c-1", "q5"), book.row(4, "c-2", "q3"))
    assert [credit.reference for credit in book.owed(again)] == ["q5"]


def test_what_a_dead_process_left_staged_is_discarded_at_the_next_start(book: Any) -> None:
    kept = book.plan(book.row(2))
    book.reopen()  # its history is sealed
    before = tables(book)
    book.stage(book.begin(file_name="other.csv"), book.row(2), book.row(3, "c-3"))
    book.reopen()
    assert tables(book) == before
    assert len(book.owed(kept)) == 1


def test_what_was_sent_can_not_be_discarded(book: Any) -> None:
    batch = book.plan(book.row(2))
    run = book.ledger.runs.start(batch)
    book.send(run, *book.owed(batch))
    with pytest.raises(LedgerError, match="never forgotten"):
        book.ledger.admission.discard(batch)
    assert len(book.ledger.batches.all()) == 1


# -- Two that stage at once ---------------------------------------------------------------------------------


@pytest.fixture
def other(book: Any) -> Iterator[Any]:
    """Another process's book of the same ledger."""
    made = copy(book)
    made.ledger = Ledger.open_beside(book.path)
    made._batches = 100
    yield made
    made.ledger.close()


def test_two_that_take_turns_chunk_by_chunk_never_take_one_number_twice(book: Any, other: Any) -> None:
    batches = [(each, each.begin(file_name=f"{number}.csv")) for number, each in enumerate((book, other))]
    for chunk in range(3):
        for number, (each, batch) in enumerate(batches):
            rows = [each.row(2 + 2 * chunk + n, f"c-{number}-{chunk}-{n}") for n in range(2)]
            each.ledger.admission.stage(batch, each.staged(rows))
    for each, batch in batches:
        each.ledger.admission.finish(batch, 6, {})
        each.ledger.admission.admit(batch)
    for number, (each, batch) in enumerate(batches):
        assert [credit.customer_id for credit in each.owed(batch)] == [
            f"c-{number}-{chunk}-{n}" for chunk in range(3) for n in range(2)
        ]
    assert [number for (number,) in book.sql("SELECT request_id FROM credit_request ORDER BY 1")] == [*range(1, 13)]


def test_what_another_process_stages_is_not_discarded_while_it_lives(book: Any, other: Any) -> None:
    batch = other.begin(file_name="other.csv")
    other.stage(batch, other.row(2))
    book.ledger.admission.discard_leftovers()
    other.ledger.admission.admit(batch)
    assert len(book.owed(batch)) == 1
    left = other.begin(file_name="left.csv")
    other.ledger.workers.end()
    book.ledger.admission.discard_leftovers()
    assert book.sql("SELECT batch_id FROM batch") == [(batch,)]
    with pytest.raises(LedgerError, match="not there any more"):
        other.ledger.admission.admit(left)


@pytest.mark.of_sqlite
def test_who_stages_for_long_says_that_it_lives(book: Any, other: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    monkeypatch.setattr("batch_credits.process.clock.boottime", lambda: now[0])
    batch = other.begin(key="5" * 64)
    for number in range(2, 5):
        now[0] += 50.0
        other.ledger.admission.stage(batch, other.staged([other.row(number, f"c-{number}")]))
        with pytest.raises(LedgerBusy, match="reading this very file"):
            book.begin(key="5" * 64)
    now[0] += 61.0
    newer = book.begin(key="5" * 64)
    assert book.sql("SELECT key FROM batch") == [("5" * 64,)]
    for verb in (
        lambda: other.ledger.admission.stage(batch, other.staged([other.row(9)])),
        lambda: other.ledger.admission.finish(batch, 3, {}),
        lambda: other.ledger.admission.admit(batch),
    ):
        with pytest.raises(LedgerError, match="took it for left behind") as refused:
            verb()
        assert "Run again" in refused.value.hint
    book.stage(newer, book.row(2))
    book.ledger.admission.admit(newer)
    assert len(book.owed(newer)) == 1


@pytest.mark.parametrize("verb", ["stage", "finish", "admit"])
def test_nobody_adds_to_what_another_stages_or_admits_it(book: Any, other: Any, verb: str) -> None:
    """Numbers of batches that were discarded are given again."""
    batch = other.begin(file_name="other.csv")
    before = tables(book)
    admission = book.ledger.admission
    acts = {
        "stage": lambda: admission.stage(batch, book.staged([book.row(2)])),
        "finish": lambda: admission.finish(batch, 1, {}),
        "admit": lambda: admission.admit(batch),
    }
    with pytest.raises(LedgerError):
        acts[verb]()
    assert tables(book) == before


@pytest.mark.parametrize("is_admitted", [False, True])
def test_who_shares_a_staged_request_has_it_when_the_other_is_discarded(
    book: Any, other: Any, is_admitted: bool
) -> None:
    """Its row would be owed by nobody."""
    first, second = other.begin(file_name="other.csv"), book.begin(file_name="ours.csv")
    other.stage(first, other.row(2), other.row(3, "c-2"))
    assert [row.problems for row in book.stage(second, book.row(7), book.row(8, "c-3"))] == [(), ()]
    if is_admitted:
        book.ledger.admission.admit(second)
    other.ledger.admission.discard(first)
    if not is_admitted:
        book.ledger.admission.admit(second)
    assert sorted(credit.customer_id for credit in book.owed(second)) == ["c-1", "c-3"]
    assert book.sql("SELECT row_number FROM credit_request WHERE customer_id = 'c-1'") == [(7,)]
    book.settle(second, RequestState.CREDITED)
    assert {row.outcome for row in book.ledger.reports.rows(second)} == {Outcome.CREDITED}
    assert book.sql("SELECT count(*) FROM identity") == [(2,)]


def test_of_two_that_mend_one_failed_row_the_second_is_told_so(book: Any, other: Any) -> None:
    """Each was right when it was read; both would be paid."""
    book.settle(book.plan(book.row(2)), RequestState.FAILED)
    book.ledger.workers.end()
    first, second = other.begin(file_name="mended.csv"), book.begin(file_name="mended too.csv")
    other.stage(first, other.row(2, amount=200))
    book.stage(second, book.row(2, amount=300))
    other.ledger.admission.admit(first)
    other.settle(first, RequestState.CREDITED)
    with pytest.raises(LedgerError, match="taken up by another batch"):
        book.ledger.admission.admit(second)
    assert [credit.money.amount_minor for credit in book.owed(second)] == []
    book.ledger.admission.discard(second)
    assert book.sql("SELECT state, amount_minor FROM credit_request ORDER BY request_id") == [
        ("failed", 100), ("credited", 200)
    ]  # fmt: skip


# -- Against a model ----------------------------------------------------------------------------------------

row_of = st.tuples(st.sampled_from("abc"), st.sampled_from(["q3", "q4"]), st.sampled_from([100, 200]))
learnable = st.sampled_from([RequestState.CREDITED, RequestState.FAILED, RequestState.IN_DOUBT])
files = st.lists(st.lists(row_of, min_size=1, max_size=6), min_size=1, max_size=4)


@given(files, st.lists(learnable, min_size=9))
@settings(max_examples=examples(40), deadline=None)
def test_one_identity_is_owed_once_whatever_the_files_say(
    book: Any, contents: list[list[tuple[str, str, int]]], states: list[RequestState]
) -> None:
    site = f"site-{len(book.ledger.batches.all())}"
    learned = iter(states * 10)
    paid: dict[tuple[str, str], int] = {}
    known: dict[tuple[str, str], tuple[int, RequestState]] = {}
    for content in contents:
        batch = book.begin(site=site)
        rows = [book.row(n, c, r, amount=a) for n, (c, r, a) in enumerate(content, 2)]
        result = [row for at in range(0, len(rows), 2) for row in book.stage(batch, *rows[at : at + 2])]
        seen: set[tuple[str, str]] = set()
        for row, (customer, reference, amount) in zip(result, content, strict=True):
            money, state = known.get((customer, reference), (amount, RequestState.FAILED))
            is_conflict = state is not RequestState.FAILED and money != amount
            wanted = "duplicate" if (customer, reference) in seen else "conflict" if is_conflict else "ok"
            assert codes([row]) == [wanted]
            if wanted == "ok":
                seen.add((customer, reference))
        book.ledger.admission.finish(batch, len(rows), {})
        book.ledger.admission.admit(batch)
        run = book.ledger.runs.start(batch)
        for credit in book.owed(batch):
            state = next(learned)
            book.send(run, credit)
            book.learn(run, credit, state)
            identity, amount = (credit.customer_id, credit.reference), credit.money.amount_minor
            known[identity] = (amount, state)
            if state is RequestState.CREDITED:
                assert identity not in paid
                paid[identity] = amount
        assert Outcome.PENDING not in book.ledger.totals.counted(batch)


@pytest.mark.of_sqlite
def test_every_commit_after_staging_waits_for_the_disk_again(book: Any) -> None:
    def waits() -> bool:
        return bool(book.ledger._db._connection.execute("PRAGMA synchronous").fetchone()[0] == 2)

    assert waits()
    batch = book.begin()
    book.ledger.admission.stage(batch, book.staged([book.row(2)]))
    assert not waits()  # what is staged would be discarded after a power cut
    book.ledger.admission.finish(batch, 1, {})
    assert waits()
    book.ledger.admission.admit(batch)
    other = book.begin()
    assert not waits()
    book.ledger.admission.discard(other)
    assert waits()


@pytest.mark.parametrize("rejected", [0, 1, 7])
def test_more_rows_than_one_statement_takes_keep_their_order(book: Any, rejected: int) -> None:
    rows = [
        book.bad_row(n) if rejected and n % rejected == 0 else book.row(n, f"c-{n}", amount=n) for n in range(2, 353)
    ]
    batch = book.plan(*rows)
    again = book.plan(*rows[::2], book.row(400, "c-3", amount=3), book.row(401, "new"))
    for known, numbers in ((batch, [row.row_number for row in rows]), (again, None)):
        reported = list(book.ledger.reports.rows(known))
        assert numbers is None or [row.row_number for row in reported] == numbers
        for row in reported:
            assert (
                row.money is None
                or row.reference is None
                or row.row_number >= 400
                or (row.money.amount_minor == row.row_number)
            )
    bodies = {credit.customer_id: credit.body for credit in book.owed(again)}
    assert all(b"customer_id=" + customer.encode() + b"&" in body for customer, body in bodies.items())


# -- Credits and their reversals ----------------------------------------------------------------------------

BOTH = [(CallKind.ADD, CallKind.DEDUCT), (CallKind.DEDUCT, CallKind.ADD)]


@pytest.mark.parametrize("state", [RequestState.PENDING, RequestState.CREDITED, RequestState.FAILED])
@pytest.mark.parametrize(("first", "second"), BOTH)
def test_a_credit_never_stands_for_a_deduction_nor_the_other_way_round(
    book: Any, state: RequestState, first: CallKind, second: CallKind
) -> None:
    row = book.row(2, reference="reversal of q3")
    batch = book.plan(row, kind=first)
    if state is not RequestState.PENDING:
        book.settle(batch, state)
    [rejected] = book.stage(book.begin(kind=second), row)
    [problem] = rejected.problems
    assert (problem.field, problem.code) == ("reference", "conflict")
    assert "'reversal of q3' of customer 'c-1' is that of" in problem.message
    [again] = book.stage(book.begin(kind=first), row)
    assert again.request is not None


def test_a_request_knows_its_call_and_keeps_it(book: Any) -> None:
    batch = book.plan(book.row(2), kind=CallKind.DEDUCT)
    [owed] = book.owed(batch)
    assert owed.kind is CallKind.DEDUCT
    with pytest.raises(Exception, match="never changes its call"):
        book.sql("UPDATE credit_request SET kind = 'add'")
    book.settle(batch, RequestState.FAILED)
    retried = book.plan(book.row(2, amount=90), kind=CallKind.DEDUCT)
    [owed] = book.owed(retried)
    assert (owed.kind, owed.generation) == (CallKind.DEDUCT, 1)
