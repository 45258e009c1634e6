"""A scratch ledger meets the rules that the real one would, and neither locks nor changes it."""

import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from batch_credits.errors import LedgerError
from batch_credits.ledger import Bucket, Ledger, profiles
from batch_credits.model import CallKind, ControlTotal, NewBatch, Outcome, RequestState
from batch_credits.model.undone import Undone


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (RequestState.CREDITED, Outcome.ALREADY_CREDITED),
        (RequestState.FAILED, Outcome.PENDING),
        (RequestState.IN_DOUBT, Outcome.IN_DOUBT),
        (RequestState.REVIEW, Outcome.REVIEW),
        (RequestState.PENDING, Outcome.PENDING),
    ],
)
def test_what_the_real_ledger_knows_of_a_row(
    book: Any, staged_in_scratch: Any, state: RequestState, outcome: Outcome
) -> None:
    book.settle(book.plan(book.row(2, amount=150), book.row(3, "c-2")), state)
    before = book.sql("SELECT * FROM batch"), book.sql("SELECT * FROM credit_request")
    ledger, batch, _ = staged_in_scratch(book.row(2, amount=150), book.row(3, "c-9"))
    counts = {o: sum(t.count for t in totals.values()) for o, totals in ledger.totals.counted(batch).items()}
    assert counts == ({outcome: 2} if outcome is Outcome.PENDING else {outcome: 1, Outcome.PENDING: 1})
    assert (book.sql("SELECT * FROM batch"), book.sql("SELECT * FROM credit_request")) == before


def test_a_contradiction_is_rejected_with_the_file_that_it_contradicts(book: Any, staged_in_scratch: Any) -> None:
    book.settle(book.plan(book.row(5), file_name="june.csv"), RequestState.CREDITED)
    _, _, [row] = staged_in_scratch(book.row(2, amount=999))
    assert row.problems[0].code == "conflict"
    assert "row 5 of june.csv" in row.problems[0].message


def test_another_site_and_a_batch_not_yet_admitted_say_nothing(book: Any, staged_in_scratch: Any) -> None:
    book.stage(book.begin(), book.row(2, amount=150))
    book.plan(book.row(2, amount=170), site="acme")
    _, _, [row] = staged_in_scratch(book.row(2, amount=999))
    assert row.problems == ()


def test_what_was_reversed_in_the_real_ledger(book: Any, staged_in_scratch: Any) -> None:
    paid = book.plan(book.row(2), book.row(3, "c-2"), book.row(4, "c-3"))
    book.settle(paid, RequestState.CREDITED)
    key = book.ledger.batches.staged(paid).key
    reversal = {"kind": CallKind.DEDUCT, "reverses": key}
    undoing = book.plan(book.row(2, reference="reversal of q3"), **reversal)
    book.settle(undoing, RequestState.CREDITED)
    book.settle(book.plan(book.row(3, "c-2", "reversal of q3"), **reversal), RequestState.FAILED)
    rows = [book.row(2), book.row(3, "c-2"), book.row(4, "c-4"), book.row(5, "c-1", "reversal of q3")]
    ledger, batch, judged = staged_in_scratch(*rows)
    key = book.ledger.batches.staged(undoing).key
    assert ledger.totals.undone(batch) == Undone({key: {"USD": ControlTotal(1, 100)}})
    assert [row.problems[0].code if row.problems else "" for row in judged] == ["", "", "", "conflict"]
    fresh, new, _ = staged_in_scratch(book.row(2, "c-8"))
    assert fresh.totals.undone(new) == Undone()


KNOWN = [
    (customer, reference)
    for customer in ("c-1", "c-2")
    for reference in (
        "q3", "q4", "q3 #2", "q3 #10", "q3 #x", "q3 #", "q3 !", "q3 2", "q4 #2", "bonus q3", "bonus q4",
        "loyalty  q3", "loyalty  q4", "PRA\u0308MIE", "PRA\u0308MIE 2",
    )
]  # fmt: skip


@pytest.mark.parametrize("is_numbered", [False, True])
@pytest.mark.parametrize("was_numbered", [False, True])
@pytest.mark.parametrize(
    ("asked", "borrowed"),
    [
        ("q3", {"q3", "reversal of q3"}),
        ("q9", set()),
        ("loyalty q3", {"loyalty  q3"}),
        ("bonus\u00a0q3", {"bonus q3"}),
        ("PR\u00c4MIE", {"PRA\u0308MIE"}),
    ],
)
def test_only_what_the_rows_are_about_is_borrowed(
    book: Any, staged_in_scratch: Any, asked: str, borrowed: set[str], was_numbered: bool, is_numbered: bool
) -> None:
    """However many millions the real ledger holds, to look into a file costs what the file is."""
    paid = book.plan(*(book.row(number, *texts) for number, texts in enumerate(KNOWN, 2)))
    book.settle(paid, RequestState.CREDITED)
    reversal = {"kind": CallKind.DEDUCT, "reverses": book.ledger.batches.staged(paid).key}
    undone = [(customer, f"reversal of {name}") for customer in ("c-1", "c-2") for name in ("q3", "q4")]
    undoing = book.plan(*(book.row(number, *texts) for number, texts in enumerate(undone, 2)), **reversal)
    book.settle(undoing, RequestState.CREDITED)
    book.plan(*(book.row(number, *texts) for number, texts in enumerate(KNOWN, 2)), site="acme")
    if was_numbered:
        [(options,)] = book.sql("SELECT options FROM batch LIMIT 1")
        book.sql("UPDATE batch SET options = ?", json.dumps(json.loads(options) | {"number_duplicates": True}))
    ledger, batch, _ = staged_in_scratch(book.row(2, reference=asked), is_numbered=is_numbered)
    found = ledger._db._connection.execute(
        "SELECT customer_id, reference FROM credit_request WHERE batch_id <> ?", (batch,)
    ).fetchall()
    numbers = {"q3 #2", "q3 #10"} if asked == "q3" and (was_numbered or is_numbered) else set()
    assert sorted(found) == sorted(("c-1", reference) for reference in borrowed | numbers)


def test_earlier_amounts_are_those_of_the_real_ledger(book: Any, staged_in_scratch: Any) -> None:
    book.settle(book.plan(book.row(2, amount=150)), RequestState.CREDITED)
    ledger, batch, _ = staged_in_scratch(book.row(2, "c-7", amount=999))
    assert ledger.profiles.earlier_amounts("acme-test", batch) == {"USD": [Bucket(150, 1)]}


def test_of_very_many_earlier_amounts_the_newest_of_the_real_ledger_count(book: Any, staged_in_scratch: Any) -> None:
    book.settle(book.plan(book.row(2, amount=150), book.row(3, "c-2", amount=7)), RequestState.CREDITED)
    ledger, batch, _ = staged_in_scratch(book.row(2, "c-7", amount=999))
    with patch.object(profiles, "EARLIER_CREDITS", 1):
        assert ledger.profiles.earlier_amounts("acme-test", batch) == {"USD": [Bucket(7, 1)]}


@pytest.mark.of_sqlite
def test_without_a_ledger_it_is_one_by_itself_and_no_other_file_will_do(book: Any, tmp_path: Path) -> None:
    with Ledger.open_scratch(tmp_path / "alone", "acme-test", None) as alone:
        new = NewBatch("f" * 64, "", "new.csv", "", headers=(), columns={}, options_json="{}")
        batch = alone.admission.begin(new)
        assert alone.profiles.earlier_amounts("", batch) == {}
        assert alone.batches.staged(batch).file_name == "new.csv"
    (tmp_path / "other").write_bytes(b"\0" * 4096)
    with pytest.raises(LedgerError):
        Ledger.open_scratch(tmp_path / "scratch", "acme-test", tmp_path / "other")


@pytest.mark.parametrize("state", [RequestState.CREDITED, RequestState.FAILED])
@pytest.mark.parametrize(
    ("known", "asked"),
    [
        ("loyalty q3", "Loyalty Q3"),
        ("loyalty  q3", "loyalty q3"),
        ("loyalty q3", "loyalty\u00a0q3"),
        ("PR\u00c4MIE", "pr\u00e4mie"),
        ("pr\u00e4mie", "PR\u00c4MIE"),
        ("PRA\u0308MIE", "PR\u00c4MIE"),
    ],
)
def test_another_spelling_of_what_the_real_ledger_knows(
    book: Any, staged_in_scratch: Any, known: str, asked: str, state: RequestState
) -> None:
    book.settle(book.plan(book.row(5, reference=known), book.row(6, "c-2"), file_name="june.csv"), state)
    _, _, [row, other] = staged_in_scratch(book.row(2, reference=asked), book.row(3, "c-2", reference="q4"))
    assert ([problem.code for problem in row.problems], other.problems) == (["reference_resembles"], ())
    assert "row 5 of june.csv" in row.problems[0].message


@pytest.mark.of_sqlite
def test_what_the_site_still_counts_is_asked_of_the_real_ledger(book: Any, staged_in_scratch: Any) -> None:
    paid = book.plan(book.row(2))
    book.ledger.slots.note("acme-test", [(10.0, 7)], 0)
    run = book.ledger.runs.start(paid)
    book.send(run, *book.owed(paid))
    ledger, _, _ = staged_in_scratch(book.row(2))
    pairs = zip(ledger.slots.taken("acme-test", 5.0), book.ledger.slots.taken("acme-test", 5.0), strict=True)
    assert all(abs(one - other) < 1 for (one, _), (other, _) in pairs)
    assert [slots for _seconds, slots in ledger.slots.taken("acme-test", 5.0)] == [7, 1]
    ledger.slots.note("acme-test", [(1.0, 50)], 0)
    assert [slots for _seconds, slots in book.ledger.slots.taken("acme-test", 5.0)] == [7, 1]


def test_a_ledger_that_cannot_be_lent_from_is_closed(
    new_database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise LedgerError("the disk is full")

    monkeypatch.setattr("batch_credits.ledger.engines.sqlite.scratch.Lender", fails)
    with pytest.raises(LedgerError, match="the disk is full"):
        Ledger.open_scratch(tmp_path / "scratch", "acme-test", new_database)
